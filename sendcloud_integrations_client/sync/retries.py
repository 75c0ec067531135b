"""Retries of single calls of the sync: their time limit, and pages that are read again because they cannot be decoded.

A page can be unreadable as a whole, such as an HTML page with status 200. Usually the cause is temporary.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

import attrs

from sendcloud_integrations_client.errors import ResponseDecodeError
from sendcloud_integrations_client.pipeline.retries import RetryPolicy

__all__ = ["MAX_REREADS", "build_retry_policy", "find_unreadable_page", "read_again"]

T = TypeVar("T")

MAX_REREADS: Final = 3
"""Number of times that a page that cannot be read as a whole is read again before it is quarantined."""


def build_retry_policy(policy: RetryPolicy | None, give_up_after: float) -> RetryPolicy:
    """Return the retry policy for the calls of a sync.

    Many calls of a sync wait in the rate limit queue at the same time, longer than an interactive call may wait.

    Args:
        policy: The policy of the client; None for one attempt per call.
        give_up_after: Seconds after which the sync gives up.

    Returns:
        The policy with the same attempts and delays, and with a `total_timeout` of at least `give_up_after`.
    """
    if policy is None:
        policy = RetryPolicy(max_attempts=1)
    return attrs.evolve(policy, total_timeout=max(policy.total_timeout, give_up_after))


def find_unreadable_page(errors: Iterable[ResponseDecodeError]) -> ResponseDecodeError | None:
    """Return the error of a page that cannot be read as a whole; None if only single records cannot be decoded."""
    return next((error for error in errors if error.index is None), None)


async def read_again(
    read: Callable[[Callable[[ResponseDecodeError], None]], Awaitable[T]], policy: RetryPolicy
) -> tuple[T, list[ResponseDecodeError]]:
    """Read an unreadable page again, with the delays of the policy, until it is readable or `MAX_REREADS` is reached.

    Args:
        read: Reads the page; its argument is the callback for decode errors.
        policy: Retry policy of the sync; its `max_attempts` does not apply.

    Returns:
        The result of the last read, and its decode errors.

    Raises:
        SendcloudError: If a read fails.
    """
    reread = 0
    while True:
        reread += 1
        await asyncio.sleep(policy.get_delay(reread, None, random.uniform))
        errors: list[ResponseDecodeError] = []
        result = await read(errors.append)
        if reread == MAX_REREADS or find_unreadable_page(errors) is None:
            return result, errors
