"""What goes between the steps of a call: the request as the handlers see it, the answer, a refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final

import attrs
import orjson

__all__ = [
    "JSON",
    "Answer",
    "Receive",
    "Refusal",
    "Request",
    "Scope",
    "Send",
    "error",
    "json_answer",
    "not_found",
    "refusal",
    "send_answer",
    "start_message",
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON: Final = (b"content-type", b"application/json")
"""The header of an answer whose body is JSON."""


@attrs.frozen
class Request:
    """One request.

    Attributes:
        operation: Name of the operation, such as `list_logs`.
        method: HTTP method, upper case.
        path: The path as it came, decoded.
        id: The id in the path, as it came; empty where the path has none.
        query_string: The query as it came, still encoded.
        query: The query decoded; of a parameter given twice the last value.
        headers: Lower-case names; of a header given twice the last value.
        content: The body.
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
class Answer:
    """One answer.

    Attributes:
        status: HTTP status.
        content: The body; empty for none.
        headers: Names in lower case, and values.
    """

    status: int
    content: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Refusal(Exception):  # noqa: N818 - an answer on its way, not a failure of this package
    """Ends the handling of a request with `answer`."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(status: int, value: object, headers: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """An answer with `value` as its JSON body."""
    return Answer(status, orjson.dumps(value), (JSON, *headers))


def error(
    status: int | str, code: str, title: str, detail: str, *, pointer: str = "", parameter: str = ""
) -> dict[str, Any]:
    """One entry of an error answer.

    Args:
        status: The HTTP status, as a number or as text: the contract's examples have both, so do its answers here.
        code: Such as `not_found`.
        title: A short name of the error.
        detail: What is wrong.
        pointer: Where in the body, such as `body/base_url`.
        parameter: Name of the query parameter at fault.
    """
    entry: dict[str, Any] = {"status": status, "code": code, "title": title, "detail": detail}
    if pointer:
        entry["source"] = {"pointer": pointer}
    elif parameter:
        entry["source"] = {"parameter": parameter}
    return entry


def refusal(status: int, *entries: Mapping[str, Any], headers: Iterable[tuple[bytes, bytes]] = ()) -> Refusal:
    """A refusal with these entries as its `errors`."""
    return Refusal(json_answer(status, {"errors": entries}, headers))


def not_found() -> Refusal:
    """The 404 of an integration that is not there."""
    detail = "The Integration could not be found with the search criteria given"
    return refusal(404, error(404, "not_found", "Not Found", detail))


def start_message(answer: Answer) -> dict[str, Any]:
    """The ASGI message that starts an answer."""
    headers = list(answer.headers)
    # RFC 9110, 8.6: none with a 204.
    if answer.status != 204:
        headers.append((b"content-length", b"%d" % len(answer.content)))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def send_answer(answer: Answer, send: Send) -> None:
    """Send a whole answer."""
    await send(start_message(answer))
    await send({"type": "http.response.body", "body": answer.content})
