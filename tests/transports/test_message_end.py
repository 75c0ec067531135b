"""Bytes that belong to no response are detected, however the responses are framed and split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.transports.network import MessageEndDetector
from tests.support.clients import build_client
from tests.support.hostile_scenarios import respond
from tests.support.hostile_server import build_response, run_hostile_server

WITH_LENGTH = build_response(b'{"data": []}')
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=y\r\nabc\r\n\r\n0\r\n\r\n"
WITH_TRAILERS = CHUNKED[:-2] + b"X: y\r\nZ: 0\r\n\r\n"
WITHOUT_BODY = b"HTTP/1.1 204 No Content\r\n\r\n"
NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n"
AFTER_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + WITH_LENGTH
RESPONSES = [WITH_LENGTH, CHUNKED, WITH_TRAILERS, WITHOUT_BODY, NOT_MODIFIED, AFTER_HINTS]


@given(
    response=st.sampled_from(RESPONSES),
    surplus=st.sampled_from([b"", b"x", b"\r\n", WITH_LENGTH]),
    sizes=st.lists(st.integers(1, 40), max_size=20),
)
def test_only_bytes_after_the_end_are_surplus(response: bytes, surplus: bytes, sizes: list[int]) -> None:
    detector = MessageEndDetector()
    for _ in range(2):
        detector.expect_response()
        rest = response
        for size in sizes:
            detector.feed(rest[:size])
            rest = rest[size:]
        detector.feed(rest)
        assert not detector.has_surplus
    detector.feed(surplus)
    assert detector.has_surplus is bool(surplus)


@given(st.lists(st.binary(max_size=50) | st.sampled_from([*RESPONSES, b"\r\n", b"\r\n\r\n"]), max_size=6))
def test_any_bytes_are_accepted(parts: list[bytes]) -> None:
    detector = MessageEndDetector()
    for part in parts:
        detector.feed(part)


def test_body_until_the_end_of_the_connection_has_no_surplus() -> None:
    detector = MessageEndDetector()
    detector.feed(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1000))
    assert not detector.has_surplus


@pytest.mark.parametrize("transport", ["httpcore2", "aiohttp"])
@pytest.mark.parametrize("response", RESPONSES, ids=["length", "chunked", "trailers", "204", "304", "103"])
async def test_surplus_response_is_not_the_response_to_the_next_request(response: bytes, transport: str) -> None:
    surplus = build_response(b'{"data": [{"id": 666}]}')
    async with (
        run_hostile_server(respond(response + surplus, keep_alive=True)) as server,
        build_client(server.base_url, transport=transport) as client,
    ):
        try:
            await client.integrations.delete(1)
        except Exception as error:
            assert response == NOT_MODIFIED, error  # noqa: PT017
        server.behaviour = None
        assert list(await client.integrations.list()) == []
