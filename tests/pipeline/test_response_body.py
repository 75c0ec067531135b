"""Bodies are decompressed, bounded in size, and read without blocking the event loop."""

from __future__ import annotations

import asyncio
import gzip
import random
import time
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import ResponseDecodeError
from sendcloud_integrations_client.pipeline.response_body import read_body
from tests.support.virtual_time import run

DATA = random.Random(1).randbytes(300_000) + b"a" * 1_000_000
GZIPPED, DEFLATED = gzip.compress(DATA), zlib.compress(DATA)
LIMIT = 100_000_000


class Chunks(httpx.AsyncByteStream):
    """Sends content in chunks of a size."""

    def __init__(self, content: bytes, size: int) -> None:
        self._content = content
        self._size = size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), self._size):
            yield self._content[start : start + self._size]


def build_response(content: bytes, encoding: str | None, size: int = 10_000) -> httpx.Response:
    headers = {} if encoding is None else {"content-encoding": encoding}
    return httpx.Response(200, headers=headers, stream=Chunks(content, size))


def compress_raw(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        (DATA, None, DATA),
        (DATA, "identity", DATA),
        (GZIPPED, "gzip", DATA),
        (GZIPPED, "X-GZIP", DATA),
        (GZIPPED + gzip.compress(b"more"), "gzip", DATA + b"more"),
        (GZIPPED + b"\0" * 100, "gzip", DATA),
        (DEFLATED, "deflate", DATA),
        (compress_raw(DATA), "deflate", DATA),
        (b"", "gzip", b""),
    ],
    ids=["none", "identity", "gzip", "x-gzip", "two members", "padding", "deflate", "raw deflate", "empty"],
)
@pytest.mark.parametrize("size", [997, 10**7])
async def test_body_is_decompressed(content: bytes, encoding: str | None, expected: bytes, size: int) -> None:
    assert await read_body(build_response(content, encoding, size), LIMIT) == expected


@given(content=st.binary(max_size=2000), size=st.integers(1, 500))
async def test_any_gzip_body_in_any_chunks_is_decompressed(content: bytes, size: int) -> None:
    assert await read_body(build_response(gzip.compress(content), "gzip", size), LIMIT) == content


@pytest.mark.parametrize(
    ("content", "encoding"),
    [(GZIPPED[:-20], "gzip"), (b"not compressed", "gzip"), (DEFLATED[:100], "deflate")],
    ids=["truncated", "corrupt", "truncated deflate"],
)
async def test_corrupt_body_is_an_error_that_can_be_retried(content: bytes, encoding: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await read_body(build_response(content, encoding), LIMIT)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "nonsense"])
async def test_encoding_that_was_not_requested_raises(encoding: str) -> None:
    with pytest.raises(ResponseDecodeError, match="content encoding that was not requested"):
        await read_body(build_response(b"x", encoding), LIMIT)


@pytest.mark.parametrize("encoding", [None, "gzip", "deflate"])
async def test_body_larger_than_the_limit_raises(encoding: str | None) -> None:
    content = {None: DATA, "gzip": GZIPPED, "deflate": DEFLATED}[encoding]
    assert len(await read_body(build_response(content, encoding), len(DATA))) == len(DATA)
    with pytest.raises(ResponseDecodeError, match=f"larger than max_response_bytes={len(DATA) - 1}"):
        await read_body(build_response(content, encoding), len(DATA) - 1)


async def test_other_tasks_run_while_a_large_body_is_decompressed() -> None:
    content = gzip.compress(b"a" * 100_000_000, 1)
    gaps: list[float] = []

    async def measure() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            gaps.append(time.perf_counter() - before)

    task = asyncio.ensure_future(measure())
    await asyncio.sleep(0)
    with pytest.raises(ResponseDecodeError):
        await read_body(build_response(content, "gzip", len(content)), 50_000_000)
    task.cancel()
    assert len(gaps) > 100


