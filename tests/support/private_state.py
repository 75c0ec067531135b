"""The only access of tests to private attributes of the package and of libraries.

Some guarantees have no public effect that a test can observe: that a lock was released, that objects of closed event
loops are dropped, or that a pause of many seconds has ended. Each function names the state that it reads or changes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import aiohttp
import httpcore2
import pytest

from sendcloud_integrations_client import SendcloudIntegrations
from sendcloud_integrations_client.auth import MemoryTokenStore, OAuth2ClientCredentials, TokenStore
from sendcloud_integrations_client.pagination import _SeenCursors  # pyright: ignore[reportPrivateUsage]
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget
from sendcloud_integrations_client.transports.aiohttp import AiohttpTransport
from sendcloud_integrations_client.transports.pooled import PooledTransport


def is_token_lock_held(auth: OAuth2ClientCredentials) -> bool:
    """Return whether a task of the running event loop holds the lock of token requests."""
    return auth._get_lock().locked()  # noqa: SLF001


def count_token_locks(auth: OAuth2ClientCredentials) -> int:
    """Return the number of event loops for which the credentials keep a lock."""
    return len(auth._locks)  # noqa: SLF001


def forget_token(auth: OAuth2ClientCredentials) -> None:
    """Remove the token from the credentials and from their store."""
    auth._token = None  # noqa: SLF001
    auth._store = MemoryTokenStore()  # noqa: SLF001


def get_token_store(auth: OAuth2ClientCredentials) -> TokenStore:
    """Return the token store of the credentials."""
    return auth._store  # noqa: SLF001


def get_token_key(auth: OAuth2ClientCredentials) -> str:
    """Return the key under which the credentials store their token."""
    return auth._token_key  # noqa: SLF001


def end_renewal_pause(auth: OAuth2ClientCredentials) -> None:
    """End the pause between two early renewals, which lasts for a quarter of `refresh_margin`."""
    auth._renew_from = 0.0  # noqa: SLF001


def get_rate_limit_budget(client: SendcloudIntegrations) -> LocalBudget | None:
    """Return the budget of the rate limit layer, which no public object refers to."""
    layer: Any = client.http._transport  # noqa: SLF001
    while not hasattr(layer, "_budget"):
        layer = layer._transport  # noqa: SLF001
    budget: LocalBudget | None = layer._budget  # noqa: SLF001
    return budget


def get_pool_usage(transport: PooledTransport) -> tuple[int, int]:
    """Return the number of busy connections and of queued or running requests in the pool for `http://`.

    A leaked slot shows here at once; from the outside it shows only if all slots of the pool have leaked.
    """
    assert transport._pools is not None  # noqa: SLF001
    pool: Any = transport._pools.by_scheme["http"]  # noqa: SLF001
    return sum(not connection.is_idle() for connection in pool.connections), len(pool._requests)  # noqa: SLF001


def count_acquired_slots(transport: AiohttpTransport) -> int:
    """Return the number of connection slots that requests hold in the session for `http://`."""
    assert transport._pools is not None  # noqa: SLF001
    session: Any = transport._pools.by_scheme["http"]  # noqa: SLF001
    free_slots: int = session._slots._value  # noqa: SLF001
    return transport._max_connections - free_slots  # noqa: SLF001


def block_aiohttp_connector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make aiohttp's connector wait forever before it opens a connection of any scheme."""

    async def wait_forever(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(aiohttp.TCPConnector, "_create_connection", wait_forever)


def block_aiohttp_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make aiohttp wait forever for a TCP connection, within its own connect timeout."""

    async def wait_forever(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(aiohttp.connector.aiohappyeyeballs, "start_connection", wait_forever)


def replace_httpcore2_ssl_context(monkeypatch: pytest.MonkeyPatch, create: Callable[..., ssl.SSLContext]) -> None:
    """Replace the function with which httpcore2 creates a default TLS context for a connection."""
    connection_module: Any = httpcore2._async.connection  # noqa: SLF001
    monkeypatch.setattr(connection_module, "default_ssl_context", create)


def suppress_destroyed_task_warning(task: asyncio.Task[Any]) -> None:
    """Keep asyncio from logging that a pending task was destroyed."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001


def add_seen_cursors(cursors: Iterable[str | None]) -> list[bool]:
    """Add cursors to the set by which an iteration detects repeated pages; return whether each one was new."""
    seen = _SeenCursors()
    return [seen.add(cursor) for cursor in cursors]
