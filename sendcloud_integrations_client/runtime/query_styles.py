"""Encodes query parameters with lists and objects by their `style` and `explode` (OpenAPI 3.1, RFC 6570)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import attrs

from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.runtime.arguments import to_text
from sendcloud_integrations_client.runtime.models import UNSET, encode
from sendcloud_integrations_client.runtime.operations import Operation
from sendcloud_integrations_client.runtime.validation import Rule, validate_value

__all__ = ["Style", "build_styled_query"]

_SAME_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


@attrs.frozen
class Style:
    """How a query parameter is encoded.

    Attributes:
        name: `form`, `spaceDelimited`, `pipeDelimited` or `deepObject`.
        explode: Whether each item of a list, or each field of an object, is a parameter.
    """

    name: str
    explode: bool


_FORM: Final = Style("form", explode=True)
_SEPARATORS: Final = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}


def build_styled_query(
    operation: Operation,
    values: Mapping[str, object],
    rules: Mapping[str, Rule],
    styles: Mapping[str, Style],
    arguments: Mapping[str, str] = _SAME_NAMES,
) -> str:
    """Build the query from validated values.

    Args:
        operation: The operation.
        values: Parameter name in the document to value; None, `UNSET` and empty lists are omitted.
        rules: Parameter name in the document to rule.
        styles: Parameter name in the document to style, for lists and objects.
        arguments: Parameter name in the document to name of the argument, if both differ. Errors name the argument.

    Returns:
        The query, percent-encoded: `a=1&a=2`.

    Raises:
        InvalidInputError: If a value violates its rule, or contains lists or objects in a list or an object.
    """
    parts: list[str] = []
    for name, value in values.items():
        if value is None or value is UNSET:
            continue
        argument = arguments.get(name, name)
        plain = encode(value)
        validate_value(operation.name, argument, plain, rules[name])
        try:
            parts += [f"{key}={text}" for key, text in _encode(name, plain, styles.get(name, _FORM))]
        except TypeError:
            rule = "must not contain lists or objects in a list or an object"
            raise InvalidInputError(operation.name, argument, rule) from None
        except UnicodeEncodeError:
            raise InvalidInputError(operation.name, argument, "must not contain lone surrogates") from None
    return "&".join(parts)


def _encode(name: str, value: Any, style: Style) -> Iterator[tuple[str, str]]:
    key = _quote(name)
    if value.__class__ is list:
        items = [_quote(_to_scalar_text(item)) for item in value]
        if style.explode:
            yield from ((key, item) for item in items)
        elif items:
            yield key, _SEPARATORS[style.name].join(items)
    elif value.__class__ is dict:
        fields = [(str(field), _quote(_to_scalar_text(item))) for field, item in value.items() if item is not None]
        if style.name == "deepObject":
            yield from ((_quote(f"{name}[{field}]"), item) for field, item in fields)
        elif style.explode:
            yield from ((_quote(field), item) for field, item in fields)
        elif fields:
            yield key, ",".join(f"{_quote(field)},{item}" for field, item in fields)
    else:
        yield key, _quote(to_text(value))


def _to_scalar_text(value: Any) -> str:
    if value.__class__ in {list, dict}:
        raise TypeError
    return "" if value is None else to_text(value)


def _quote(text: str) -> str:
    return quote(text, safe="")
