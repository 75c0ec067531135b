"""Finds the end of each HTTP/1.1 response on a connection, to detect bytes that belong to no response.

httpcore2 keeps such bytes and reads them as the response to the next request.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MessageEndDetector"]


class MessageEndDetector:
    """Follows the responses on one connection.

    Attributes:
        has_surplus: Whether bytes arrived after the end of a response. The connection must not be used again.
    """

    def __init__(self) -> None:
        self.has_surplus = False
        self._headers = bytearray()
        self._remaining = 0
        self._line: bytearray | None = None
        self._in_trailers = False
        self._expects_headers = True
        self._is_endless = False

    def expect_response(self) -> None:
        """Prepare for the response to the next request."""
        self._headers.clear()
        self._remaining = 0
        self._line = None
        self._in_trailers = False
        self._expects_headers = True
        self._is_endless = False

    def feed(self, data: bytes) -> None:
        """Process received bytes."""
        while data and not self._is_endless:
            if self._expects_headers:
                data = self._read_headers(data)
            elif self._remaining:
                size = min(self._remaining, len(data))
                self._remaining -= size
                data = data[size:]
            elif self._line is not None:
                data = self._read_chunk_line(data)
            else:
                self.has_surplus = True
                return

    def _read_headers(self, data: bytes) -> bytes:
        received = len(self._headers)
        self._headers += data
        end = self._headers.find(_HEADERS_END, max(received - len(_HEADERS_END) + 1, 0))
        if end < 0:
            self._is_endless = len(self._headers) > _MAX_HEADERS_BYTES
            return b""
        headers = bytes(self._headers[:end])
        self._headers.clear()
        status = headers.partition(b" ")[2][:3]
        if not status.startswith(b"1") or status == b"101":
            self._start_body(status, headers)
        return data[end + len(_HEADERS_END) - received :]

    def _start_body(self, status: bytes, headers: bytes) -> None:
        self._expects_headers = False
        length = _CONTENT_LENGTH.search(headers)
        if status in _WITHOUT_BODY:
            return
        if _CHUNKED.search(headers):
            self._line = bytearray()
        elif length is not None:
            self._remaining = int(length[1])
        else:
            self._is_endless = True  # until the connection is closed

    def _read_chunk_line(self, data: bytes) -> bytes:
        """Read a line with the size of a chunk, or a trailer."""
        assert self._line is not None  # noqa: S101
        line, separator, rest = data.partition(b"\n")
        self._line += line
        if not separator:
            self._is_endless = len(self._line) > _MAX_HEADERS_BYTES
            return rest
        is_last = self._is_last_line(bytes(self._line).strip())
        self._line = None if is_last else bytearray()
        return rest

    def _is_last_line(self, line: bytes) -> bool:
        if self._in_trailers:
            return not line
        size = _CHUNK_SIZE.match(line)
        if size is None:
            self._is_endless = True  # the parser of the response raises
            return True
        self._in_trailers = int(size[0], 16) == 0
        self._remaining = 0 if self._in_trailers else int(size[0], 16) + len(b"\r\n")
        return False


_MAX_HEADERS_BYTES: Final = 65_536
_HEADERS_END: Final = b"\r\n\r\n"
_WITHOUT_BODY: Final = frozenset({b"204", b"304", b"101"})
_CONTENT_LENGTH: Final = re.compile(rb"\ncontent-length:[ \t]*([0-9]{1,20})", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_CHUNK_SIZE: Final = re.compile(rb"[0-9a-fA-F]{1,20}")
