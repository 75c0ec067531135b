"""How an operation returns pages, if the shape of its parameters and of its success body shows it.

Extension used here:
    x-paginated: true if the `Link` header contains the next cursor although the document does not declare the header;
        false if the operation returns no pages although its shape looks so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.structure import Document, Schema, resolve
from generator.success_bodies import get_names_of_types, get_properties, get_success_schema
from generator.words import snake_case

__all__ = ["PAGINATION", "set_pagination"]

PAGINATION: Final = "x-pagination"
"""Internal key of an operation: how it returns pages."""

_CURSORS: Final = ("cursor", "page_cursor", "page_token", "after")
_NUMBERS: Final = ("page", "page_number")
_SIZES: Final = frozenset({"page_size", "per_page", "limit", "size"})
_NEXT: Final = (
    "next",
    "next_cursor",
    "next_page_token",
    "next_page_cursor",
    "next_url",
    "next_page_url",
    "next_link",
    "next_page",
)
_TOTALS: Final = ("total_pages", "page_count", "last_page", "num_pages", "pages")
_MORE: Final = ("has_more", "has_next", "has_next_page", "more")
_COUNTS: Final = frozenset({"count", "total", "total_count", "total_items"})
_PARENTS: Final = frozenset({"pagination", "paging", "meta", "links", "page_info", "cursors", "metadata"})


def set_pagination(document: Document, operation: dict[str, Any], method: str) -> None:
    """Store in an operation how it returns pages, and unwrap its records, if its shape shows that it returns pages.

    Args:
        document: Normalized document.
        operation: The operation. It is modified.
        method: HTTP method in lower case.
    """
    explicit = operation.get("x-paginated")
    found = {"kind": "link", "parameter": "cursor"} if explicit else None
    if explicit is None and method == "get":
        found = _find_pagination(document, operation)
    if found is not None:
        operation[PAGINATION] = found
        _make_opaque(document, operation, found["parameter"])
        if found.get("records") is not None:
            operation.setdefault("x-unwrap", found["records"])


def _find_pagination(document: Document, operation: dict[str, Any]) -> dict[str, Any] | None:
    schema = get_success_schema(document, operation)
    body = {name: resolve(document, child) for name, child in get_properties(document, schema).items()}
    records = _find_records(schema, body, operation)
    cursor, number = (_find_parameter(document, operation, names) for names in (_CURSORS, _NUMBERS))
    if records is None or (cursor is None and number is None):
        return None
    key = records or None
    if cursor == "cursor" and _declares_link(operation):
        return {"kind": "link", "parameter": cursor, "records": key}
    scalars = dict(_iterate_scalars(document, body))
    following = next((path for name in _NEXT for path in scalars if path[-1] == name), None)
    if following is not None and scalars[following] != "boolean":
        name = cursor or number
        return {"kind": "body", "parameter": name, "path": following[:-1], "number": cursor is None, "records": key}
    if number is None:
        return None
    paths = {"total": _find_path(scalars, _TOTALS), "more": _find_path(scalars, (*_MORE, "next"))}
    sizes = {snake_case(one["name"]) for one in operation["parameters"]} & _SIZES
    if not any(paths.values()) and not sizes and not {path[-1] for path in scalars} & _COUNTS:
        return None
    first = _get_first_page(document, operation, number)
    return {"kind": "number", "parameter": number, "records": key, "first": first, **paths}


def _make_opaque(document: Document, operation: dict[str, Any], name: str) -> None:
    """Remove the format of a cursor: it is sent back unchanged, whatever it looks like."""
    for parameter in operation["parameters"]:
        schema = resolve(document, parameter.get("schema", {}))
        if parameter["in"] == "query" and parameter["name"] == name and "format" in schema:
            parameter["schema"] = {key: value for key, value in schema.items() if key != "format"}


def _find_records(schema: Schema, body: Mapping[str, Schema], operation: Mapping[str, Any]) -> str | None:
    """Return the key of the list of records; an empty text if the body is the list; None if there is no single list."""
    if "array" in get_names_of_types(schema) or ("items" in schema and not body):
        return ""
    lists = [name for name, child in body.items() if "array" in get_names_of_types(child) or "items" in child]
    explicit = operation.get("x-unwrap")
    return lists[0] if len(lists) == 1 and explicit in {None, lists[0]} else None


def _find_parameter(document: Document, operation: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """Return the name of an optional query parameter with one value that has one of the names."""
    for name in names:
        for parameter in operation["parameters"]:
            types = get_names_of_types(resolve(document, parameter.get("schema", {})))
            allowed = {"integer", "number"} if names is _NUMBERS else {"string", "integer"}
            is_known = parameter["in"] == "query" and snake_case(parameter["name"]) == name
            if is_known and not parameter.get("required") and (set(types) - {"null"}) & allowed:
                return str(parameter["name"])
    return None


def _declares_link(operation: Mapping[str, Any]) -> bool:
    return any(
        name.lower() == "link"
        for status, response in operation["responses"].items()
        if status[0] in "2D"
        for name in response.get("headers", {})
    )


def _iterate_scalars(document: Document, body: Mapping[str, Schema]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield path and type of each scalar of a body and of its paging objects; paths end with the name in snake case."""
    for name, child in body.items():
        inner = get_properties(document, child)
        if inner and snake_case(name) in _PARENTS:
            for key, value in inner.items():
                yield (name, key, snake_case(key)), _get_scalar_type(resolve(document, value))
        elif not inner and "items" not in child and "array" not in get_names_of_types(child):
            yield (name, snake_case(name)), _get_scalar_type(child)


def _get_scalar_type(schema: Schema) -> str:
    return next((name for name in get_names_of_types(schema) if name != "null"), "string")


def _find_path(scalars: Mapping[tuple[str, ...], str], names: tuple[str, ...]) -> list[str] | None:
    return next((list(path[:-1]) for name in names for path in scalars if path[-1] == name), None)


def _get_first_page(document: Document, operation: Mapping[str, Any], name: str) -> int:
    parameter = next(one for one in operation["parameters"] if one["name"] == name and one["in"] == "query")
    schema = resolve(document, parameter.get("schema", {}))
    for value in (schema.get("default"), schema.get("minimum")):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return 1
