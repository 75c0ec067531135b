"""The credentials that an API accepts, from the security schemes of its document.

A client takes one kind of credentials, so an operation must accept a single scheme of a supported kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from generator.documents import to_single_line
from generator.normalization import UnsupportedError, get_operation_place
from generator.source import Source, Text, code
from generator.structure import Document, iterate_operations, resolve

__all__ = ["SchemePlan", "plan_security"]

_BASIC: Final = code('"basic"')
_BEARER: Final = code('"bearer"')
_API_KEY: Final = code('"api_key"')
_PLACES: Final = {"header": code('"header"'), "query": code('"query"')}
_HTTP_SCHEMES: Final = {"basic": _BASIC, "bearer": _BEARER}


@attrs.frozen
class SchemePlan:
    """One security scheme, as the template of the client renders it.

    Attributes:
        kind: `basic`, `bearer` or `api_key`, as code.
        name: Name of the header or of the query parameter of an API key; None for other kinds.
        place: Where the API key is sent, as code; None for other kinds.
    """

    kind: Source
    name: Text | None = None
    place: Source | None = None


def plan_security(document: Document) -> tuple[SchemePlan, ...]:
    """Return the security schemes that the operations of a document accept.

    If no operation requires a scheme, these are all that the document declares: documents often leave the requirement
    out.

    Raises:
        UnsupportedError: An operation accepts no scheme that is supported.
    """
    declared = {
        name: _plan_scheme(resolve(document, scheme))
        for name, scheme in document.get("components", {}).get("securitySchemes", {}).items()
    }
    required = [
        plan
        for path, method, operation in iterate_operations(document)
        for plan in _find_accepted(document, get_operation_place(path, method), operation, declared)
    ]
    return tuple(dict.fromkeys(required or (plan for plan in declared.values() if plan is not None)))


def _find_accepted(
    document: Document, place: str, operation: Mapping[str, Any], declared: Mapping[str, SchemePlan | None]
) -> Iterator[SchemePlan]:
    requirements = operation.get("security", document.get("security")) or []
    names = [name for requirement in requirements for name in requirement]
    plans = [declared.get(next(iter(requirement))) for requirement in requirements if len(requirement) == 1]
    found = [plan for plan in plans if plan is not None]
    if names and not found and {} not in requirements:
        shown = ", ".join(to_single_line(name) for name in dict.fromkeys(names))
        raise UnsupportedError(f"{place}: the security scheme {shown} is not supported")
    yield from found


def _plan_scheme(scheme: Mapping[str, Any]) -> SchemePlan | None:
    match scheme.get("type"):
        case "http":
            kind = _HTTP_SCHEMES.get(str(scheme.get("scheme", "")).lower())
            return None if kind is None else SchemePlan(kind)
        case "oauth2" | "openIdConnect":
            return SchemePlan(_BEARER)
        case "apiKey":
            place = _PLACES.get(str(scheme.get("in")))
            return None if place is None else _plan_key(str(scheme.get("name", "")), place)
        case _:
            return None


def _plan_key(name: str, place: Source) -> SchemePlan | None:
    is_header = place == _PLACES["header"]
    is_valid = (
        name.isascii() and name.isprintable() and bool(name) and (not is_header or not set(name) & set(" :;,\"'"))
    )
    return SchemePlan(_API_KEY, Text(name), place) if is_valid else None
