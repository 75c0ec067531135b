"""Scenarios: which shops fail, and the seeded integrations and logs that result."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.testing import Scenario, SimulatedSendcloud
from sendcloud_integrations_client.testing.scenarios import build_scenario
from sendcloud_integrations_client.testing.timeline import Timeline

NOW = datetime(2026, 5, 4, 12, 0, 0, 600_000, tzinfo=UTC)
END = int(NOW.timestamp())
SCENARIOS = get_args(Scenario)


def build_server(**options: Any) -> SimulatedSendcloud:
    return SimulatedSendcloud(now=lambda: NOW, **options)


def read_lists(server: SimulatedSendcloud) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return all integrations, and all logs from the oldest to the newest."""

    async def read() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        transport = httpx.ASGITransport(server)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://sendcloud.test/api/v3", auth=("public", "secret")
        ) as client:
            integrations = (await client.get("/integrations")).json()["data"]
            logs: list[dict[str, Any]] = []
            url = "/integrations/logs?page_size=100"
            while url:
                response = await client.get(url)
                logs += response.json()["data"]
                link = response.links.get("next")
                url = f"/integrations/logs?{httpx.URL(link['url']).query.decode()}" if link else ""
            return integrations, logs[::-1]

    return asyncio.run(read())


def get_times(logs: list[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(log["created_at"]) for log in logs]


@pytest.mark.parametrize("scenario", ["mixed", "one_shop_failing", "bursty", "healthy"])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 7))])
def test_failing_integrations_have_recent_logs_since_they_fail(scenario: Scenario, seed: int) -> None:
    integrations, logs = read_lists(build_server(scenario=scenario, seed=seed))
    failing = {row["id"]: row["started_failing_at"] for row in integrations if row["started_failing_at"]}
    assert bool(failing) is (scenario != "healthy")
    for number, text in failing.items():
        since = datetime.fromisoformat(text)
        own = [log for log in logs if log["integration_id"] == number]
        recent = [log for log in own if datetime.fromisoformat(log["created_at"]) >= since]
        assert len(recent) >= 20
        # The shop fails in one way.
        assert Counter(log["exception_type"] for log in recent).most_common(1)[0][1] > 0.8 * len(recent)
        integration = next(row for row in integrations if row["id"] == number)
        assert datetime.fromisoformat(integration["last_fetched_at"]) < since < NOW


@pytest.mark.parametrize("seed", range(5))
def test_few_shops_have_most_failures_and_some_have_recovered(seed: int) -> None:
    integrations, logs = read_lists(build_server(seed=seed))
    counts = Counter(log["integration_id"] for log in logs)
    assert sum(count for _, count in counts.most_common(3)) > 0.6 * len(logs)
    assert min(counts.get(row["id"], 0) for row in integrations) < 0.05 * len(logs)
    healthy = {row["id"] for row in integrations if row["started_failing_at"] is None}
    recovered = [
        number
        for number in healthy
        if max(
            Counter(
                timestamp.date() for timestamp in get_times([log for log in logs if log["integration_id"] == number])
            ).values()
        )
        >= 15
    ]
    assert recovered


@pytest.mark.parametrize("scenario", ["mixed", "bursty"])
def test_logs_arrive_in_bursts(scenario: Scenario) -> None:
    _, logs = read_lists(build_server(scenario=scenario))
    gaps = sorted((later - earlier).total_seconds() for earlier, later in itertools.pairwise(get_times(logs)))
    mean = sum(gaps) / len(gaps)
    assert gaps[len(gaps) // 2] < mean / 4


def test_bursty_has_many_logs_within_minutes() -> None:
    _, logs = read_lists(build_server(scenario="bursty"))
    times = get_times(logs)
    busiest = max(Counter(timestamp.replace(second=0) for timestamp in times).values())
    assert busiest >= 30
    assert NOW - times[-1] < timedelta(minutes=1)


@pytest.mark.parametrize(
    "scenario", [name for name in SCENARIOS if name not in ("large_account", "expired_credentials")]
)
def test_all_times_are_before_the_current_time_of_the_server(scenario: Scenario) -> None:
    integrations, logs = read_lists(build_server(scenario=scenario, seed=3))
    times = get_times(logs)
    assert NOW - timedelta(days=91) < times[0]
    assert times[-1] < NOW
    assert times == sorted(times)
    for row in integrations:
        created, updated = (datetime.fromisoformat(row[name]) for name in ("created_at", "updated_at"))
        assert created < times[0] or row["id"] not in {log["integration_id"] for log in logs}
        assert created < updated < NOW
        assert row["last_fetched_at"] is None or created < datetime.fromisoformat(row["last_fetched_at"]) < NOW


def test_data_moves_with_the_clock_and_is_otherwise_the_same() -> None:
    later = NOW + timedelta(days=400)
    before, after = build_server(seed=9), SimulatedSendcloud(seed=9, now=lambda: later)
    (_, first), (_, second) = read_lists(before), read_lists(after)
    assert [log["integration_id"] for log in first] == [log["integration_id"] for log in second]
    assert {b - a for a, b in zip(get_times(first), get_times(second), strict=True)} == {timedelta(days=400)}


def test_logs_use_the_url_and_the_messages_of_their_shop() -> None:
    integrations, logs = read_lists(build_server())
    urls = {row["id"]: row["shop_url"].rstrip("/") for row in integrations}
    assert len(set(urls.values())) == len({row["shop_name"] for row in integrations}) == 10
    assert {log["base_url"] == urls[log["integration_id"]] for log in logs} == {True}
    assert all(log["full_url"] is None or log["full_url"].startswith(log["base_url"]) for log in logs)
    types = {log["exception_type"] for log in logs}
    assert {"requests.exceptions.HTTPError", "requests.exceptions.ConnectTimeout"} < types
    assert all(
        log["exception"].startswith(f"{log['response_code']} ")
        for log in logs
        if log["exception_type"] == "requests.exceptions.HTTPError"
    )


@pytest.mark.parametrize(
    ("scenario", "integrations", "logs"), [("healthy", 10, 40), ("one_shop_failing", 10, 300), ("bursty", 10, 5000)]
)
def test_scenario_sets_default_sizes_that_options_replace(scenario: Scenario, integrations: int, logs: int) -> None:
    rows, listed = read_lists(build_server(scenario=scenario))
    assert (len(rows), len(listed)) == (integrations, logs)
    rows, listed = read_lists(build_server(scenario=scenario, integrations=3, logs=17))
    assert (len(rows), len(listed)) == (3, 17)


def test_one_shop_failing_has_one_failing_shop() -> None:
    integrations, logs = read_lists(build_server(scenario="one_shop_failing"))
    [failing] = [row["id"] for row in integrations if row["started_failing_at"]]
    assert Counter(log["integration_id"] for log in logs)[failing] >= 0.85 * len(logs)


async def test_large_account_responds_without_delay() -> None:
    transport = httpx.ASGITransport(build_server(scenario="large_account"))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sendcloud.test/api/v3", auth=("public", "secret")
    ) as client:
        assert len((await client.get("/integrations")).json()["data"]) == 1000
        assert (await client.get("/integrations/logs?page_size=1")).json()["data"][0]["id"] == 1_000_000


