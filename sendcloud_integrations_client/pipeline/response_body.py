"""Reads the body of a response: decompressed, and bounded in size."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterable
from typing import Any, Final

import httpx

from sendcloud_integrations_client.errors import ResponseDecodeError

__all__ = ["ACCEPT_ENCODING", "CorruptBodyError", "read_body"]

ACCEPT_ENCODING: Final = "gzip, deflate"
"""The content encodings that `read_body` decompresses."""

_SIZE_ADVICE: Final = "Request smaller pages, or increase max_response_bytes= if the size is expected."
_STEP: Final = 262_144  # bytes decompressed before other tasks run
_MAX_BLOCK: Final = 0.005  # seconds
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_GZIP_MAGIC: Final = b"\x1f\x8b"


class CorruptBodyError(httpx.RemoteProtocolError):
    """The compressed data of a body is corrupt or truncated.

    Attributes:
        page: The page without its body, to return if there is no further attempt; None if it is no page.
    """

    page: httpx.Response | None = None


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """Read and decompress the body of a response.

    Args:
        response: The response as the transport returned it.
        limit: Maximum size of the decompressed body in bytes.

    Returns:
        The decompressed body.

    Raises:
        ResponseDecodeError: If the body is larger than `limit`, or has an encoding that was not requested.
        CorruptBodyError: If the compressed data is corrupt or truncated. It can be retried, like a truncated body.
        httpx.TransportError: If the connection fails.
    """
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101
    header = response.headers.get("content-encoding")
    if header is None:
        return await _read_plain(response.stream, limit)
    names = [name.strip().lower() for name in header.split(",")]
    encodings = [name for name in names if name not in {"", "identity"}]
    if not encodings:
        return await _read_plain(response.stream, limit)
    if len(encodings) > 1 or encodings[0] not in {"gzip", "x-gzip", "deflate"}:
        raise ResponseDecodeError(
            f"the body has a content encoding that was not requested ({ACCEPT_ENCODING})",
            advice="Check base_url, and proxies between this client and Sendcloud.",
            status_code=response.status_code,
        )
    return await _read_compressed(response.stream, limit, is_deflate=encodings[0] == "deflate")


async def _read_plain(stream: AsyncIterable[bytes], limit: int) -> bytes:
    # Not a list of parts: a body of tiny chunks would use many times its size.
    body = bytearray()
    async for part in stream:
        body += part
        _check_size(len(body), limit)
    return bytes(body)


async def _read_compressed(stream: AsyncIterable[bytes], limit: int, *, is_deflate: bool) -> bytes:
    body = bytearray()
    decompressor = None
    is_complete = False
    suspended_at = time.monotonic()
    async for received in stream:
        pending, is_full = b"" if is_complete else received, False
        while pending or is_full:
            if decompressor is None:
                decompressor = _build_decompressor(pending, is_deflate=is_deflate)
            try:
                part = decompressor.decompress(pending, _STEP)
            except zlib.error as error:
                raise CorruptBodyError(f"corrupt compressed body: {error}") from error
            body += part
            _check_size(len(body), limit)
            pending, is_full = decompressor.unconsumed_tail, len(part) == _STEP
            if decompressor.eof:
                pending, is_full = decompressor.unused_data, False
                if pending.startswith(_GZIP_MAGIC):
                    decompressor = None
                else:
                    # Anything but a further gzip member is padding and ignored, as gzip itself does. A single byte may
                    # be the first half of a member's mark; the decompressor keeps it.
                    is_complete = pending not in {b"", _GZIP_MAGIC[:1]}
                    pending = b""
            if is_full or time.monotonic() - suspended_at > _MAX_BLOCK:
                await asyncio.sleep(0)
                suspended_at = time.monotonic()
    if decompressor is not None and not decompressor.eof:
        raise CorruptBodyError("truncated compressed body")
    return bytes(body)


def _build_decompressor(start: bytes, *, is_deflate: bool) -> Any:
    # Some servers send raw deflate data; zlib's header begins with a byte whose low half is 8.
    is_raw = is_deflate and start[0] & 0x0F != zlib.DEFLATED
    return zlib.decompressobj(-zlib.MAX_WBITS if is_raw else _GZIP_OR_ZLIB)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise ResponseDecodeError(f"the body is larger than max_response_bytes={limit}", advice=_SIZE_ADVICE)
