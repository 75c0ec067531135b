"""From an endpoint function's arguments to the parts of a request, each held against the contract's rules first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sendcloud_integrations_client.errors import InvalidInputError
from sendcloud_integrations_client.operations import Operation
from sendcloud_integrations_client.rules import Rule, check
from sendcloud_integrations_client.wire import UNSET, Model, encode

__all__ = ["body_of", "entries_of", "path_of", "query_of"]


def path_of(operation: Operation, values: Mapping[str, object], rules: Mapping[str, Rule]) -> str:
    """The operation's path with its parameters checked, escaped and filled in.

    Args:
        operation: The facts of the operation.
        values: Parameter name on the wire to value.
        rules: Parameter name on the wire to rule.

    Raises:
        InvalidInputError: A value breaks its rule, or would change the path.
    """
    path = operation.path
    for name, value in values.items():
        plain = encode(value)
        check(operation.name, name, plain, rules[name])
        segment = quote(_query_text(plain), safe="")
        if segment in {"", ".", ".."}:
            raise InvalidInputError(
                operation.name, name, f"must name a record; the {type(value).__name__} given does not"
            )
        path = path.replace(f"{{{name}}}", segment)
    return path


def query_of(operation: Operation, values: Mapping[str, object], rules: Mapping[str, Rule]) -> dict[str, str]:
    """The query parameters that are given, checked and as text.

    Args:
        operation: The facts of the operation.
        values: Parameter name on the wire to value; None leaves it out.
        rules: Parameter name on the wire to rule.

    Raises:
        InvalidInputError: A value breaks its rule.
    """
    query: dict[str, str] = {}
    for name, value in values.items():
        if value is None or value is UNSET:
            continue
        plain = encode(value)
        check(operation.name, name, plain, rules[name])
        query[name] = _query_text(plain)
    return query


def body_of(operation: Operation, body: object, fields: Mapping[str, object], rule: Rule) -> Any:
    """The JSON-ready body, checked: the model that is given, or the fields that are.

    Args:
        operation: The facts of the operation.
        body: The model, if the caller gave one.
        fields: Field name on the wire to value; `UNSET` leaves it out.
        rule: What the contract asks of the body.

    Raises:
        InvalidInputError: A value breaks its rule.
        TypeError: Both the model and fields are given.
    """
    given = {name: value for name, value in fields.items() if value is not UNSET}
    if body is not None:
        if given:
            raise TypeError(f"{operation.name}() takes the body as a model or as keyword arguments, not as both")
        if not isinstance(body, Model):
            raise TypeError(f"{operation.name}() takes a model as its body, not {type(body).__name__}")
        content = body.to_dict()
    else:
        content = encode(given)
    check(operation.name, "", content, rule)
    return content


def entries_of(value: Any, key: str, item: str) -> object:
    """A mapping as the list of entries that goes over the wire: `{"a": 1}` becomes `[{key: "a", item: 1}]`."""
    entries = encode(value)
    return [{key: name, item: entries[name]} for name in entries] if entries.__class__ is dict else value


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value.__class__ is list:
        return ",".join(_query_text(item) for item in value)
    return str(value)
