"""Replaces the content of XML and HTML elements with a secret name, in one pass through the tags."""

from __future__ import annotations

import re
from typing import Final

from sendcloud_integrations_client.sync.redaction.named_values import is_no_secret
from sendcloud_integrations_client.sync.redaction.names import NameClassifier

__all__ = ["XmlRedactor"]

_TAG: Final = re.compile(
    r"""<(?P<close>\\{0,9}/)?(?P<name>[A-Za-z_][\w:.\-]{0,200}+)(?P<attributes>[^<>]*+)>|(?P<comment><!--)|(?P<cdata><!\[CDATA\[)"""
)
_NAMING_ATTRIBUTE: Final = re.compile(
    r"""(?<![\w\-])(?:[\w\-]{1,40}:)?(?:name|key|id|field|label|code|property|param)"""
    r"""\s{0,9}=\s{0,9}\\{0,9}["']?(?P<name>[\w.\-\[\]: ]{1,100})""",
    re.IGNORECASE,
)
_VOID_ELEMENTS: Final = frozenset({"input", "meta", "link", "img", "br", "hr", "param", "source", "base"})
# Elements that contain fields, and are no values themselves.
_CONTAINERS: Final = frozenset(
    {"form", "div", "html", "body", "head", "section", "fieldset", "table", "tr", "tbody", "script", "style", "main",
     "ul",
     "nav", "header", "footer", "article", "label", "a", "p", "button", "h1", "h2", "h3", "svg", "iframe"}
)  # fmt: skip
_NAMING_ELEMENTS: Final = frozenset(
    {"name", "key", "field", "param", "parameter", "parametername", "paramname", "fieldname", "attribute", "label",
     "id", "td", "th", "dt", "property", "code", "header", "headername", "option", "identifier", "n", "k", "b",
     "strong", "setting", "attributename", "propertyname", "keyname"}
)  # fmt: skip
_MAX_NAME_LENGTH: Final = 100


class XmlRedactor:
    """Replaces the content of elements whose tag, `name` attribute or preceding element is a secret name.

    Args:
        names: Classifies the names.
        marker: Replacement for the content.
    """

    def __init__(self, names: NameClassifier, marker: str) -> None:
        self._names = names
        self._marker = marker

    def redact(self, text: str) -> str:
        """Replace the content of secret elements in a text."""
        parts: list[str] = []
        done = position = 0
        naming: tuple[str, int] | None = None  # name and end of an opening tag whose content can be a name
        is_value_next = False
        while found := _TAG.search(text, position):
            position = found.end()
            name = found["name"]
            if name is None:
                continue
            local = name.rpartition(":")[2]
            if found["close"]:
                if naming is not None and naming[0] == local:
                    content = _strip_cdata(text[naming[1] : found.start()]) if found.start() - naming[1] < 150 else ""
                    is_value_next = self._is_secret_text(content)
                naming = None
                continue
            if found["attributes"].rstrip().endswith("/"):
                continue
            lower = local.lower()
            if lower in _VOID_ELEMENTS or (is_value_next and lower in _CONTAINERS):
                naming, is_value_next = None, False
                continue
            is_secret = is_value_next or self._names.is_secret(local) or self._has_secret_attribute(lower, found)
            is_value_next = False
            if not is_secret:
                naming = (local, found.end()) if lower in _NAMING_ELEMENTS else None
                continue
            end = _find_end(text, name, found.end())
            content = text[found.end() : end]
            if content.strip() != self._marker and not is_no_secret(_strip_cdata(content)):
                parts += [text[done : found.end()], self._marker]
                done = end
            position = end
        return "".join([*parts, text[done:]]) if parts else text

    def _is_secret_text(self, content: str) -> bool:
        content = content.strip(" \t\r\n:*")
        return 0 < len(content) <= _MAX_NAME_LENGTH and self._names.is_secret(content)

    def _has_secret_attribute(self, lower: str, found: re.Match[str]) -> bool:
        if lower in _CONTAINERS or "=" not in found["attributes"]:
            return False
        return any(
            self._names.is_secret(attribute["name"])
            for attribute in _NAMING_ATTRIBUTE.finditer(found["attributes"][:1000])
        )


def _strip_cdata(content: str) -> str:
    content = content.strip()
    if content.startswith("<![CDATA["):
        content = content[9:].removesuffix("]]>")
    return content.strip()


def _find_end(text: str, name: str, position: int) -> int:
    """Return the position of the tag that closes an element, or the end of the text if that is missing."""
    depth = 1
    while found := _TAG.search(text, position):
        position = found.end()
        if found["comment"]:
            end = text.find("-->", position)
            position = len(text) if end < 0 else end + 3
        elif found["cdata"]:
            end = text.find("]]>", position)
            position = len(text) if end < 0 else end + 3
        elif found["name"] == name:
            if found["close"]:
                depth -= 1
                if depth == 0:
                    return found.start()
            elif not found["attributes"].rstrip().endswith("/"):
                depth += 1
    # A truncated closing tag, such as </passwo, is replaced too.
    return len(text)