async def test_expired_credentials_are_rejected_until_they_are_accepted() -> None:
    server = build_server(scenario="expired_credentials")
    transport = httpx.ASGITransport(server)
    token_url = "http://sendcloud.test/oauth2/token"
    form = {"grant_type": "client_credentials", "scope": "api"}
    async with httpx.AsyncClient(transport=transport, base_url="http://sendcloud.test/api/v3") as client:
        basic = ("public", "secret")
        assert (await client.get("/integrations", auth=basic)).status_code == 401
        assert (await client.post(token_url, data=form, auth=("client", "client-secret"))).status_code == 401
        server.accept_credentials()
        assert (await client.get("/integrations", auth=basic)).status_code == 200
        response = await client.post(token_url, data=form, auth=("client", "client-secret"))
        bearer = {"Authorization": f"Bearer {response.json()['access_token']}"}
        assert (await client.get("/integrations", headers=bearer)).status_code == 200
        server.reject_credentials()
        assert (await client.get("/integrations", headers=bearer)).status_code == 401


def test_unknown_scenario_raises_value_error() -> None:
    with pytest.raises(ValueError, match=r"'sunny'.*mixed, healthy, one_shop_failing"):
        SimulatedSendcloud(scenario="sunny")  # type: ignore[arg-type]


PLANS = st.builds(
    build_scenario,
    st.sampled_from(SCENARIOS),
    st.integers(0, 1000),
    st.integers(0, 60),
    st.integers(0, 4000),
)


@given(plan=PLANS, seed=st.integers(0, 1000))
def test_timeline_positions_and_times_are_inverse(plan: Any, seed: int) -> None:
    timeline = Timeline(plan, seed, END)
    times = [timeline.get_time(position) for position in range(plan.logs + 3)]
    assert times == sorted(set(times))
    assert all(time < END for time in times[: plan.logs])
    for position in range(0, plan.logs + 3, max(1, plan.logs // 50)):
        assert timeline.find_position(times[position]) == position
        assert timeline.find_position(times[position] - 0.5) == position
        assert timeline.find_position(times[position] + 0.5) == position + 1
    assert timeline.find_position(0) == 0


@given(plan=PLANS, seed=st.integers(0, 1000), start=st.floats(0, 1))
def test_timeline_lists_the_positions_of_each_shop(plan: Any, seed: int, start: float) -> None:
    timeline = Timeline(plan, seed, END)
    middle = round(start * plan.logs)
    by_shop: dict[int | None, list[int]] = {}
    for position in range(plan.logs):
        by_shop.setdefault(timeline.get_entry(position)[0], []).append(position)
    assert set(by_shop) <= (set(range(1, plan.integrations + 1)) or {None})
    for number in range(1, plan.integrations + 1):
        own = by_shop.get(number, [])
        assert list(timeline.iterate_newer(number, middle)) == [one for one in own if one >= middle]
        assert list(timeline.iterate_older(number, middle)) == [one for one in reversed(own) if one < middle]


def test_timeline_of_a_billion_logs_is_computed_on_demand() -> None:
    timeline = Timeline(build_scenario("mixed", 0, 500, 10**9), 0, END)
    assert datetime.fromtimestamp(timeline.get_time(0), UTC).year > 1990
    position = 123_456_789
    assert timeline.find_position(timeline.get_time(position)) == position
    assert len(list(itertools.islice(timeline.iterate_older(321, position), 100))) == 100
