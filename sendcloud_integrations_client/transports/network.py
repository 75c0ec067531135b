"""Network backend of the default transport: httpcore2's network interface on asyncio streams.

Why not httpcore2's own backend: it uses anyio, whose streams wait for unsent data when they are closed (4.12 to 4.15)
and which adds the cost of a cancel scope to each read and write. Closing here never waits: it aborts the connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import select
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpcore2

from sendcloud_integrations_client.runtime.message_end import MessageEndDetector

__all__ = ["AsyncioBackend", "AsyncioStream"]

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
