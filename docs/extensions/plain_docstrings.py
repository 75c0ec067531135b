"""Sphinx extension for docstrings: renders single backticks, `Example` sections, and the defaults of attrs classes."""

from __future__ import annotations

import re
from textwrap import dedent, indent
from typing import Any

import attrs
from public_names import get_public_path
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject

_COLON_PLACEHOLDER = "\x01"
_EXAMPLE_SECTION = re.compile(r"^Example:\n((?:[ ]+.*\n|\n)+)", re.MULTILINE)
_RETURNS_SECTION = re.compile(r"^(?:Returns|Yields):\n(?:[ ]+.*\n|\n)+", re.MULTILINE)
_LEADING_STATUS = re.compile(r"(?<=Error: )(\d{3})\.", re.MULTILINE)
_MODULE_PREFIX = re.compile(r"sendcloud_integrations_client\.(?:[a-z_]+\.)*")
_BACKTICKS = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def setup(app: Sphinx) -> dict[str, Any]:
    # Before napoleon, which runs at 500.
    app.connect("autodoc-process-docstring", _convert_to_rst, priority=100)
    app.connect("autodoc-process-docstring", _restore_colons, priority=900)
    app.connect("autodoc-process-signature", _show_defaults)
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _convert_to_rst(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    text, examples = "\n".join([*lines, ""]), list[str]()

    def extract_example(match: re.Match[str]) -> str:
        examples.append(_code_block(dedent(match[1]).strip("\n")))
        return f"\x00{len(examples) - 1}\x00\n"

    text = _EXAMPLE_SECTION.sub(extract_example, text)
    text = _BACKTICKS.sub(_link_or_literal, text)
    # napoleon reads the text before a colon as a type. Here it is prose: the types are in the signature.
    if what in {"property", "attribute", "data"}:
        text = text.replace(": ", f"{_COLON_PLACEHOLDER} ")
    text = _RETURNS_SECTION.sub(lambda match: match[0].replace(": ", f"{_COLON_PLACEHOLDER} "), text)
    # reStructuredText reads "404." at the beginning of a line as a numbered list.
    text = _LEADING_STATUS.sub(r"\1\\.", text)
    text = re.sub(r"\x00(\d+)\x00", lambda match: examples[int(match[1])], text)
    lines[:] = text.split("\n")


def _restore_colons(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    for index, line in enumerate(lines):
        text = line.replace(_COLON_PLACEHOLDER, ":")
        if text.startswith(":vartype "):  # the last part of a type's name is enough to resolve it
            text = _MODULE_PREFIX.sub("", text)
        lines[index] = text


def _show_defaults(
    app: Sphinx, what: str, name: str, obj: type, options: object, signature: str | None, result: str | None
) -> tuple[str, str | None] | None:
    """Show the values of the defaults of an attrs class. The `__init__` that attrs generates contains placeholders."""
    if not signature or what not in {"class", "exception"} or not attrs.has(obj):
        return None
    for field in attrs.fields(obj):
        default = field.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
            signature = re.sub(
                rf"\b{field.name}(: [^=]+) = NOTHING", rf"{field.name}\1 = {default.factory()!r}", signature
            )
        signature = signature.replace(f"attr_dict['{field.name}'].default", repr(default))
    return signature, result


def _code_block(code: str) -> str:
    language = "pycon" if code.startswith(">>>") else "python"
    return f".. rubric:: Example\n\n.. code-block:: {language}\n\n{indent(code, '    ')}\n"


def _link_or_literal(match: re.Match[str]) -> str:
    name = " ".join(match[1].split())
    target = get_public_path(name.removesuffix("()"))
    return f":py:obj:`{name} <{target}>`" if target else f"``{name}``"
