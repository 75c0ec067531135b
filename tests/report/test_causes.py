"""Likely causes of problems, and who acts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendcloud_integrations_client.report.causes import CAUSES, OTHER_CAUSE, find_cause


@pytest.mark.parametrize(
    ("exception_type", "status", "message", "cause", "actor"),
    [
        ("requests.exceptions.HTTPError", 401, "401 Client Error", "wrong credentials", "shop"),
        ("shop.ApiError", None, "Invalid API key or access token", "wrong credentials", "shop"),
        ("requests.exceptions.HTTPError", 403, "Forbidden", "access denied", "shop"),
        ("requests.exceptions.SSLError", 495, None, "TLS certificate error", "shop"),
        ("requests.exceptions.ConnectionError", None, "certificate verify failed", "TLS certificate error", "shop"),
        ("requests.exceptions.ConnectionError", None, "Name or service not known", "DNS error", "shop"),
        ("socket.gaierror", None, "[Errno -2]", "DNS error", "shop"),
        ("requests.exceptions.ConnectTimeout", None, None, "timeout", "shop"),
        ("requests.exceptions.ReadTimeout", None, "Read timed out.", "timeout", "shop"),
        ("requests.exceptions.HTTPError", 504, "Gateway Timeout", "timeout", "shop"),
        ("requests.exceptions.HTTPError", 429, "Too Many Requests", "rate limit", "Sendcloud"),
        ("requests.exceptions.HTTPError", 500, "token expired", "shop error", "shop"),
        ("requests.exceptions.HTTPError", 503, None, "shop error", "shop"),
        ("requests.exceptions.HTTPError", 404, "certificate", "removed endpoint", "shop"),
        ("requests.exceptions.HTTPError", 410, None, "removed endpoint", "shop"),
        ("requests.exceptions.HTTPError", 422, "Invalid value", "rejected data", "us"),
        ("requests.exceptions.JSONDecodeError", 200, "Expecting value: line 1", "invalid response", "shop"),
        ("requests.exceptions.ConnectionError", None, "Connection refused", "connection failed", "shop"),
        ("KeyError", None, "'order_id'", "error in Sendcloud", "Sendcloud"),
        (None, None, None, "other", "us"),
        ("Strange", 299, "What is this?", "other", "us"),
    ],
)
def test_find_cause_returns_the_likely_cause(
    exception_type: str | None, status: int | None, message: str | None, cause: str, actor: str
) -> None:
    found = find_cause(exception_type, status, message)
    assert (found.name, found.actor) == (cause, actor)


def test_each_status_has_at_most_one_cause_and_each_cause_a_next_step() -> None:
    statuses = [status for one in CAUSES for status in one.statuses]
    assert len(statuses) == len(set(statuses))
    assert len({one.name for one in (*CAUSES, OTHER_CAUSE)}) == len(CAUSES) + 1
    assert all(one.next_step.endswith(".") for one in (*CAUSES, OTHER_CAUSE))
    assert all(one.statuses or one.pattern for one in CAUSES)


@settings(max_examples=3 * settings().max_examples)
@given(st.none() | st.text(max_size=50), st.none() | st.integers(), st.none() | st.text(max_size=50))
def test_every_problem_has_a_cause(exception_type: str | None, status: int | None, message: str | None) -> None:
    assert find_cause(exception_type, status, message) in (*CAUSES, OTHER_CAUSE)


@pytest.mark.timeout(60)  # a hang guard: quadratic time takes minutes
def test_long_message_is_searched_in_linear_time() -> None:
    assert find_cause("X" * 500_000, None, "timed" * 100_000) is OTHER_CAUSE


def test_playbook_in_the_docs_contains_every_cause() -> None:
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    for one in (*CAUSES, OTHER_CAUSE):
        assert re.search(
            rf"^\| {one.name} \| [^|]+ \| {one.actor} \| {re.escape(one.next_step)} \|$", page, re.MULTILINE
        )
