"""What hostile or broken servers send: one scenario per kind of input."""

from __future__ import annotations

import base64
import gzip
import random
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any, Final, Literal

import attrs
import orjson

from tests.support.hostile_calls import DATA, Operation
from tests.support.hostile_server import GOOD_RESPONSE, Behaviour, Exchange, build_response

__all__ = ["SCENARIOS", "Scenario", "find_scenario"]

_LOST: Final = frozenset({"APIConnectionError", "APITimeoutError"})
_TIMEOUT: Final = frozenset({"APITimeoutError"})
_DECODE: Final = frozenset({"ResponseDecodeError"})
_STATUS: Final = frozenset({"APIStatusError"})
_SERVER: Final = frozenset({"ServerError"})
_RATE_LIMIT: Final = frozenset({"RateLimitError"})
_OK: Final = frozenset({DATA})
_TYPED: Final = _LOST | _DECODE | _STATUS | _SERVER
"""Any typed error: the layers below decide which error they see first."""


@attrs.frozen
class Scenario:
    """One kind of input.

    Attributes:
        name: Name in the table.
        behaviour: What the server does.
        expected: The allowed outcomes: `DATA`, or names of error classes.
        operation: The call.
        is_large: Whether the response has 1 MiB or more after decompression.
        reads_request: Whether the server reads the request before it responds.
        scheme: Scheme of the client's base URL. The server never serves TLS.
    """

    name: str
    behaviour: Behaviour
    expected: frozenset[str]
    operation: Operation = "list"
    is_large: bool = False
    reads_request: bool = True
    scheme: Literal["http", "https"] = "http"

    def __str__(self) -> str:
        return self.name


def find_scenario(name: str) -> Scenario:
    """Return the scenario with a name.

    Raises:
        KeyError: If it does not exist.
    """
    return _BY_NAME[name]


def respond(*parts: bytes, keep_alive: bool = False) -> Behaviour:
    """Send the parts, then close the connection or wait for the next request."""

    async def behave(exchange: Exchange) -> bool:
        await exchange.send(*parts)
        return keep_alive

    return behave


def respond_and_wait(*parts: bytes) -> Behaviour:
    """Send the parts, then nothing."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(*parts)
        await exchange.wait()

    return behave


def respond_and_reset(*parts: bytes) -> Behaviour:
    """Send the parts, then reset the connection."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(*parts, delay=0.01)
        exchange.reset()

    return behave


def respond_and_drip(start: bytes, rest: bytes, *, delay: float = 0.1) -> Behaviour:
    """Send `start`, then one byte of `rest` every `delay` seconds."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(start)
        await exchange.drip(rest, delay=delay)

    return behave


def respond_without_end(start: bytes, repeated: bytes, *, delay: float = 0.0) -> Behaviour:
    """Send `start`, then `repeated` until the client closes the connection."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(start)
        await exchange.repeat(repeated, delay=delay)

    return behave


async def second_response_while_idle(exchange: Exchange) -> None:
    """Send a response, and another one 5 ms later that belongs to no request."""
    await exchange.send(GOOD_RESPONSE, delay=0.005)
    await exchange.send(build_response(b'{"data": [{"id": 666}]}'))
    await exchange.wait()


