"""Reads docstrings as they are written: `names` between single backticks, examples that are code, attrs classes."""

from __future__ import annotations

import re
from textwrap import dedent, indent
from typing import Any

import attrs
from public_names import public_target
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject

_COLON = "\x01"
_EXAMPLE = re.compile(r"^Example:\n((?:[ ]+.*\n|\n)+)", re.MULTILINE)
_RESULT = re.compile(r"^(?:Returns|Yields):\n(?:[ ]+.*\n|\n)+", re.MULTILINE)
_STATUS = re.compile(r"(?<=Error: )(\d{3})\.", re.MULTILINE)
_HOME = re.compile(r"sendcloud_integrations_client\.(?:[a-z_]+\.)*")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def setup(app: Sphinx) -> dict[str, Any]:
    # Before napoleon, which runs at 500.
    app.connect("autodoc-process-docstring", _rewrite, priority=100)
    app.connect("autodoc-process-docstring", _finish, priority=900)
    app.connect("autodoc-process-signature", _show_defaults)
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _rewrite(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    text, examples = "\n".join([*lines, ""]), list[str]()

    def set_aside(found: re.Match[str]) -> str:
        examples.append(_code_block(dedent(found[1]).strip("\n")))
        return f"\x00{len(examples) - 1}\x00\n"

    text = _EXAMPLE.sub(set_aside, text)
    text = _SPAN.sub(_link_or_literal, text)
    # What stands before a colon there is a type to napoleon, and is words here: the types are in the signature.
    if what in {"property", "attribute", "data"}:
        text = text.replace(": ", f"{_COLON} ")
    text = _RESULT.sub(lambda found: found[0].replace(": ", f"{_COLON} "), text)
    # A status at the beginning would begin a numbered list.
    text = _STATUS.sub(r"\1\\.", text)
    text = re.sub(r"\x00(\d+)\x00", lambda found: examples[int(found[1])], text)
    lines[:] = text.split("\n")


def _finish(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    for at, line in enumerate(lines):
        shown = line.replace(_COLON, ":")
        if shown.startswith(":vartype "):  # full names of types: their last part finds them as well
            shown = _HOME.sub("", shown)
        lines[at] = shown


def _show_defaults(
    app: Sphinx, what: str, name: str, obj: type, options: object, signature: str | None, result: str | None
) -> tuple[str, str | None] | None:
    """Show the defaults of an attrs class, whose source is made up by attrs, by their values."""
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


def _link_or_literal(found: re.Match[str]) -> str:
    words = " ".join(found[1].split())
    target = public_target(words.removesuffix("()"))
    return f":py:obj:`{words} <{target}>`" if target else f"``{words}``"
