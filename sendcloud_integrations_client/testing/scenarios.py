"""Scenarios: which shops of an account fail, when, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import attrs

from .failures import Failure
from .hashing import hash_number

__all__ = ["Incident", "Scenario", "ScenarioPlan", "build_scenario"]

Scenario = Literal["mixed", "healthy", "one_shop_failing", "expired_credentials", "large_account", "bursty"]
"""`mixed`: a few shops cause most failures; some of them still fail, others have recovered. `healthy`: no shop fails,
and there are few logs. `one_shop_failing`: one shop rejects its credentials since two days. `expired_credentials`: as
`mixed`, but the server rejects the account's credentials with 401. `large_account`: as `mixed`, with 1,000 integrations
and a million logs. `bursty`: most logs arrive in bursts of a few minutes, and the last burst has not ended."""

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_MAX_INCIDENTS: Final = 12
_ONGOING_FAILURES: Final[tuple[Failure, ...]] = (
    "access_revoked",
    "certificate_expired",
    "maintenance",
    "host_not_found",
)
_RECOVERED_FAILURES: Final[tuple[Failure, ...]] = (
    "maintenance",
    "connect_timeout",
    "server_error",
    "throttled",
    "invalid_json",
)


@attrs.frozen
class Incident:
    """A period in which one shop fails all the time.

    Attributes:
        integration_id: The shop.
        failure: Kind of failure.
        start: Start, in seconds before the current time.
        end: End, in seconds before the current time; 0 if the shop still fails.
        share: Share of the account's logs, from 0 to 1.
    """

    integration_id: int
    failure: Failure
    start: int
    end: int
    share: float


@attrs.frozen
class ScenarioPlan:
    """A scenario for one account.

    Attributes:
        integrations: Number of integrations.
        logs: Number of logs.
        incidents: The incidents, in any order.
        seconds: Period of the logs in seconds. It is longer if it has less than one second per log.
    """

    integrations: int
    logs: int
    incidents: tuple[Incident, ...]
    seconds: int = 90 * _DAY


def build_scenario(scenario: Scenario, seed: int, integrations: int | None, logs: int | None) -> ScenarioPlan:
    """Return the plan of a scenario.

    Args:
        scenario: Name of the scenario.
        seed: Seed that selects the failing shops and the times.
        integrations: Number of integrations; None for the default of the scenario.
        logs: Number of logs; None for the default of the scenario.

    Raises:
        ValueError: If the scenario is unknown.
    """
    if scenario not in get_args(Scenario):
        raise ValueError(f"Unknown scenario {scenario!r}: must be one of {', '.join(get_args(Scenario))}.")
    default_integrations, default_logs = {
        "healthy": (10, 40),
        "one_shop_failing": (10, 300),
        "large_account": (1000, 1_000_000),
        "bursty": (10, 5000),
    }.get(scenario, (10, 1000))
    count = default_integrations if integrations is None else integrations
    incidents: list[Incident] = []
    seconds = 90 * _DAY
    if count:
        shops = sorted(range(1, count + 1), key=lambda number: hash_number(seed ^ 0x5EED, number))
        match scenario:
            case "healthy":
                pass
            case "one_shop_failing":
                incidents = [Incident(shops[0], "access_revoked", 2 * _DAY, 0, 0.9)]
            case "bursty":
                incidents, seconds = _plan_bursts(shops, seed), 14 * _DAY
            case _:
                incidents = _plan_mixture(shops, seed)
    return ScenarioPlan(count, default_logs if logs is None else logs, tuple(incidents), seconds)


def _plan_mixture(shops: Sequence[int], seed: int) -> list[Incident]:
    ongoing_count = min(_MAX_INCIDENTS, max(1, round(len(shops) / 5)))
    recovered_count = min(_MAX_INCIDENTS, max(1, len(shops) // 3))
    incidents: list[Incident] = []
    for index, share in enumerate(_divide_share(0.5, ongoing_count)):
        # From three hours to nine days ago, with as many recent starts as old ones.
        start = round(3 * _HOUR * 72 ** _get_fraction(seed, 100 + index))
        failure = _ONGOING_FAILURES[(index + seed) % len(_ONGOING_FAILURES)]
        incidents.append(Incident(shops[index], failure, start, 0, share))
    for index, share in enumerate(_divide_share(0.3, recovered_count)):
        duration = round(20 * _MINUTE * 140 ** _get_fraction(seed, 200 + index))
        end = round(_DAY * (10 + 75 * _get_fraction(seed, 300 + index)))
        failure = _RECOVERED_FAILURES[(index + seed) % len(_RECOVERED_FAILURES)]
        shop = shops[(ongoing_count + index) % len(shops)]
        incidents.append(Incident(shop, failure, end + duration, end, share))
    return incidents


def _plan_bursts(shops: Sequence[int], seed: int) -> list[Incident]:
    incidents = [Incident(shops[0], "throttled", 6 * _MINUTE, 0, 0.1)]
    for index, share in enumerate(_divide_share(0.75, 8)):
        duration = round(_MINUTE * (5 + 15 * _get_fraction(seed, 200 + index)))
        end = round(_DAY * (0.1 + 13.5 * _get_fraction(seed, 300 + index)))
        failure = _RECOVERED_FAILURES[(index + seed) % len(_RECOVERED_FAILURES)]
        incidents.append(Incident(shops[index % min(3, len(shops))], failure, end + duration, end, share))
    return incidents


def _divide_share(total: float, count: int) -> list[float]:
    """Divide a share into unequal ones: the second is half of the first, the third is a third of it, and so on."""
    weights = [1 / (index + 1) for index in range(count)]
    return [total * weight / sum(weights) for weight in weights]


def _get_fraction(seed: int, number: int) -> float:
    return hash_number(seed, number) / 2**64