def respond_in_turn(*contents: bytes) -> Behaviour:
    """Send the first content for the first request, the second one for the second request, and so on."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(contents[min(exchange.number, len(contents)) - 1])

    return behave


# The parts that follow return (name, behaviour, outcomes, further attributes) of one group each.
_Row = tuple[Any, ...]

_HEADERS: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED: Final = _HEADERS + b"Transfer-Encoding: chunked\r\n\r\n"
_BODY: Final = b'{"data": []}'
_CHUNK: Final = b'c\r\n{"data": []}\r\n'


def _time() -> Iterator[_Row]:
    yield "no response", respond_and_wait(), _TIMEOUT
    yield "headers, one byte per 0.1 s", respond_and_drip(b"", GOOD_RESPONSE), _TIMEOUT
    yield (
        "body, one byte per 0.1 s",
        respond_and_drip(_HEADERS + b"Content-Length: 9999\r\n\r\n", b" " * 9999),
        _TIMEOUT,
    )
    yield "chunks, one byte per 0.1 s", respond_without_end(_CHUNKED, b"1\r\n \r\n", delay=0.1), _TIMEOUT
    yield (
        "error body, one byte per 0.1 s",
        respond_and_drip(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9999\r\n\r\n", b" " * 9999),
        _LOST | {"NotFoundError"},
    )
    yield "100 Continue, endless", respond_without_end(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), _LOST
    yield (
        "103 Early Hints, one per 0.05 s",
        respond_without_end(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", delay=0.05),
        _LOST,
    )
    yield "102 Processing, then a response", respond(b"HTTP/1.1 102 Processing\r\n\r\n" * 3, GOOD_RESPONSE), _OK
    yield "half of the headers", respond_and_wait(GOOD_RESPONSE[:30]), _TIMEOUT
    yield "half of the body", respond_and_wait(GOOD_RESPONSE[:-4]), _TIMEOUT
    yield "Content-Length of 10 TB", respond_and_wait(_HEADERS + b"Content-Length: 10995116277760\r\n\r\n{"), _TYPED


def _size() -> Iterator[_Row]:
    yield "header lines, endless", respond_without_end(_HEADERS, b"X-A: b\r\n" * 100), _LOST
    yield "one header line, endless", respond_without_end(_HEADERS + b"X: ", b"a" * 4096), _LOST
    yield "status line, endless", respond_without_end(b"HTTP/1.1 200 ", b"a" * 4096), _LOST
    yield "header of 1 MB", respond(_HEADERS + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n"), _LOST
    yield (
        "50,000 headers",
        respond(_HEADERS + b"X: a\r\n" * 50_000 + b"Content-Length: 12\r\n\r\n" + _BODY),
        _LOST | _OK,
    )
    yield "5,000 headers", respond(_HEADERS + b"X: a\r\n" * 5_000 + b"Content-Length: 12\r\n\r\n" + _BODY), _LOST | _OK
    yield (
        "body, endless",
        respond_without_end(_HEADERS + b"\r\n", b" " * 65_536),
        _TIMEOUT | _DECODE,
        {"is_large": True},
    )
    yield (
        "chunks, endless",
        respond_without_end(_CHUNKED, b"10000\r\n" + b" " * 65_536 + b"\r\n"),
        (_TIMEOUT | _DECODE),
        {"is_large": True},
    )
    yield "chunks of one byte, endless", respond_without_end(_CHUNKED, b"1\r\n \r\n" * 1000), _TIMEOUT | _DECODE
    yield (
        "300,000 chunks of one byte",
        respond(_CHUNKED + b"1\r\n \r\n" * 300_000 + _CHUNK + b"0\r\n\r\n"),
        _OK | _TIMEOUT,
        {"is_large": True},  # six bytes on the wire for each byte of the body
    )
    yield (
        "error body, endless",
        respond_without_end(b"HTTP/1.1 500 X\r\n\r\n", b" " * 65_536),
        (_TYPED),
        {"is_large": True},
    )
    yield (
        "redirect body, endless",
        respond_without_end(b"HTTP/1.1 302 X\r\nLocation: /a\r\n\r\n", b" " * 65_536),
        _TYPED,
        {"is_large": True},
    )
    yield "chunk extension, endless", respond_without_end(_CHUNKED + b"1;", b"a" * 4096), _LOST
    yield "trailers, endless", respond_without_end(_CHUNKED + _CHUNK + b"0\r\n", b"X: a\r\n" * 100), _LOST
    yield (
        "text of 10 MB",
        respond(build_response(b'{"data": [{"id": 1, "shop_name": "' + b"a" * 10_000_000 + b'"}]}')),
        _OK,
        {"is_large": True},
    )
    yield "200,000 records of null", respond(build_response(b'{"data": [' + b"null," * 200_000 + b"null]}")), _DECODE
    yield (
        "900 KB of records",
        respond(build_response(orjson.dumps({"data": [{"id": n, "shop_name": "shop"} for n in range(24_000)]}))),
        _OK,
    )
    yield (
        "900 KB with a lone surrogate",
        respond(
            build_response(
                orjson.dumps({"data": [{"id": n, "shop_name": "shop"} for n in range(24_000)]}).replace(
                    b'"shop"', b'"\\ud83d"', 1
                )
            )
        ),
        _OK,
    )
    yield (
        "900 KB of invalid UTF-8",
        respond(build_response(b'{"data": [{"id": 1, "shop_name": "' + b"\xff" * 900_000 + b'"}]}')),
        _OK,
    )
    yield (
        "900 KB of escaped surrogates",
        respond(build_response(b'{"data": [{"id": 1, "shop_name": "' + b"\\ud83d" * 150_000 + b'"}]}')),
        _OK,
    )
    yield "900 KB of NaN", respond(build_response(b'{"x": [' + b"NaN," * 220_000 + b'1], "data": []}')), _OK
    yield "900 KB of text that is not JSON", respond(build_response(b"a" * 900_000)), _DECODE
    yield "900 KB of quotes", respond(build_response(b'"' * 900_000)), _DECODE


def _framing() -> Iterator[_Row]:
    yield (
        "Content-Length twice, different",
        respond(_HEADERS + b"Content-Length: 12\r\nContent-Length: 5\r\n\r\n" + _BODY),
        _LOST,
    )
    yield (
        "Content-Length twice, equal",
        respond(_HEADERS + b"Content-Length: 12\r\nContent-Length: 12\r\n\r\n" + _BODY),
        _LOST | _OK,
    )
    for name, length in {
        "negative": b"-1",
        "text": b"twelve",
        "hexadecimal": b"0xc",
        "5,000 digits": b"1" * 5000,
        "empty": b"",
        "signed": b"+12",
        "superscript": "\xb2".encode("latin-1"),
    }.items():
        yield (
            f"Content-Length {name}",
            respond(_HEADERS + b"Content-Length: " + length + b"\r\n\r\n" + _BODY),
            (_LOST | _OK),
        )
    yield (
        "Content-Length and chunked",
        respond(_HEADERS + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + _CHUNK + b"0\r\n\r\n"),
        _LOST | _OK,
    )
    for name, chunk in {
        "text": b"zz\r\n",
        "negative": b"-1\r\n",
        "17 digits": b"fffffffffffffffff\r\n",
        "5,000 digits": b"f" * 5000 + b"\r\n",
        "without a line ending": b'c{"data": []}',
        "too small": b"2\r\n" + _BODY + b"\r\n0\r\n\r\n",
    }.items():
        yield f"chunk size {name}", respond(_CHUNKED + chunk), _LOST
    yield (
        "trailers with Content-Length",
        respond(_CHUNKED + _CHUNK + b"0\r\nContent-Length: 5\r\nX: y\r\n\r\n"),
        _OK | _LOST,
    )
    yield (
        "unknown Transfer-Encoding",
        respond(_HEADERS + b"Transfer-Encoding: gzip\r\n\r\n" + _BODY),
        (_LOST | _OK | _DECODE),
    )
    for name, position in {
        "in the status line": 7,
        "after the status line": 17,
        "in the headers": 40,
        "before the body": len(GOOD_RESPONSE) - 12,
        "in the body": len(GOOD_RESPONSE) - 3,
    }.items():
        yield f"closed {name}", respond(GOOD_RESPONSE[:position]), _LOST
        yield f"reset {name}", respond_and_reset(GOOD_RESPONSE[:position]), _LOST
    yield "closed before a response", respond(), _LOST
    yield "reset before a response", respond_and_reset(), _LOST
    for name, content in {"size": b"", "chunk": _CHUNK[:6], "end": _CHUNK, "trailers": _CHUNK + b"0\r\nX: "}.items():
        yield f"closed before the {name} of a chunked body", respond(_CHUNKED + content), _LOST
    yield "reset after the response", respond_and_reset(GOOD_RESPONSE), _OK | _LOST
    yield "bytes after the body", respond(GOOD_RESPONSE + b"surplus", keep_alive=True), _OK
    yield (
        "two responses to one request",
        respond(GOOD_RESPONSE + build_response(b'{"data": [{"id": 666}]}'), keep_alive=True),
        _OK,
    )
    yield "second response while idle", second_response_while_idle, _OK
    yield "response before the request", respond(GOOD_RESPONSE), _OK | _LOST, {"reads_request": False}
    yield "closed before the request", respond(), _LOST, {"reads_request": False}
    yield "reset before the request", respond_and_reset(), _LOST, {"reads_request": False}
    yield (
        "204 with body bytes",
        respond(b"HTTP/1.1 204 No Content\r\n\r\n" + _BODY, keep_alive=True),
        _OK,
        {"operation": "delete"},
    )
    yield (
        "204 with Content-Length and body",
        respond(build_response(status="204 No Content"), keep_alive=True),
        _OK,
        {"operation": "delete"},
    )
    yield (
        "204 with a chunked body",
        respond(
            b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n" + _CHUNK + b"0\r\n\r\n", keep_alive=True
        ),
        _OK,
        {"operation": "delete"},
    )
    yield (
        "204 with corrupt gzip",
        respond(build_response(b"corrupt", "Content-Encoding: gzip", status="204 No Content")),
        _OK,
        {"operation": "delete"},
    )
    yield "204 for a list", respond(b"HTTP/1.1 204 No Content\r\n\r\n"), _DECODE | _STATUS
    yield "304 with body bytes", respond(build_response(status="304 Not Modified"), keep_alive=True), _STATUS
    yield "200 without a body, as for HEAD", respond_and_wait(_HEADERS + b"Content-Length: 12\r\n\r\n"), _LOST


def _protocol() -> Iterator[_Row]:
    for name, content in {
        "HTTP/0.9": _BODY,
        "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/2 frame": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18),
        "TLS alert": b"\x15\x03\x01\x00\x02\x02\x16",
        "SSH banner": b"SSH-2.0-OpenSSH_9.6\r\n",
        "bytes of zero": bytes(5000),
        "random bytes": random.Random(1).randbytes(100_000),
        "only line endings": b"\r\n" * 500,
        "status 999": build_response(status="999 Unknown"),
        "status 000": build_response(status="000 Unknown"),
        "status 99": build_response(status="99 Unknown"),
        "status 20": build_response(status="20 Unknown"),
        "status 20000": build_response(status="20000 Unknown"),
        "status of text": build_response(status="OK OK"),
        "status 101": build_response(
            b"", "Upgrade: websocket", "Connection: upgrade", status="101 Switching Protocols"
        ),
        "HTTP/9.9": b"HTTP/9.9" + GOOD_RESPONSE[8:],
        "ICY 200 OK": b"ICY" + GOOD_RESPONSE[8:],
        "header without a colon": build_response(_BODY, "nonsense"),
        "header name with a space": build_response(_BODY, "X Y: z"),
        "header name of nothing": build_response(_BODY, ": z"),
        "space before the colon": build_response(_BODY, "X-Y : z"),
        "header with NUL": build_response(_BODY, "X: a\0b"),
        "header with a bare CR": build_response(_BODY, "X: a\rb"),
        "folded header": build_response(_BODY, "X: a\r\n b"),
        "folded first header": GOOD_RESPONSE.replace(b"\r\n", b"\r\n X: y\r\n", 1),
    }.items():
        yield name, respond(content), _LOST | _OK | _STATUS | _SERVER | _DECODE
    yield "HTTP/1.0", respond(b"HTTP/1.0" + GOOD_RESPONSE[8:]), _OK
    yield "no reason phrase", respond(build_response(status="200")), _OK
    yield "reason phrase that is not ASCII", respond(build_response(status="200 \xfcber")), _OK
    yield "line feeds only", respond(GOOD_RESPONSE.replace(b"\r\n", b"\n")), _OK | _LOST
    yield "header that is not ASCII", respond(build_response(_BODY, "X-Shop: \xe6\x97\xa5\xff")), _OK
    yield (
        "Content-Type that is not ASCII",
        respond(GOOD_RESPONSE.replace(b"application/json", b"application/j\xff; charset=\xff")),
        _OK,
    )
    yield "unknown charset", respond(GOOD_RESPONSE.replace(b"application/json", b"text/html; charset=no-such")), _OK
    yield (
        "error in an unknown charset",
        respond(build_response(b"\xff\xfe", "Content-Type: text/html; charset=undefined", status="404 X")),
        frozenset({"NotFoundError"}),
    )
    yield (
        "error in the charset hex",
        respond(build_response(b"zz", "Content-Type: text/html; charset=hex", status="404 X")),
        frozenset({"NotFoundError"}),
    )
    yield "TLS client, plain server", respond(GOOD_RESPONSE), _LOST, {"scheme": "https", "reads_request": False}
    yield (
        "TLS client, garbage",
        respond(random.Random(2).randbytes(3000)),
        _LOST,
        {
            "scheme": "https",
            "reads_request": False,
        },
    )
    yield "TLS client, silence", respond_and_wait(), _LOST, {"scheme": "https", "reads_request": False}
    yield (
        "Set-Cookie that is not ASCII",
        respond(build_response(_BODY, "Set-Cookie: d=\xfcber; Path=/", "Set-Cookie: =;;;="), keep_alive=True),
        _OK,
    )


def _encoding() -> Iterator[_Row]:
    def encoded(body: bytes, encoding: str = "gzip") -> Behaviour:
        return respond(build_response(body, f"Content-Encoding: {encoding}"))

    good = gzip.compress(_BODY)
    yield "gzip", encoded(good), _OK
    yield "x-gzip", encoded(good, "x-gzip"), _OK
    yield "GZIP in capitals", encoded(good, "GZIP"), _OK
    yield "deflate with zlib header", encoded(zlib.compress(_BODY), "deflate"), _OK
    yield "deflate without zlib header", encoded(_compress(_BODY, -zlib.MAX_WBITS), "deflate"), _OK
    yield "identity", encoded(_BODY, "identity"), _OK
    yield "two gzip members", encoded(gzip.compress(_BODY[:5]) + gzip.compress(_BODY[5:])), _OK
    yield "40,000 empty gzip members", encoded(gzip.compress(b"") * 40_000 + good), _OK | _LOST
    yield "gzip with bytes after it", encoded(good + b"\0" * 100), _OK | _LOST
    yield "gzip that is cut", encoded(good[:-9]), _LOST
    yield "gzip with a wrong checksum", encoded(good[:-8] + bytes(8)), _LOST
    yield "gzip that is plain", encoded(_BODY), _LOST
    yield "gzip without a byte", encoded(b""), _LOST | _DECODE
    yield "deflate that is plain", encoded(_BODY, "deflate"), _LOST
    yield "gzip in gzip", encoded(gzip.compress(good), "gzip, gzip"), _DECODE | _OK
    for name in ("br", "zstd", "compress", "unknown", "\xff"):
        yield f"Content-Encoding {name!a}", encoded(_BODY, name), _DECODE
    yield "gzip bomb of 10 GB", encoded(_build_bomb(31)), _DECODE, {"is_large": True}
    yield "deflate bomb of 10 GB", encoded(_build_bomb(15), "deflate"), _DECODE, {"is_large": True}
    yield (
        "gzip bomb in an error",
        respond(build_response(_build_bomb(31), "Content-Encoding: gzip", status="503 X")),
        _TYPED,
        {"is_large": True},
    )
    yield (
        "gzip bomb in a redirect",
        respond(build_response(_build_bomb(31), "Content-Encoding: gzip", "Location: /a", status="302 X")),
        _TYPED,
        {"is_large": True},
    )
    yield (
        "corrupt gzip in an error",
        respond(build_response(b"corrupt", "Content-Encoding: gzip", status="404 X")),
        frozenset({"NotFoundError"}) | _LOST,
    )
    yield (
        "gzip, one byte per 0.1 s",
        respond_and_drip(_HEADERS + b"Content-Encoding: gzip\r\nContent-Length: 500\r\n\r\n", gzip.compress(b"") * 25),
        _TIMEOUT,
    )


def _json() -> Iterator[_Row]:
    def text(value: str) -> bytes:
        return b'{"data": [{"id": 1, "shop_name": "' + value.encode("latin-1") + b'"}]}'

    for name, body in {
        "byte order mark": b"\xef\xbb\xbf" + _BODY,
        "UTF-16": _BODY.decode().encode("utf-16"),
        "lone surrogate": text("\\ud83d"),
        "lone surrogate as a key": b'{"\\udc00": 1, "data": [{"id": 1, "\\ud83d": "\\ud83d"}]}',
        "NaN and infinities": b'{"data": [], "x": [NaN, Infinity, -Infinity, 1e999]}',
        "invalid UTF-8": text("\xff\xfe"),
        "control characters": text("\0\x01\n\t"),
        "escaped NUL": text("\\u0000"),
        "null instead of a list": b'{"data": null}',
        "duplicate keys": b'{"data": 1, "data": []}',
        "300 levels in an unknown field": b'{"data": [], "x": ' + b"[" * 300 + b"]" * 300 + b"}",
        "integer of 30 digits in an unknown field": b'{"data": [], "x": 111111111111111111111111111111}',
    }.items():
        yield name, respond(build_response(body)), _OK
    for name, body in {
        "empty body": b"",
        "white space": b" \n" * 100,
        "empty object": b"{}",
        "error with status 200": b'{"error": {"code": 412, "message": "User has no address data"}}',
        "HTML with status 200": b"<!DOCTYPE html><html><body>Maintenance</body></html>",
        "null": b"null",
        "number": b"1",
        "text": b'"data"',
        "object instead of a list": b'{"data": {}}',
        "text instead of a list": b'{"data": "[]"}',
        "records of other types": b'{"data": [1, "x", []]}',
        "id of another type": b'{"data": [{"id": {}}]}',
        "JSON that is cut": b'{"data": [',
        "trailing comma": b'{"data": [],}',
        "bytes after the JSON": _BODY + b"<!-- 12 ms -->",
        "JSONP": b'callback({"data": []})',
        "900,000 opening brackets": b"[" * 900_000,
        "450,000 levels": b"[" * 450_000 + b"]" * 450_000,
        "100,000 objects in each other": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    }.items():
        yield name, respond(build_response(body)), _DECODE
    for name, created_at in {"text": b'"yesterday"', "number": b"7"}.items():
        body = b'{"data": [{"id": "a", "created_at": ' + created_at + b"}]}"
        yield f"timestamp of {name}", respond(build_response(body)), _DECODE, {"operation": "iterate"}
    yield (
        "integer of 900,000 digits",
        respond(build_response(b'{"data": [], "x": ' + b"1" * 900_000 + b"}")),
        _OK | _DECODE,
    )
    yield (
        "number of 900,000 digits",
        respond(build_response(b'{"data": [], "x": 0.' + b"1" * 900_000 + b"e5}")),
        _OK | _DECODE,
    )
    yield "record of null", respond(build_response(b'{"data": null}')), _DECODE, {"operation": "retrieve"}
    yield "created with status 200", respond(build_response(b'{"data": {"id": 5}}')), _OK, {"operation": "create"}
    yield "created, no body", respond(build_response(b"", status="201 Created")), _OK | _DECODE, {"operation": "create"}
    yield "deleted with status 200", respond(build_response(b"{}")), _OK, {"operation": "delete"}
    yield "deleted with status 202", respond(build_response(b"", status="202 Accepted")), _OK, {"operation": "delete"}
    yield "deleted, HTML", respond(build_response(b"<html>")), _OK | _DECODE, {"operation": "delete"}


def _links() -> Iterator[_Row]:
    def page(link: str | bytes, body: bytes = _BODY) -> bytes:
        name = link.decode("latin-1") if isinstance(link, bytes) else link
        return build_response(body, f"Link: {name}")

    def pages(link: str | bytes) -> Behaviour:
        return respond_in_turn(page(link), GOOD_RESPONSE)

    url = "https://elsewhere.example/v3/integrations/logs"
    for name, link in {
        "trailing semicolon": f'<{url}?cursor=abc>; rel="next";',
        "single quotes": f"<{url}?cursor=abc>; rel='next'",
        "capitals": f'<{url}?cursor=abc>; REL="NEXT"',
        "no quotes": f"<{url}?cursor=abc>;rel=next",
        "other host": '<https://attacker.example/?cursor=abc>; rel="next"',
        "escaped control characters": f'<{url}?cursor=%0d%0aX:%20y%00>; rel="next"',
        "cursor of 4 KB": f'<{url}?cursor={"a" * 4000}>; rel="next"',
        "two next links": f'<{url}?cursor=a>; rel="next", <{url}?cursor=b>; rel="next"',
        "not ASCII": f'<{url}?cursor=\xfc>; rel="next"',
    }.items():
        yield f"Link with {name}", pages(link), _OK, {"operation": "iterate"}
    yield (
        "Link with an escaped surrogate",
        pages(f'<{url}?cursor=%ED%A0%80>; rel="next"'),
        _OK | _DECODE,
        {"operation": "iterate"},
    )
    for name, link in {
        "no angle brackets": f'{url}?cursor=abc; rel="next"',
        "no closing bracket": f'<{url}?cursor=abc; rel="next"',
        "no cursor": f'<{url}?page=2>; rel="next"',
        "an empty cursor": f'<{url}?cursor=>; rel="next"',
        "no target": '; rel="next"',
        "text": "next",
        "other syntax": 'rel="next" href="/logs?cursor=abc"',
    }.items():
        yield f"Link with {name}", respond(page(link), keep_alive=True), _DECODE, {"operation": "iterate"}
    for name, link in {
        "90,000 brackets": "<" * 90_000,
        "90,000 semicolons": "<a>" + ";" * 90_000 + "x",
        "90,000 quotes": '<a>; rel="' + '\\"' * 45_000,
        "8,000 brackets": "<" * 8_000,
        "8,000 spaces": "<a>;" + " " * 8_000 + "x",
        "60,000 spaces": "<a>;" + " " * 60_000 + "x",
    }.items():
        yield f"Link with {name}", respond(page(link)), _OK | _LOST | _DECODE, {"operation": "iterate"}
    yield "cursor of itself", respond(page(f'<{url}?cursor=same>; rel="next"')), _DECODE, {"operation": "iterate"}

    async def cycle(exchange: Exchange) -> bool:
        number = exchange.number % 3
        await exchange.send(page(f'<{url}?cursor=c{number}>; rel="next"'))
        return True

    async def new_cursors(exchange: Exchange) -> bool:
        await exchange.send(page(f'<{url}?cursor=c{exchange.number}>; rel="next"'))
        return True

    async def repeated_records(exchange: Exchange) -> bool:
        await exchange.send(page(f'<{url}?cursor=c{exchange.number}>; rel="next"', b'{"data": [{"id": "a"}]}'))
        return True

    yield "cycle of three cursors", cycle, _DECODE, {"operation": "iterate"}
    yield "new cursors without records, endless", new_cursors, _DECODE, {"operation": "iterate"}
    yield "new cursors with the same record, endless", repeated_records, _DECODE, {"operation": "iterate"}


def _statuses() -> Iterator[_Row]:
    for name, location in {
        "mailto": "mailto:x",
        "relative": "../elsewhere",
        "itself": "/api/v3/integrations",
        "other host": "https://attacker.example/",
        "invalid port": "http://[::1:99999999/",
        "not ASCII": "https://\xfc\xff/",
        "controls": "https://a\x01b/",
        "user": "https://user:secret@host.example/",
        "script": "javascript:alert(1)",
        "nothing": "",
    }.items():
        yield (
            f"302 to {name}",
            respond(build_response(b"", f"Location: {location}", status="302 Found")),
            (
                _STATUS | _LOST  # a header with a control character is a violation of the protocol
            ),
        )
    yield "301 without Location", respond(build_response(status="301 Moved Permanently")), _STATUS
    yield (
        "300 with 5,000 locations",
        respond(build_response(b"", *["Location: /a"] * 1_000, status="300 Multiple Choices")),
        _STATUS | _LOST,
    )
    now = datetime.now(UTC)
    for name, value in {
        "86400": "86400",
        "1e308": "1e308",
        "of 5,000 digits": "9" * 5000,
        "nan": "nan",
        "infinity": "inf",
        "-5": "-5",
        "of text": "soon",
        "of a past date": format_datetime(now - timedelta(days=1), usegmt=True),
        "of a date in 9999": "Fri, 31 Dec 9999 23:59:59 GMT",
        "of an invalid date": "Fri, 99 Foo 99999 99:99:99 GMT",
        "not ASCII": "\xb2",
    }.items():
        yield (
            f"429 with Retry-After {name}",
            respond(build_response(b"", f"Retry-After: {value}", status="429 Too Many Requests")),
            _RATE_LIMIT,
        )
    yield (
        "429 with a date relative to Date",
        respond_in_turn(
            build_response(
                b"",
                "Date: Mon, 01 Jan 2001 00:00:00 GMT",
                "Retry-After: Mon, 01 Jan 2001 00:00:00 GMT",
                status="429 Too Many Requests",
            ),
            GOOD_RESPONSE,
        ),
        _OK,
    )
    yield "503 with Retry-After 86400", respond(build_response(b"", "Retry-After: 86400", status="503 X")), _SERVER
    for status in (500, 502, 503, 504, 507, 508, 511, 520, 521, 522, 523, 524, 525, 530, 598, 599):
        yield (
            f"{status}, then a response",
            respond_in_turn(build_response(b"", status=f"{status} X"), GOOD_RESPONSE),
            (_OK),
        )
    for status in (501, 505):
        yield (
            f"{status}, not retried",
            respond_in_turn(build_response(b"", status=f"{status} X"), GOOD_RESPONSE),
            (_SERVER),
        )
    for status in (402, 405, 407, 410, 412, 414, 418, 431, 451):
        yield f"status {status}", respond(build_response(b"", status=f"{status} X")), _STATUS

    async def echo_credentials(exchange: Exchange) -> bool:
        secret = exchange.head.partition(b"uthorization: ")[2].split(b"\r\n")[0]
        decoded = base64.b64decode(secret.removeprefix(b"Basic ") + b"==")
        body = orjson.dumps({"errors": [{"detail": secret.decode(), "title": decoded.decode()}]})
        await exchange.send(
            build_response(
                body, f"X-Echo: {secret.decode()}", f"WWW-Authenticate: {secret.decode()}", status="401 Unauthorized"
            )
        )
        return True

    yield "401 that echoes the credentials", echo_credentials, frozenset({"AuthenticationError"})
    for name, body in {
        "HTML": b"<html>" + b"x" * 100_000,
        "a deep body": b"[" * 100_000,
        "errors of null": b'{"errors": null}',
        "errors of numbers": b'{"errors": [1, null, [[[]]], {"source": []}]}',
        "a lone surrogate": b'{"errors": [{"detail": "\\ud83d"}]}',
        "a detail of 900 KB": b'{"errors": [{"detail": "' + b"a" * 900_000 + b'"}]}',
        "200,000 errors": b'{"errors": [' + b"{}," * 200_000 + b"{}]}",
        "200,000 fields": b"{" + b",".join(b'"f%d":[""]' % n for n in range(50_000)) + b"}",
        "bytes of zero": bytes(1000),
        "a v2 error": b'{"error": {"code": 412, "message": "User has no address data"}}',
    }.items():
        yield (
            f"400 with {name}",
            respond(build_response(body, status="400 Bad Request")),
            frozenset({"BadRequestError"}),
        )


def _compress(body: bytes, window_bits: int) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    return compressor.compress(body) + compressor.flush()


@cache
def _build_bomb(window_bits: int) -> bytes:
    """Return about 10 MB that expand to about 10 GB of zeros. The checksum at the end is missing."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    header = compressor.compress(b"") + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(bytes(10_000_000)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return header + block * 1_000


def _build_scenarios() -> Iterator[Scenario]:
    for group in (_time, _size, _framing, _protocol, _encoding, _json, _links, _statuses):
        for name, behaviour, expected, *attributes in group():
            yield Scenario(name, behaviour, expected, **(attributes[0] if attributes else {}))


SCENARIOS: Final = tuple(_build_scenarios())
"""All scenarios. Their names are unique."""

_BY_NAME: Final = {scenario.name: scenario for scenario in SCENARIOS}
assert len(_BY_NAME) == len(SCENARIOS)
