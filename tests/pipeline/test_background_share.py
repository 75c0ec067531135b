"""The rules for background calls in exact numbers: reserve, burst, rate, floor, and when to try again.

All windows have 240 slots per 60 seconds, and the time is 0 if a test does not say otherwise.
"""

from __future__ import annotations

import math

import pytest

from sendcloud_integrations_client.pipeline.background_share import BackgroundShare
from sendcloud_integrations_client.pipeline.rate_limits import Window


def build_window(
    *, limit: int = 240, interactive: tuple[float, ...] = (), background: tuple[float, ...] = ()
) -> Window:
    """Build a window in which each slot that is taken becomes free at a time."""
    window = Window(limit, 60.0)
    window.freed_at.extend(interactive)
    window.background_freed_at.extend(background)
    window.background_used = len(background)
    window.free = limit - len(interactive) - len(background)
    return window


def count_permitted(share: BackgroundShare, window: Window) -> int:
    """Return how many slots background calls get if none of them is paced."""
    for count in range(1000):
        if not share.may_take(0.0):
            return count
        window.free -= 1
        window.background_used += 1
    return 1000


def take_all(share: BackgroundShare, window: Window, now: float) -> int:
    """Take slots until none is permitted; return how many were taken."""
    for count in range(1000):
        if not share.may_take(now):
            return count
        window.free -= 1
        window.background_used += 1
        share.take()
    return 1000


@pytest.mark.parametrize(
    ("interactive", "reserve", "permitted"),
    [
        ((), 0.02, 235),  # 240 - ⌈240 × 0.02⌉
        ((), 0.0, 240),
        ((), 1.0, 24),  # the floor: a tenth of the limit
        ((10.0,) * 40, 0.02, 190),  # 240 - 40 × 1.25
        ((10.0,) * 3, 0.02, 235),
        ((10.0,) * 41, 0.02, 188),  # 240 - ⌈41 × 1.25⌉
        ((50.0,) * 20, 0.02, 215),  # taken 10 s ago: not in the last sixth of the window
        ((50.1,) * 20, 0.02, 120),  # taken less than 10 s ago: as if there were 6 × 20 per window
        ((10.0,) * 20 + (55.0,) * 10, 0.02, 180),
    ],
)
def test_reserve_leaves_slots_for_interactive_calls(
    interactive: tuple[float, ...], reserve: float, permitted: int
) -> None:
    window = build_window(interactive=interactive)
    assert count_permitted(BackgroundShare(window, reserve), window) == permitted


def test_calls_in_flight_count_as_recent_interactive_calls() -> None:
    window = build_window()
    window.free -= 10
    assert count_permitted(BackgroundShare(window, 0.02), window) == 180


@pytest.mark.parametrize(("limit", "floor"), [(240, 24), (249, 24), (15, 1), (5, 1)])
def test_a_tenth_of_the_limit_is_the_floor(limit: int, floor: int) -> None:
    window = Window(limit, 60.0)
    share = BackgroundShare(window, 0.02)
    window.background_used = floor - 1
    assert share.is_below_floor()
    window.background_used = floor
    assert not share.is_below_floor()


def test_burst_is_a_quarter_of_the_share() -> None:
    window = build_window()
    share = BackgroundShare(window, 0.02)
    assert take_all(share, window, 0.0) == 58  # ⌊235 / 4⌋
    assert share.get_next_attempt(0.0) == pytest.approx(0.25 / (235 / 60))  # 0.75 tokens are left


def test_below_the_floor_calls_are_not_paced_and_cost_tokens() -> None:
    window = build_window()
    share = BackgroundShare(window, 1.0)  # the share is the floor, 24, and the burst 6
    assert take_all(share, window, 0.0) == 24
    # Nothing is available, and no slot is known to become free.
    assert share.get_next_attempt(0.0) == 1.0
    window.free += 24
    window.background_used = 0
    assert share.may_take(0.0)


def test_tokens_are_added_at_the_rate_up_to_the_burst() -> None:
    window = build_window()
    share = BackgroundShare(window, 0.02)
    take_all(share, window, 0.0)
    assert take_all(share, window, 10.0) == 39  # 0.75 + 10 × 235 / 60 = 39.9
    assert take_all(share, window, 40.0) == 58


