"""Replaces the content of XML and HTML elements with a secret name, in one pass through the tags."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sendcloud_integrations_client.sync.redaction.named_values import is_no_secret
from sendcloud_integrations_client.sync.redaction.names import NameClassifier

__all__ = ["XmlRedactor"]

_TAG: Final = re.compile(
    r"""<(?:(?P<close>\\{0,9}/)?(?P<name>[A-Za-z_][\w:.\-]{0,200}+)(?P<attributes>[^<>]*+)>|(?P<comment>!--)|(?P<cdata>!\[CDATA\[))"""
)
_ATTRIBUTE: Final = re.compile(
    r"""(?<![\w\-])(?P<attribute>[A-Za-z]{2,8}+)\s{0,9}+=\s{0,9}+\\{0,9}+["']?(?P<name>[\w.\-\[\]: ]{1,100}+)"""
)
_NAMING_ATTRIBUTES: Final = frozenset({"name", "key", "id", "field", "label", "code", "property", "param"})
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
_MAX_ATTRIBUTES_LENGTH: Final = 1000
_MAX_CACHED: Final = 2000


class XmlRedactor:
    """Replaces the content of elements whose tag, `name` attribute or preceding element is a secret name.

    Args:
        names: Classifies the names.
        marker: Replacement for the content.
    """

    def __init__(self, names: NameClassifier, marker: str) -> None:
        self._is_secret = names.is_secret
        self._marker = marker
        # Most documents consist of few different tags.
        self._describe = lru_cache(maxsize=_MAX_CACHED)(self._describe_element)
        self._has_secret_attribute = lru_cache(maxsize=_MAX_CACHED)(self._find_secret_attribute)

    def redact(self, text: str) -> str:
        """Replace the content of secret elements in a text."""
        parts: list[str] = []
        done = position = 0
        naming: tuple[str, int] | None = None  # name and end of an opening tag whose content can be a name
        is_value_next = False
        while found := _TAG.search(text, position):
            close, name, attributes = found.group("close", "name", "attributes")
            position = found.end()
            if name is None:
                continue
            local, is_void, is_container, is_naming, is_secret = self._describe(name)
            if close:
                if naming is not None and naming[0] == local:
                    content = _strip_cdata(text[naming[1] : found.start()]) if found.start() - naming[1] < 150 else ""
                    is_value_next = self._is_secret_text(content)
                naming = None
                continue
            if attributes and attributes.rstrip().endswith("/"):
                continue
            if is_void or (is_value_next and is_container):
                naming, is_value_next = None, False
                continue
            is_secret = is_secret or is_value_next
            if not is_secret and not is_container and "=" in attributes:
                is_secret = self._has_secret_attribute(attributes[:_MAX_ATTRIBUTES_LENGTH])
            is_value_next = False
            if not is_secret:
                naming = (local, position) if is_naming else None
                continue
            end = _find_end(text, name, position)
            content = text[position:end]
            if content.strip() != self._marker and not is_no_secret(_strip_cdata(content)):
                parts += [text[done:position], self._marker]
                done = end
            position = end
        return "".join([*parts, text[done:]]) if parts else text

    def _describe_element(self, name: str) -> tuple[str, bool, bool, bool, bool]:
        """Return the name without prefix, and whether it is void, a container, a naming element, and a secret name."""
        local = name.rpartition(":")[2]
        lower = local.lower()
        is_secret = self._is_secret(local)
        return local, lower in _VOID_ELEMENTS, lower in _CONTAINERS, lower in _NAMING_ELEMENTS, is_secret

    def _is_secret_text(self, content: str) -> bool:
        content = content.strip(" \t\r\n:*")
        return 0 < len(content) <= _MAX_NAME_LENGTH and self._is_secret(content)

    def _find_secret_attribute(self, attributes: str) -> bool:
        return any(
            found["attribute"].lower() in _NAMING_ATTRIBUTES and self._is_secret(found["name"])
            for found in _ATTRIBUTE.finditer(attributes)
        )


def _strip_cdata(content: str) -> str:
    content = content.strip()
    if content.startswith("<![CDATA["):
        content = content[9:].removesuffix("]]>")
    return content.strip()


def _find_end(text: str, name: str, position: int) -> int:
    """Return the position of the tag that closes an element, or the end of the text if that is missing."""
    first = text.find("<", position)
    if first >= 0 and text.startswith(f"</{name}>", first):
        return first  # no other element or comment in between
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