@pytest.mark.parametrize("size", [1, 2, 3, 10_000])
@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (b"", b"ab"),
        (b"\x1f", b"ab"),
        (b"\x1f\0", b"ab"),
        (b"\0", b"ab"),
        (b"\0" + gzip.compress(b"c"), b"ab"),  # a member after padding is padding, too
        (gzip.compress(b"c"), b"abc"),
    ],
    ids=["nothing", "half a mark", "broken mark", "padding", "padding and a member", "third member"],
)
async def test_gzip_members_are_joined_and_padding_is_ignored(size: int, end: bytes, expected: bytes) -> None:
    content = gzip.compress(b"a") + gzip.compress(b"b") + end
    assert await read_body(build_response(content, "gzip", size), LIMIT) == expected


@pytest.mark.parametrize("encoding", ["", " , ", "identity, identity"])
async def test_body_without_an_encoding_is_not_decompressed(encoding: str) -> None:
    assert await read_body(build_response(gzip.compress(b"a"), encoding), LIMIT) == gzip.compress(b"a")


async def test_encoding_is_read_without_case_and_identity() -> None:
    assert await read_body(build_response(gzip.compress(b"a"), "Identity, GZIP"), LIMIT) == b"a"


@pytest.mark.parametrize("data", [b"a", b"", DATA[:1000], b"a" * 1_000_000])
async def test_raw_deflate_and_zlib_are_distinguished(data: bytes) -> None:
    for content in (zlib.compress(data, 1), zlib.compress(data, 9), compress_raw(data)):
        assert await read_body(build_response(content, "deflate"), LIMIT) == data


async def test_errors_about_a_body_name_the_problem() -> None:
    with pytest.raises(httpx.RemoteProtocolError, match=r"^truncated compressed body$"):
        await read_body(build_response(gzip.compress(b"abc")[:-1], "gzip"), LIMIT)
    with pytest.raises(httpx.RemoteProtocolError, match=r"^corrupt compressed body: "):
        await read_body(build_response(b"abc", "gzip"), LIMIT)
    with pytest.raises(ResponseDecodeError) as caught:
        await read_body(build_response(b"x", "br"), LIMIT)
    assert caught.value.status_code == 200


@pytest.mark.parametrize(("seconds", "suspensions"), [(0.006, 10), (0.004, 5)])
def test_other_tasks_run_after_five_milliseconds_of_decompression(
    seconds: float, suspensions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of ten chunks takes a number of seconds."""
    clock = 0.0

    class SlowChunks(Chunks):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal clock
            async for chunk in super().__aiter__():
                clock += seconds
                yield chunk

    async def main() -> None:
        content = gzip.compress(DATA[:90])
        chunks = SlowChunks(content, len(content) // 10 + 1)
        response = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=chunks)
        task = asyncio.ensure_future(read_body(response, LIMIT))
        iterations = 0
        while not task.done():
            await asyncio.sleep(0)
            iterations += 1
        assert iterations - 1 == suspensions

    monkeypatch.setattr(time, "monotonic", lambda: clock)
    run(main())


@pytest.mark.parametrize("size", [4 * 262_144 + 1, 5 * 262_144 - 5])
def test_other_tasks_run_after_each_quarter_of_a_mebibyte_that_was_decompressed(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(read_body(build_response(gzip.compress(b"a" * size), "gzip"), LIMIT))
        iterations = 0
        while not task.done():
            await asyncio.sleep(0)
            iterations += 1
        assert iterations - 1 == 4

    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    run(main())


@pytest.mark.parametrize("encoding", [None, "gzip", "deflate"])
async def test_empty_chunks_are_ignored(encoding: str | None) -> None:
    class ChunksWithEmptyOnes(Chunks):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b""
            async for chunk in super().__aiter__():
                yield chunk
                yield b""

    content = {None: b"abc", "gzip": gzip.compress(b"abc") + b"\0", "deflate": compress_raw(b"abc")}[encoding]
    response = build_response(b"", encoding)
    response.stream = ChunksWithEmptyOnes(content, 3)
    assert await read_body(response, LIMIT) == b"abc"
