"""Records of received requests, for assertions in tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
import orjson

from .messages import Request

__all__ = ["RecordedRequest", "record_request"]


@attrs.frozen
class RecordedRequest:
    """A received request, without its credentials.

    Attributes:
        operation: Name of the operation, such as `list_logs`; `token` for a token request; empty if the path and
            method match no operation.
        method: HTTP method.
        path: Decoded path, such as `/api/v3/integrations/1`.
        query: Decoded query parameters.
        query_string: Query string, still encoded.
        headers: Headers with lower-case names, without `authorization` and `cookie`.
        body: Decoded JSON body; the form of a token request, without its secret; bytes if the body is not JSON; None
            if there is no body.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    query_string: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: Any = attrs.field(repr=False)


def record_request(request: Request) -> RecordedRequest:
    """Return the record of a request."""
    headers = {name: value for name, value in request.headers.items() if name not in {"authorization", "cookie"}}
    return RecordedRequest(
        operation=request.operation,
        method=request.method,
        path=request.path,
        query=request.query,
        query_string=request.query_string,
        headers=headers,
        body=_decode_body(request) if request.content else None,
    )


def _decode_body(request: Request) -> Any:
    if request.operation == "token":
        fields = parse_qsl(request.content.decode("utf-8", "replace"))
        return {name: value for name, value in fields if name != "client_secret"}
    try:
        return orjson.loads(request.content)
    except orjson.JSONDecodeError:
        return request.content
