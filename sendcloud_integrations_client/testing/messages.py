"""Requests, responses and rejections, as the request handlers use them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final

import attrs

from .json_encoding import encode_json

__all__ = [
    "JSON",
    "SimulatedResponse",
    "Receive",
    "RejectedRequest",
    "Request",
    "Scope",
    "Send",
    "build_error",
    "build_json_response",
    "build_not_found",
    "build_rejection",
    "send_response",
    "build_start_message",
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON: Final = (b"content-type", b"application/json")
"""Content type header of a response with a JSON body."""


@attrs.frozen
class Request:
    """One request.

    Attributes:
        operation: Name of the operation, such as `list_logs`.
        method: HTTP method, upper case.
        path: Decoded path.
        id: Unvalidated id from the path; empty if the path has no id.
        query_string: Query string, still encoded.
        query: Decoded query parameters; the last value of a repeated parameter.
        headers: Headers with lower-case names; the last value of a repeated header.
        content: Request body.
    """

    operation: str
    method: str
    path: str
    id: str
    query_string: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)


@attrs.frozen
class SimulatedResponse:
    """One response.

    Attributes:
        status: HTTP status.
        content: Response body; empty for a response without a body.
        headers: Pairs of lower-case name and value.
    """

    status: int
    content: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class RejectedRequest(Exception):  # noqa: N818 - it carries a response; nothing failed in this package
    """Raised by a handler to reject a request with an error response."""

    def __init__(self, response: SimulatedResponse) -> None:
        super().__init__(response.status)
        self.response = response


def build_json_response(status: int, value: object, headers: Iterable[tuple[bytes, bytes]] = ()) -> SimulatedResponse:
    """Return a response with `value` as its JSON body."""
    return SimulatedResponse(status, encode_json(value), (JSON, *headers))


def build_error(
    status: int | str, code: str, title: str, detail: str, *, pointer: str = "", parameter: str = ""
) -> dict[str, Any]:
    """Return one entry of the `errors` list of an error response.

    Args:
        status: HTTP status. A number or text, because the examples of the OpenAPI document use both.
        code: Error code, such as `not_found`.
        title: Short name of the error.
        detail: Description of the error.
        pointer: Location of the invalid value in the body, such as `body/base_url`.
        parameter: Name of the invalid query parameter. Ignored if there is a `pointer`.
    """
    entry: dict[str, Any] = {"status": status, "code": code, "title": title, "detail": detail}
    if pointer:
        entry["source"] = {"pointer": pointer}
    elif parameter:
        entry["source"] = {"parameter": parameter}
    return entry


def build_rejection(
    status: int, *entries: Mapping[str, Any], headers: Iterable[tuple[bytes, bytes]] = ()
) -> RejectedRequest:
    """Return an exception that rejects a request with these entries as `errors`."""
    return RejectedRequest(build_json_response(status, {"errors": entries}, headers))


def build_not_found() -> RejectedRequest:
    """Return an exception that rejects a request for an unknown integration with a 404 response."""
    detail = "The Integration could not be found with the search criteria given"
    return build_rejection(404, build_error(404, "not_found", "Not Found", detail))


def build_start_message(response: SimulatedResponse) -> dict[str, Any]:
    """Return the ASGI message that starts a response."""
    headers = list(response.headers)
    # RFC 9110, section 8.6: a 204 response has no Content-Length.
    if response.status != 204:
        headers.append((b"content-length", b"%d" % len(response.content)))
    return {"type": "http.response.start", "status": response.status, "headers": headers}


async def send_response(response: SimulatedResponse, send: Send) -> None:
    """Send a complete response."""
    await send(build_start_message(response))
    await send({"type": "http.response.body", "body": response.content})
