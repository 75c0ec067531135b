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
