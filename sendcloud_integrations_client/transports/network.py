"""Network backend of the default transport: httpcore2's network interface on asyncio streams.

Why not httpcore2's own backend: it uses anyio, whose streams wait for unsent data when they are closed (4.12 to 4.15)
and which adds the cost of a cancel scope to each read and write. Closing here never waits: it aborts the connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import select
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpcore2

__all__ = ["AsyncioBackend", "AsyncioStream", "MessageEndDetector"]

_HAPPY_EYEBALLS_DELAY: Final = 0.25  # seconds, as RFC 8305 recommends
_WRITE_CHUNK_BYTES: Final = 262_144
_READ_CHUNK_BYTES: Final = 16_384
_MAX_BLOCK: Final = 0.005  # seconds


class AsyncioBackend(httpcore2.AsyncNetworkBackend):
    """Opens TCP connections with `asyncio.open_connection`."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of httpcore2
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncioStream:
        """Open a connection. IPv6 and IPv4 are tried concurrently if the event loop supports it.

        Raises:
            httpcore2.ConnectTimeout: If no connection was made within `timeout` seconds.
            httpcore2.ConnectError: If the host name has no IP address, or no connection was accepted.
        """
        options: dict[str, Any] = {}
        if local_address is not None:
            options["local_addr"] = (local_address, 0)
        # uvloop does not support this parameter. An IP address needs no race between connections, and asyncio leaks the
        # socket of a race that is cancelled as it ends.
        if isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop) and not _is_ip_address(host):
            options["happy_eyeballs_delay"] = _HAPPY_EYEBALLS_DELAY
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(host, port, **options)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(error) from error
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be encoded
            raise httpcore2.ConnectError(error) from error
        for option in socket_options or ():
            writer.get_extra_info("socket").setsockopt(*option)
        return AsyncioStream(reader, writer)

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        await asyncio.sleep(seconds)


class AsyncioStream(httpcore2.AsyncNetworkStream):
    """One connection.

    Args:
        reader: Reads from the connection.
        writer: Writes to the connection.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._has_kernel_data = _build_poll(writer.get_extra_info("socket"))
        self._processing_since = 0.0
        self._is_reading = False
        self._messages = None if _uses_http2(writer) else MessageEndDetector()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read at most `max_bytes` bytes; empty at the end of the stream.

        Raises:
            httpcore2.ReadTimeout: If nothing arrived within `timeout` seconds.
            httpcore2.ReadError: If the connection broke.
        """
        try:
            async with asyncio.timeout(timeout):
                # Parsing can take long: a server can fit thousands of informational responses or chunks into one read.
                # The reads are therefore small, and other tasks run between two of them if the last one took long. A
                # read of buffered data does not suspend on its own.
                if time.monotonic() - self._processing_since > _MAX_BLOCK:
                    await asyncio.sleep(0)
                data = await self._reader.read(min(max_bytes, _READ_CHUNK_BYTES))
                self._processing_since = time.monotonic()
                self._is_reading = True
                if self._messages is not None:
                    self._messages.feed(data)
                return data
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(error) from error
        except OSError as error:
            raise httpcore2.ReadError(error) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send `buffer`.

        Raises:
            httpcore2.WriteTimeout: If the server did not accept the data within `timeout` seconds.
            httpcore2.WriteError: If the connection broke.
        """
        if not buffer:
            return
        self._processing_since = time.monotonic()
        if self._is_reading and self._messages is not None:
            self._is_reading = False
            self._messages.expect_response()
        try:
            async with asyncio.timeout(timeout):
                # In chunks, because a TLS transport encrypts and accepts each write completely, whatever its size: the
                # timeout would not apply, and the encryption would block the event loop.
                data = memoryview(buffer)
                for start in range(0, len(data), _WRITE_CHUNK_BYTES):
                    self._writer.write(data[start : start + _WRITE_CHUNK_BYTES])
                    await self._writer.drain()
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(error) from error
        except (OSError, RuntimeError) as error:  # RuntimeError: uvloop's, for a closed transport
            raise httpcore2.WriteError(error) from error

    async def aclose(self) -> None:
        """Abort the connection without waiting for unsent data."""
        self._writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> AsyncioStream:
        """Upgrade the connection to TLS.

        Raises:
            httpcore2.ConnectTimeout: If the handshake took longer than `timeout` seconds.
            httpcore2.ConnectError: If the handshake or the verification of the certificate failed.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            self._writer.transport.abort()
            raise httpcore2.ConnectTimeout(error) from error
        except OSError as error:  # ssl.SSLError is one
            self._writer.transport.abort()
            raise httpcore2.ConnectError(error) from error
        except BaseException:
            self._writer.transport.abort()
            raise
        return AsyncioStream(self._reader, self._writer)

    def get_extra_info(self, info: str) -> Any:
        """Return a property of the connection: `ssl_object`, `client_addr`, `server_addr`, `socket` or `is_readable`.

        `is_readable` is requested for each idle connection before each request: a connection with something to read was
        closed by the server, or holds data that belongs to no request.
        """
        if info == "is_readable":
            if self._messages is not None and self._messages.has_surplus:
                return True
            return self._reader.at_eof() or self._writer.is_closing() or self._has_kernel_data() or self._has_data()
        return self._writer.get_extra_info(_EXTRA_INFO.get(info, info))

    def _has_data(self) -> bool:
        # A read returns without suspending if and only if something is buffered.
        read = self._reader.read(1)
        try:
            read.send(None)
        except StopIteration:
            return True
        except RuntimeError:  # another task reads, which HTTP/2 does
            return False
        finally:
            read.close()
        return False


class MessageEndDetector:
    """Finds the end of each HTTP/1.1 response on a connection, to detect bytes that belong to no response.

    httpcore2 keeps such bytes and would read them as the response to the next request.

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
_EXTRA_INFO: Final = {"client_addr": "sockname", "server_addr": "peername"}


def _uses_http2(writer: asyncio.StreamWriter) -> bool:
    ssl_object: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    return ssl_object is not None and ssl_object.selected_alpn_protocol() == "h2"


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _build_poll(socket: Any) -> Callable[[], bool]:
    """Return a function that asks the kernel for unread data or a closed socket, which the loop has not noticed yet."""
    if socket is None or not hasattr(select, "poll"):
        return lambda: False
    poller = select.poll()
    poller.register(socket.fileno(), select.POLLIN)
    return lambda: socket.fileno() < 0 or bool(poller.poll(0))