def test_bucket_holds_one_token_at_least() -> None:
    window = build_window(limit=3)
    share = BackgroundShare(window, 0.0)
    assert share.may_take(0.0)
    share.take()
    window.background_used = 1  # the floor
    window.free = 2
    assert not share.may_take(0.0)
    assert share.may_take(60.0)


def test_rate_is_what_the_slots_that_become_free_sustain() -> None:
    # 55 slots are free now, the others after 31 s: the fewest per second until then are at the sixth step of 5 s.
    window = build_window(background=(31.0,) * 180)
    share = BackgroundShare(window, 0.02)
    assert take_all(share, window, 0.0) == 55
    window.free += 55
    window.background_used -= 55
    window.freed_at.clear()
    share.take()  # no token is left before: 58 - 55 = 3
    share.take()
    share.take()
    assert not share.may_take(0.0)
    assert share.get_next_attempt(0.0) == pytest.approx((1 - 0.75) / (55 / 30))


def test_slots_that_become_free_at_a_step_count_for_it() -> None:
    window = build_window(background=(30.0,) * 180)
    share = BackgroundShare(window, 0.02)
    for _ in range(58):
        assert share.may_take(0.0)
        share.take()
    assert share.get_next_attempt(0.0) == pytest.approx((1 - 0.75) / (55 / 25))


def test_rate_is_computed_200_times_per_window() -> None:
    window = build_window()
    share = BackgroundShare(window, 0.02)
    take_all(share, window, 0.0)
    window.free += 58
    window.background_used = 24
    window.background_freed_at.extend([59.0] * 24)
    assert not share.may_take(0.0)
    before = share.get_next_attempt(0.0)
    assert before == pytest.approx(0.25 / (235 / 60))
    window.limit = 120  # from now on, the share is 120 - 5
    window.free -= 120
    assert not share.may_take(0.01)
    tokens = 0.75 + 0.01 * 235 / 60
    assert share.get_next_attempt(0.01) == pytest.approx(0.01 + (1 - tokens) / (235 / 60))
    share.may_take(0.3)
    taken = take_all(share, window, 0.3)
    assert taken == 1  # 0.75 + 0.3 × 235 / 60 = 1.9
    left = 0.75 + 0.3 * 235 / 60 - 1
    expected = 0.3 + (1 - left) / ((120 - 5 - 24) / 55)
    assert share.get_next_attempt(0.3) == pytest.approx(min(expected, 1.3))


@pytest.mark.parametrize(("freed_at", "attempt"), [(0.4, 0.4), (30.0, 1.0), (-0.1, 0.0)])
def test_waiters_try_again_when_a_slot_becomes_free_or_after_a_second(freed_at: float, attempt: float) -> None:
    window = build_window(background=(freed_at,) * 240)
    share = BackgroundShare(window, 0.02)
    assert share.get_next_attempt(0.0) == attempt


def test_waiters_with_a_token_try_again_at_once() -> None:
    window = build_window()
    share = BackgroundShare(window, 0.02)
    assert share.get_next_attempt(7.0) == 7.0


@pytest.mark.parametrize(("used", "attempt"), [(234, 7.0), (235, 7.5)])
def test_waiters_with_a_token_try_again_at_once_if_one_slot_is_available(used: int, attempt: float) -> None:
    window = build_window(background=(7.5,) * used)  # of 235
    assert BackgroundShare(window, 0.02).get_next_attempt(7.0) == attempt


def test_waiters_without_a_rate_try_again_after_a_second() -> None:
    window = build_window(limit=24)
    window.free = 0
    window.background_used = 3
    share = BackgroundShare(window, 0.0)
    assert not share.may_take(0.0)
    window.free = 21  # slots became free, but the rate is computed at the next update
    assert share.may_take(0.0)
    for _ in range(6):
        share.take()
    assert not share.may_take(0.0)
    assert share.get_next_attempt(0.0) == 1.0


def test_window_frees_slots_at_their_time() -> None:
    window = build_window(interactive=(1.0, 2.0), background=(1.5, 3.0))
    assert window.get_next_free() == 1.0
    window.expire(1.0)
    assert (window.free, window.background_used, window.get_next_free()) == (237, 2, 1.5)
    window.expire(2.0)
    assert (window.free, window.background_used, window.get_next_free()) == (239, 1, 3.0)
    window.expire(3.0)
    assert (window.free, window.background_used, window.get_next_free()) == (240, 0, math.inf)
