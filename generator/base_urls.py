"""The base URL of a generated package, and the origins that may receive credentials.

A document cannot redirect credentials: the path of the base URL comes from the document, and its origin is used only if
the overlay lists it in `x-trusted-origins`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import attrs

from generator.documents import to_single_line
from generator.normalization import UnsupportedError
from generator.source import Text
from generator.structure import Document

__all__ = ["ServerPlan", "find_untrusted_origins", "get_trusted_origins", "iterate_origins", "plan_server"]

_URLS_OF_FLOWS = ("tokenUrl", "refreshUrl", "authorizationUrl")


@attrs.frozen
class ServerPlan:
    """The base URL of a package.

    Attributes:
        base_url: Base URL; None if the document names no server, or a server that is not trusted.
        path: Path of the base URL, without a slash at its end.
    """

    base_url: Text | None
    path: Text


def get_trusted_origins(overlay: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the origins that an overlay lists in `x-trusted-origins`."""
    listed = (overlay or {}).get("x-trusted-origins", [])
    return frozenset(_get_origin(urlsplit(str(url))) for url in listed if isinstance(listed, list))


def plan_server(document: Document, trusted: Collection[str]) -> ServerPlan:
    """Return the base URL of the first server of a document.

    Raises:
        UnsupportedError: The URL is not valid, or contains credentials.
    """
    servers = document.get("servers") or [{"url": "/"}]
    url = _fill_in_variables(servers[0])
    parts = _split(url)
    path = parts.path.rstrip("/")
    origin = _get_origin(parts)
    return ServerPlan(Text(f"{origin}{path}") if origin in trusted else None, Text(path))


def iterate_origins(document: Document) -> Iterator[tuple[str, str]]:
    """Yield place and origin of each URL of a document that could receive credentials."""
    for number, server in enumerate(document.get("servers", [])):
        yield f"servers/{number}", _get_origin(_split(_fill_in_variables(server)))
    schemes = document.get("components", {}).get("securitySchemes", {})
    for name, scheme in schemes.items():
        for flow in scheme.get("flows", {}).values():
            for key in _URLS_OF_FLOWS:
                if key in flow:
                    yield f"securitySchemes/{name}/{key}", _get_origin(_split(str(flow[key])))
        if "openIdConnectUrl" in scheme:
            yield f"securitySchemes/{name}/openIdConnectUrl", _get_origin(_split(str(scheme["openIdConnectUrl"])))


def find_untrusted_origins(document: Document, trusted: Collection[str]) -> dict[str, str]:
    """Return the origins of a document that are not trusted, each with the first place that names it."""
    found: dict[str, str] = {}
    for place, origin in iterate_origins(document):
        if origin and origin not in trusted:
            found.setdefault(to_single_line(origin), to_single_line(place))
    return found


def _fill_in_variables(server: Mapping[str, Any]) -> str:
    url = str(server["url"])
    for name, variable in server.get("variables", {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UnsupportedError(f"the URL {to_single_line(url)} is not valid") from None
    is_printable = url.isascii() and url.isprintable() and not set(url) & set(" {}\"'<>\\^`|")
    if not is_printable or parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise UnsupportedError(f"the URL {to_single_line(parts.path)} is not valid as a base URL")
    return parts


def _get_origin(parts: SplitResult) -> str:
    """Return scheme, host and port; empty for a URL without a host."""
    if not parts.hostname:
        return ""
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in {None, default} else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"
