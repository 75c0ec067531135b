"""Faults that pass: which failures of a sync are retried, for how long, and at which intervals.

The client retries each call a few times. The rules here apply after that, to what a run does with the network and with
the database: the run waits and repeats it, until it works or the account has had no success for `give_up_after`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import httpx

from sendcloud_integrations_client.errors import (
    APIConnectionError,
    APIStatusError,
    SendcloudError,
    to_single_line,
)
from sendcloud_integrations_client.sync.errors import StoreError
from sendcloud_integrations_client.sync.stop_signal import StopSignal

__all__ = ["FaultRetries", "is_temporary"]

T = TypeVar("T")

_FIRST_DELAY: Final = 1.0  # seconds
_MAX_DELAY: Final = 30.0  # seconds
_PERMANENT_CAUSES: Final = (ssl.CertificateError, httpx.UnsupportedProtocol, httpx.LocalProtocolError)
# 500 is not among them: it is usually caused by the data of one request, and another request would succeed.
_TEMPORARY_STATUSES: Final = frozenset({408, 425, 429, 502, 503, 504, *range(520, 525)})

_logger = logging.getLogger("sendcloud_integrations_client")


def is_temporary(error: SendcloudError) -> bool:
    """Whether an error can pass without a change of credentials, options, data or code.

    That applies to lost connections, timeouts, an unavailable server (429, 502 to 504, 520 to 524), and database errors
    that a reconnect can cure.
    """
    match error:
        case StoreError():
            return error.is_temporary
        case APIConnectionError():
            return not _has_permanent_cause(error)
        case APIStatusError():
            return error.status_code in _TEMPORARY_STATUSES
        case _:
            return False


class FaultRetries:
    """Repeats what fails for a time, for all lists of one account.

    A failure is retried until the account has had no success for `give_up_after`. After that, failures are raised at
    once, until something of the account succeeds and fails again. An account gives up once per run at most: lists that
    fail later, while others work, are not retried.

    Args:
        account: Name of the account, for the log.
        give_up_after: Seconds; 0 disables retries.
        stop_signal: Stop signal of the run; it ends waits.
        on_fault: Called with the reason when a wait starts, and with None when something has succeeded afterwards.
        clock: Returns the current time in seconds.
        sleep: Waits for a number of seconds.
        draw: Returns a random number between two.
    """

    def __init__(
        self,
        account: str,
        give_up_after: float,
        stop_signal: StopSignal,
        on_fault: Callable[[str | None], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._account = account
        self._give_up_after = give_up_after
        self._stop_signal = stop_signal
        self._on_fault = on_fault
        self._clock = clock
        self._sleep = sleep
        self._draw = draw
        self._last_success = clock()
        self._successes = 0
        self._is_failing = self._has_given_up = False

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await `work()`, again after each failure that can pass.

        Args:
            work: Starts the work. It must continue where the last attempt failed.

        Returns:
            The result of the attempt that succeeded.

        Raises:
            SendcloudError: If the failure cannot pass, or the account had no success for too long.
            StopRequestedError: If the run has to stop.
        """
        longest_delay, successes, started = _FIRST_DELAY, self._successes, self._clock()
        while True:
            try:
                result = await work()
            except SendcloudError as error:
                if not is_temporary(error) or self._has_given_up:
                    raise
                if successes != self._successes:
                    longest_delay, successes = _FIRST_DELAY, self._successes
                remaining = max(self._last_success, started) + self._give_up_after - self._clock()
                if remaining <= 0:
                    self._has_given_up = True
                    raise
                await self._wait(error, longest_delay, remaining)
                longest_delay = min(2 * longest_delay, _MAX_DELAY)
            else:
                self.note_success()
                return result

    def note_success(self) -> None:
        """Note that the network and the database work, for example because a page was stored."""
        self._last_success = self._clock()
        self._successes += 1
        if self._is_failing:
            self._is_failing = False
            _logger.info("Sync of account %s: continues.", self._account)
            self._on_fault(None)

    async def _wait(self, error: SendcloudError, longest_delay: float, remaining: float) -> None:
        # Jitter, so that the accounts of a process do not return together.
        delay = min(self._draw(longest_delay / 2, longest_delay), remaining)
        reason = to_single_line(str(error)).rstrip(".")
        _logger.log(
            logging.INFO if self._is_failing else logging.WARNING,  # one warning per outage
            "Sync of account %s: %s. Trying again in %.1f s; giving up in %.0f s.",
            self._account,
            reason,
            delay,
            remaining,
        )
        self._is_failing = True
        self._on_fault(reason)
        await self._stop_signal.wait_for(self._sleep(delay))


def _has_permanent_cause(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _PERMANENT_CAUSES):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
