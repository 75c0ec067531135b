"""The logs that exist from the start. They are computed on demand, so a million logs use no memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache, lru_cache
from typing import Final

from .failures import BACKGROUND_FAILURES, build_template
from .hashing import hash_number
from .shops import build_host, build_shop_name, get_shop_type
from .timeline import Timeline

__all__ = ["SeededLogs"]

# Number of rendered records to cache: about 8 MB, which reduces the response time to a fifth.
_CACHED_RECORDS: Final = 10_000
_CET: Final = timezone(timedelta(hours=1))


class SeededLogs:
    """The logs of a timeline, as JSON.

    Args:
        seed: Seed of the generated data.
        timeline: Time and shop of each log.
    """

    def __init__(self, seed: int, timeline: Timeline) -> None:
        self.count = timeline.count
        self._seed = seed
        self._timeline = timeline
        self._render_cached = lru_cache(maxsize=_CACHED_RECORDS)(self._render_uncached)
        self._get_host = cache(self._build_host)

    def get_created_at(self, position: int) -> int:
        """Return the creation time of a record in seconds since 1970. Also defined for positions after the last one."""
        return self._timeline.get_time(position)

    def find_position(self, seconds: float) -> int:
        """Return the first position that is not older than `seconds` since 1970. It can be after the last one."""
        return self._timeline.find_position(seconds)

    def iterate_older(self, integration_id: int, below: int) -> Iterator[int]:
        """Yield the positions of an integration that are less than `below`, newest first."""
        return self._timeline.iterate_older(integration_id, below)

    def iterate_newer(self, integration_id: int, at_least: int) -> Iterator[int]:
        """Yield the positions of an integration from `at_least` on, oldest first."""
        return self._timeline.iterate_newer(integration_id, at_least)

    def render(self, position: int) -> bytes:
        """Return the JSON of one record."""
        return self._render_cached(position)

    def _render_uncached(self, position: int) -> bytes:
        hashed = hash_number(self._seed, position)
        integration_id, failure = self._timeline.get_entry(position)
        if failure is None:
            failure = BACKGROUND_FAILURES[(hashed >> 8) % len(BACKGROUND_FAILURES)]
        seconds = self.get_created_at(position)
        if hashed & 1:
            created = datetime.fromtimestamp(seconds, _CET).isoformat()
        else:
            created = datetime.fromtimestamp(seconds, UTC).isoformat()[:19] + "Z"
        shop_type = "api" if integration_id is None else get_shop_type(integration_id)
        return _build_cached_template(failure, shop_type) % {
            b"id": b"%d" % (position + 1),
            b"integration": b"null" if integration_id is None else b"%d" % integration_id,
            b"host": b"shop.example" if integration_id is None else self._get_host(integration_id),
            b"order": b"%d" % (100_000 + (hashed >> 16) % 900_000),
            b"request": b"%016x" % hashed,
            b"created": created.encode(),
            b"day": created[:10].encode(),
        }

    def _build_host(self, integration_id: int) -> bytes:
        return build_host(build_shop_name(self._seed, integration_id)).encode()


_build_cached_template = cache(build_template)
