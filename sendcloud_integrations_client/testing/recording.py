"""What the server remembers of the requests it got, for assertions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
import orjson

from .messages import Request

__all__ = ["RecordedRequest", "record"]


@attrs.frozen
class RecordedRequest:
    """One request as it came, without its credentials.

    Attributes:
        operation: Name of the operation, such as `list_logs`; `token` for a token request; empty when the path and
            method name none.
        method: HTTP method.
        path: The decoded path, such as `/api/v3/integrations/1`.
        query: Query parameters, decoded.
        query_string: The query as it came, still encoded.
        headers: Lower-case names, without `authorization` and `cookie`.
        body: The decoded JSON; a token request's form without its secret; bytes for anything else; None for no body.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    query_string: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: Any = attrs.field(repr=False)


def record(request: Request) -> RecordedRequest:
    """What to remember of `request`."""
    headers = {name: value for name, value in request.headers.items() if name not in {"authorization", "cookie"}}
    return RecordedRequest(
        operation=request.operation,
        method=request.method,
        path=request.path,
        query=request.query,
        query_string=request.query_string,
        headers=headers,
        body=_body(request) if request.content else None,
    )


def _body(request: Request) -> Any:
    if request.operation == "token":
        fields = parse_qsl(request.content.decode("utf-8", "replace"))
        return {name: value for name, value in fields if name != "client_secret"}
    try:
        return orjson.loads(request.content)
    except orjson.JSONDecodeError:
        return request.content
