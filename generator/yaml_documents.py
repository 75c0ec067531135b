"""Reads and writes YAML. Reading is bounded: hostile YAML ends in an error within seconds.

The reader follows the core schema of YAML 1.2, a superset of JSON: timestamps, `no` and `on` are text. Keys of mappings
are always text, so the status code `200:` needs no quotes.
"""

from __future__ import annotations

import io
import math
import re
from typing import Any, Final

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

__all__ = ["MAX_BYTES", "YamlError", "dump_yaml", "find_item_lines", "load_yaml"]

MAX_BYTES: Final = 8 * 1024 * 1024
"""Most bytes that a document may have."""

_MAX_DEPTH: Final = 100
_MAX_NODES: Final = 500_000
_OTHER_BREAKS: Final = ("\x85", "\u2028", "\u2029")
_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = (
    ("null", re.compile(r"^(?:~|null|Null|NULL|)$"), "~nN\0"),
    ("bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"),
    ("int", re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), "-+0123456789"),
    ("float", re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"), "-+0123456789."),
    ("float", re.compile(r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"), "-+."),
)


class YamlError(Exception):
    """Raised if a text is not YAML, or exceeds a limit. The message is one line."""


def load_yaml(content: bytes) -> Any:
    """Parse YAML 1.2 or JSON into plain data. An alias becomes the same object as its anchor.

    Raises:
        YamlError: The content is not YAML, is not data that JSON can express, or exceeds a limit: 8 MiB, 100 levels,
            500,000 values after aliases are expanded.
    """
    if len(content) > MAX_BYTES:
        raise YamlError(f"{len(content)} bytes, more than {MAX_BYTES}")
    try:
        text, breaks = _protect_line_breaks(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise YamlError(f"byte {error.start} is not UTF-8") from None
    try:
        _check_limits(text)
        loader = _Loader(text)
        loader.breaks = breaks
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        position = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise YamlError(f"{error.problem or 'syntax error'}{position}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(str(error).splitlines()[0] if str(error) else "syntax error") from None
    except RecursionError:
        raise YamlError(f"more than {_MAX_DEPTH} levels") from None


def dump_yaml(document: Any) -> str:
    """Return plain data as YAML 1.2. Text with any character survives `load_yaml`."""
    writer = YAML()
    writer.width = 110
    writer.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    writer.dump(_choose_styles(document), out)
    return out.getvalue()


def find_item_lines(content: bytes, key: str) -> list[int]:
    """Return the line, from 1, of each item of a list at the top level of a YAML document.

    Args:
        content: The document.
        key: Key of the list.
    """
    root = yaml.compose(content.decode(), Loader=_Loader)
    for name, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if name.value == key and isinstance(value, yaml.SequenceNode):
            return [item.start_mark.line + 1 for item in value.value]
    return []


def _protect_line_breaks(text: str) -> tuple[str, dict[int, str]]:
    """Replace the characters that only YAML 1.1 reads as line breaks, which is the version that the parser implements.

    Returns:
        The text with private-use characters that do not occur in it, and the table to restore the originals.
    """
    found = [char for char in _OTHER_BREAKS if char in text]
    unused = (code for code in range(0xE000, 0xF900) if chr(code) not in text) if found else iter(())
    restored = dict(zip(unused, found, strict=False))
    return text.translate({ord(char): code for code, char in restored.items()}), restored


def _check_limits(text: str) -> None:
    """Count levels and values before any of them is built."""
    sizes: dict[str, int] = {}
    open_anchors: list[str | None] = []
    counts = [0]
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            open_anchors.append(event.anchor)
            counts.append(1)
            if len(counts) > _MAX_DEPTH:
                raise YamlError(f"more than {_MAX_DEPTH} levels at line {_get_line(event)}")
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            size, anchor = counts.pop(), open_anchors.pop()
            counts[-1] += size
            if anchor:
                sizes[anchor] = size
        elif isinstance(event, yaml.ScalarEvent):
            counts[-1] += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in open_anchors:
                raise YamlError(f"the alias at line {_get_line(event)} contains itself")
            counts[-1] += sizes.get(event.anchor or "", 1)
        if counts[-1] > _MAX_NODES:
            raise YamlError(f"more than {_MAX_NODES:,} values")


def _get_line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C parser is optional
    yaml_implicit_resolvers: Any = {}  # noqa: RUF012  # name and type are PyYAML's
    yaml_constructors: Any = {}  # noqa: RUF012
    breaks: dict[int, str] = {}  # noqa: RUF012  # set per document

    def construct_text_mapping(self, node: yaml.MappingNode) -> Any:
        mapping: dict[str, Any] = {}
        yield mapping
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is not text", problem_mark=key.start_mark)
            name = self._read_text(key)
            if name in mapping:
                raise yaml.MarkedYAMLError(problem="a key occurs twice", problem_mark=key.start_mark)
            mapping[name] = self.construct_object(value, deep=True)

    def construct_text(self, node: yaml.ScalarNode) -> str:
        return self._read_text(node)

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        text = node.value
        if node.tag == f"{_TAG}int":
            if len(text) > 400:
                raise yaml.MarkedYAMLError(problem="a number is too long", problem_mark=node.start_mark)
            return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
        value = float(text.replace(".inf", "inf").replace(".nan", "nan"))
        if not math.isfinite(value):
            raise yaml.MarkedYAMLError(problem="a number is not finite", problem_mark=node.start_mark)
        return value

    def construct_truth(self, node: yaml.ScalarNode) -> bool:
        return bool(node.value.lower() == "true")

    def construct_list(self, node: yaml.SequenceNode) -> Any:
        items: list[Any] = []
        yield items
        items.extend(self.construct_object(child, deep=True) for child in node.value)

    def reject_tag(self, node: yaml.Node) -> None:
        raise yaml.MarkedYAMLError(problem="a tag is not supported", problem_mark=node.start_mark)

    def _read_text(self, node: yaml.ScalarNode) -> str:
        text: str = node.value.translate(self.breaks) if self.breaks else node.value
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise yaml.MarkedYAMLError(problem="a lone surrogate", problem_mark=node.start_mark)
        return text


for _name, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", _pattern, ["" if char == "\0" else char for char in _first])
_Loader.add_constructor(f"{_TAG}map", _Loader.construct_text_mapping)
_Loader.add_constructor(f"{_TAG}seq", _Loader.construct_list)
_Loader.add_constructor(f"{_TAG}str", _Loader.construct_text)
_Loader.add_constructor(f"{_TAG}int", _Loader.construct_number)
_Loader.add_constructor(f"{_TAG}float", _Loader.construct_number)
_Loader.add_constructor(f"{_TAG}bool", _Loader.construct_truth)
_Loader.add_constructor(f"{_TAG}null", lambda loader, node: None)
_Loader.add_constructor(None, _Loader.reject_tag)


def _choose_styles(node: Any) -> Any:
    """Choose block style for prose of several lines, and quotes for text that other styles would change."""
    if isinstance(node, dict):
        return {_choose_styles(name): _choose_styles(child) for name, child in node.items()}
    if isinstance(node, list):
        return [_choose_styles(child) for child in node]
    if not isinstance(node, str):
        return node
    if not all(char == "\n" or char.isprintable() for char in node):
        return DoubleQuotedScalarString(node)
    return LiteralScalarString(node) if "\n" in node and _survives_block_style(node) else node


def _survives_block_style(text: str) -> bool:
    return not text.startswith((" ", "\n")) and "\n " not in text[:2] and text.strip("\n") != ""
