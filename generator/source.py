"""The only place that turns text of a document into Python source.

Text of a document is wrapped in `Text`, which templates cannot read: it has no string conversion, and Jinja renders it
as a Python literal (`finalize`). Source is `Source`, which only the functions of this module create: from a checked
identifier, from a literal, from a docstring, or from constant code that is filled with other `Source`.
"""

from __future__ import annotations

import keyword
import math
import re
import textwrap
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any, Final, LiteralString, NoReturn, cast

import attrs
from jinja2 import BytecodeCache, Environment, StrictUndefined, Undefined
from jinja2.bccache import Bucket
from openapi_python_client.schema import UntrustedString

__all__ = [
    "Source",
    "Text",
    "apply_policy",
    "check_context",
    "code",
    "docstring",
    "finalize",
    "identifier",
    "join",
    "literal",
    "prose",
    "qualify_list",
]

_LINE_WIDTH: Final = 104
_LIST: Final = re.compile(r"(?<![\w.])list\[")


class Source(str):
    """Python source that this module has checked."""

    __slots__ = ()


class Text(UntrustedString):
    """Text of a document. Templates can only output it as a literal or pass it to the filter `docstring`.

    `UntrustedString` itself is no protection in templates: as `str`, it is the repr of an object.
    """

    def __str__(self) -> NoReturn:
        raise TypeError("Text of a document cannot be used as source. Output it as a literal or with `docstring`.")

    __format__ = __repr__ = __str__  # type: ignore[assignment]


class _CompiledTemplates(BytecodeCache):
    """Compiled templates of this process, so that several packages are generated without compiling them again."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


# All environments have the same policy, on which the code of a template depends.
_COMPILED_TEMPLATES: Final = _CompiledTemplates()


def identifier(name: str) -> Source:
    """Return a name as source.

    Raises:
        ValueError: The name is not an ASCII identifier, or is a keyword. The message does not contain the name.
    """
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError("not a Python identifier")
    return Source(name)


def literal(value: Any) -> Source:
    """Return a JSON value, or a tuple of JSON values, as a Python literal.

    Raises:
        TypeError: The value is of another type, or a number that is not finite.
    """
    match value:
        case Text():
            return Source(repr(value.get_untrusted_value()))
        case str():
            return Source(repr(str(value)))
        case None | bool() | int():
            return Source(repr(value))
        case float() if math.isfinite(value):
            return Source(repr(value))
        case list():
            return Source(f"[{', '.join(literal(item) for item in value)}]")
        case tuple():
            return Source(f"({', '.join(literal(item) for item in value)}{',' * (len(value) == 1)})")
        case Mapping():
            return Source(f"{{{', '.join(f'{literal(name)}: {literal(item)}' for name, item in value.items())}}}")
        case _:
            raise TypeError(f"{type(value).__name__} cannot be a literal")


def code(template: LiteralString, *parts: Source | int) -> Source:
    """Fill constant code with checked source: `code("list[{}]", item)`.

    Raises:
        TypeError: A part is not `Source` and not a number.
    """
    for part in parts:
        if type(part) not in {Source, int}:
            raise TypeError(f"{type(part).__name__} is not checked source")
    return Source(template.format(*parts))


def join(separator: LiteralString, parts: Iterable[Source]) -> Source:
    """Join checked source with constant code.

    Raises:
        TypeError: A part is not `Source`.
    """
    return Source(separator.join(code("{}", part) for part in parts))


def qualify_list(annotation: Source) -> Source:
    """Return the annotation of a result for the body of a class that may have a method called `list`."""
    return Source(_LIST.sub("builtins.list[", annotation))


def docstring(text: Text | Source, indent: int, width: int = _LINE_WIDTH) -> Source:
    """Return text as a part of a docstring: paragraphs wrapped, every line but the first one indented.

    Backslashes and quotes are escaped, so the text cannot end the docstring or form an escape sequence.

    Args:
        text: The text; empty lines separate paragraphs.
        indent: Number of spaces before each line except the first.
        width: Maximum line length, including the indent. Defaults to 104.
    """
    plain = prose(text.get_untrusted_value() if isinstance(text, Text) else text).strip()
    wrapped = [
        textwrap.fill(" ".join(part.split()), width - indent, break_on_hyphens=False) for part in plain.split("\n\n")
    ]
    joined = "\n\n".join(wrapped).replace("\\", "\\\\")
    if '"""' in joined or joined.endswith('"'):
        joined = joined.replace('"', '\\"')
    return Source(textwrap.indent(joined, " " * indent).strip())


def prose(text: str) -> str:
    """Return text in which every separator of lines is a line feed, without other control or invisible characters."""
    lines = "\n".join(text.splitlines())
    return "".join(char for char in lines if char == "\n" or char.isprintable() or char.isspace())


def finalize(value: object) -> object:
    """Policy of the templates: text becomes a literal; values that are no source cannot be output.

    Raises:
        TypeError: The value is neither text nor source.
    """
    if isinstance(value, Text):
        return literal(value)
    if type(value) is Undefined:  # an inline `if` without `else`; a missing variable is a StrictUndefined
        return ""
    if isinstance(value, (str, int)):  # a plain str is a constant or a macro of a template: see `check_context`
        return value
    raise TypeError(f"a template cannot output {type(value).__name__}")


def check_context(value: object) -> None:
    """Check that no text reaches a template except as `Text` or `Source`.

    Raises:
        TypeError: The value, or a value within it, is a plain `str` or a type that templates do not use.
    """
    if value is None or type(value) in {Source, Text, bool, int}:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            check_context(name)
            check_context(item)
    elif isinstance(value, (tuple, list, frozenset)):
        for item in value:
            check_context(item)
    elif attrs.has(type(value)):
        for field in attrs.fields(cast("type[attrs.AttrsInstance]", type(value))):
            if not field.metadata.get("internal"):
                check_context(getattr(value, field.name))
    else:
        raise TypeError(f"a template must not receive {type(value).__name__}")


def apply_policy(environment: Environment) -> None:
    """Set the policy of this module on a Jinja environment that has loaded no template.

    Only filters and globals of Jinja are kept: those of openapi-python-client can pass on text of a document as `str`.
    """
    own = Environment()  # noqa: S701  # HTML escapes are of no use in Python; `finalize` is the policy
    environment.filters = {**own.filters, "docstring": docstring, "in_class": qualify_list}
    environment.globals = own.globals
    environment.undefined = StrictUndefined
    environment.finalize = finalize
    environment.bytecode_cache = _COMPILED_TEMPLATES
