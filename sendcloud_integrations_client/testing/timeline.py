"""Which shop fails when: a computed sequence of failures, so a million of them use no memory.

Positions start at 0, the oldest failure. The timeline is divided into segments, in each of which the same incidents are
ongoing. The positions of a segment are divided into blocks of equal size. A block arranges the failures of its shops in
one of a few layouts, and a shop that has failures in a segment has at least one in each block. Therefore the positions
of one shop can be computed too. Timestamps are whole seconds, and increase with the position.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import attrs

from .failures import Failure
from .hashing import hash_number
from .scenarios import Incident, ScenarioPlan

__all__ = ["Timeline"]

_LAYOUTS: Final = 4
_INCIDENT_BLOCK: Final = 40
_BACKGROUND_SHOPS: Final = 12
_LONGEST_RUN: Final = 8

Entry = tuple[int | None, Failure | None]
"""Integration id, and the failure of its incident. None: no integration; any failure."""


@attrs.frozen
class _Layout:
    """Order of the failures in a block."""

    entries: Sequence[Entry]
    offsets: Mapping[int | None, Sequence[int]]


@attrs.frozen(eq=False)
class _Composition:
    """Number of failures per block, by shop and failure. Segments share it."""

    counts: tuple[tuple[Entry, int], ...]
    size: int
    shops: frozenset[int | None]


@attrs.frozen
class _Segment:
    """A period with the same ongoing incidents.

    Attributes:
        first: First position.
        count: Number of positions, at least 1.
        start: Start in seconds since 1970.
        slot: Seconds per position.
        step: Seconds from one failure of a block to the next. A block ends with a pause.
        block: Composition of each block.
    """

    first: int
    count: int
    start: int
    slot: int
    step: int
    block: _Composition


class Timeline:
    """The failures of an account, by position.

    Args:
        plan: The scenario.
        seed: Seed of the layouts and of the times.
        end: Current time in seconds since 1970. All failures are earlier.

    Attributes:
        count: Number of failures.
        failing_since: Start of the ongoing incident of each failing shop, in seconds since 1970.
    """

    count: int
    failing_since: dict[int, int]

    def __init__(self, plan: ScenarioPlan, seed: int, end: int) -> None:
        self.count = plan.logs
        self.failing_since = {}
        self._seed = seed
        self._end = end
        self._segments = self._build_segments(plan)
        self._firsts = [segment.first for segment in self._segments]
        self._starts = [segment.start for segment in self._segments]
        self._get_layout = lru_cache(maxsize=256)(self._build_layout)

    def get_time(self, position: int) -> int:
        """Return the time of a position in seconds since 1970. Also defined for positions after the last one."""
        if position >= self.count:
            return self._end + position - self.count
        return self._get_time(self._segments[bisect_right(self._firsts, position) - 1], position)

    def find_position(self, seconds: float) -> int:
        """Return the first position that is not earlier than `seconds` since 1970. It can be after the last one."""
        if seconds > self._end:
            return self.count - int((self._end - seconds) // 1)
        index = bisect_right(self._starts, seconds) - 1
        if index < 0:
            return 0
        segment = self._segments[index]
        block, rest = divmod(int((seconds - segment.start) // 1), segment.block.size * segment.slot)
        offset = min(rest // segment.step, segment.block.size - 1)
        position = segment.first + block * segment.block.size + offset
        following = segment.first + segment.count
        if position < following and self._get_time(segment, position) < seconds:
            position += 1
        return min(position, following)

    def get_entry(self, position: int) -> Entry:
        """Return the shop of a position, and the failure if it belongs to an incident."""
        segment = self._segments[bisect_right(self._firsts, position) - 1]
        block, offset = divmod(position - segment.first, segment.block.size)
        return self._get_block_layout(segment, block).entries[offset]

    def iterate_older(self, integration_id: int, below: int) -> Iterator[int]:
        """Yield the positions of a shop that are less than `below`, newest first."""
        below = min(below, self.count)
        for segment in reversed(self._segments[: bisect_left(self._firsts, below)]):
            if integration_id not in segment.block.shops:
                continue
            size = segment.block.size
            last = min(below, segment.first + segment.count) - 1
            for block in range((last - segment.first) // size, -1, -1):
                first = segment.first + block * size
                offsets = self._get_block_layout(segment, block).offsets[integration_id]
                for index in range(bisect_right(offsets, last - first) - 1, -1, -1):
                    yield first + offsets[index]

    def iterate_newer(self, integration_id: int, at_least: int) -> Iterator[int]:
        """Yield the positions of a shop from `at_least` on, oldest first."""
        for segment in self._segments[max(0, bisect_right(self._firsts, at_least) - 1) :]:
            if integration_id not in segment.block.shops:
                continue
            size, end = segment.block.size, segment.first + segment.count
            start = max(at_least, segment.first)
            for block in range((start - segment.first) // size, -(-segment.count // size)):
                first = segment.first + block * size
                offsets = self._get_block_layout(segment, block).offsets[integration_id]
                for index in range(bisect_left(offsets, start - first), bisect_left(offsets, end - first)):
                    yield first + offsets[index]

    def _get_time(self, segment: _Segment, position: int) -> int:
        block, offset = divmod(position - segment.first, segment.block.size)
        jitter = hash_number(self._seed, position) % segment.step
        return segment.start + block * segment.block.size * segment.slot + offset * segment.step + jitter

    def _get_block_layout(self, segment: _Segment, block: int) -> _Layout:
        return self._get_layout(segment.block, hash_number(self._seed, segment.first + block) % _LAYOUTS)

    def _build_segments(self, plan: ScenarioPlan) -> list[_Segment]:
        """Divide the logs among the periods between the starts and ends of incidents."""
        periods = _plan_periods(plan)
        shops = sorted(range(1, plan.integrations + 1), key=lambda number: hash_number(self._seed, number))
        calm = _build_composition([((shop, None), max(1, 6 // (rank + 1))) for rank, shop in enumerate(shops)])
        segments: list[_Segment] = []
        first, time = 0, self._end - sum(period.seconds for period in periods)
        for period in periods:
            for incident in period.shares:
                if (incident.start, incident.end) == (period.start, 0):
                    self.failing_since[incident.integration_id] = time
            if period.count:
                slot = period.seconds // period.count
                block = _compose_incident(period, shops) if period.shares else calm
                segments.append(_Segment(first, period.count, time, slot, max(1, slot // 4), block))
            first, time = first + period.count, time + period.seconds
        return segments

    def _build_layout(self, block: _Composition, number: int) -> _Layout:
        """Arrange the failures of a block in runs of one shop each."""
        runs: list[tuple[int, list[Entry]]] = []
        for entry, count in block.counts:
            remaining = count
            while remaining:
                hashed = hash_number(self._seed ^ number, len(runs))
                length = min(remaining, 1 + hashed % _LONGEST_RUN)
                runs.append((hashed >> 8, [entry] * length))
                remaining -= length
        runs.sort(key=lambda run: run[0])
        entries = [entry for _, run in runs for entry in run]
        offsets: defaultdict[int | None, list[int]] = defaultdict(list)
        for offset, (integration_id, _) in enumerate(entries):
            offsets[integration_id].append(offset)
        return _Layout(entries, dict(offsets))


@attrs.frozen
class _Period:
    """A period between the starts and ends of incidents.

    Attributes:
        start: Start, in seconds before the current time.
        seconds: Duration.
        count: Number of logs.
        shares: Share of all logs that each ongoing incident has in this period.
        background: Share of all logs that belong to no incident.
    """

    start: int
    seconds: int
    count: int
    shares: Mapping[Incident, float]
    background: float


def _plan_periods(plan: ScenarioPlan) -> list[_Period]:
    """Return the periods, oldest first. Their counts add up to the number of logs."""
    edges = {plan.seconds, 0, *(edge for incident in plan.incidents for edge in (incident.start, incident.end))}
    background = (1 - sum(incident.share for incident in plan.incidents)) / plan.seconds
    periods: list[_Period] = []
    covered, assigned = 0.0, 0
    for start, end in pairwise(sorted(edges, reverse=True)):
        shares = {
            one: (start - end) / (one.start - one.end) * one.share
            for one in plan.incidents
            if one.start >= start and one.end <= end
        }
        covered += sum(shares.values()) + (start - end) * background
        total = round(covered * plan.logs) if end else plan.logs
        count, assigned = total - assigned, total
        # The time of a log is its cursor, so no two logs have the same one.
        seconds = max(start - end, count)
        periods.append(_Period(start, seconds, count, shares, (start - end) * background))
    return periods


def _compose_incident(period: _Period, shops: Sequence[int]) -> _Composition:
    """Return a block in which the shops of the ongoing incidents have most failures, and a few other shops have one."""
    per_share = _INCIDENT_BLOCK / (sum(period.shares.values()) + period.background)
    counts: list[tuple[Entry, int]] = [
        ((incident.integration_id, incident.failure), max(1, round(share * per_share)))
        for incident, share in period.shares.items()
    ]
    others = min(_BACKGROUND_SHOPS, round(period.background * per_share))
    return _build_composition([*counts, *(((shop, None), 1) for shop in shops[:others])])


def _build_composition(counts: Sequence[tuple[Entry, int]]) -> _Composition:
    counts = counts or [((None, None), 1)]
    return _Composition(tuple(counts), sum(count for _, count in counts), frozenset(shop for (shop, _), _ in counts))
