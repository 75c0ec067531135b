"""The clients of a worker: one per account, which stay open between jobs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits
from sendcloud_integrations_client.profiles import Account

__all__ = ["ClientPool"]

_MAX_IDLE: Final = 256


class ClientPool:
    """Clients by account name. Rate limits and tokens of an account outlive its jobs.

    Args:
        rate_limits: Limits of each account. Defaults to None, Sendcloud's limits.
        max_idle: Number of clients without a job to keep. Defaults to 256.
    """

    def __init__(self, rate_limits: RateLimits | None = None, *, max_idle: int = _MAX_IDLE) -> None:
        self._rate_limits = rate_limits
        self._max_idle = max_idle
        self._idle: OrderedDict[str, tuple[Account, SendcloudIntegrations]] = OrderedDict()

    @asynccontextmanager
    async def use(self, account: Account) -> AsyncGenerator[SendcloudIntegrations]:
        """Open the client of an account, or take the open one.

        Args:
            account: The account. If it is another object than that of the open client, its credentials may have
                changed, so a new client is opened.

        Yields:
            The client. It stays open.

        Raises:
            ConfigurationError: If the credentials or the base URL are invalid.
        """
        known, client = self._idle.pop(account.name, (None, None))
        if client is not None and known is not account:
            await client.aclose()
            client = None
        if client is None:
            client = account.create_client(rate_limits=self._rate_limits)
        try:
            yield client
        finally:
            # A job of the same account that was taken over can end later than its successor.
            _, replaced = self._idle.pop(account.name, (None, None))
            self._idle[account.name] = account, client
            if replaced is not None:
                await replaced.aclose()
            while len(self._idle) > self._max_idle:
                _, (_, oldest) = self._idle.popitem(last=False)
                await oldest.aclose()

    async def aclose(self) -> None:
        """Close all clients without a job."""
        while self._idle:
            _, (_, client) = self._idle.popitem()
            await client.aclose()
