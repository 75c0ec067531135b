"""Tests of the arguments of `sync_logs`: which values are accepted, and the messages for all others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sendcloud_integrations_client import InvalidInputError
from sendcloud_integrations_client.sync import Redaction, sync_accounts, sync_logs
from sendcloud_integrations_client.sync.run_options import RunOptions, validate_account_names

DEFAULTS: dict[str, Any] = {
    "source": "account",
    "integrations": None,
    "since": None,
    "lookback": timedelta(hours=1),
    "full_check_every": timedelta(days=7),
    "full": False,
    "concurrency": 8,
    "page_size": 100,
    "dry_run": False,
    "redaction": Redaction(),
    "give_up_after": timedelta(minutes=15),
    "if_running": "take-over",
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"source": "integrations"},
        {"integrations": ()},
        {"integrations": {1, 2**63 - 1}},
        {"since": datetime(2024, 1, 1, tzinfo=UTC)},
        {"since": timedelta(days=1)},
        {"lookback": timedelta(0)},
        {"full_check_every": None},
        {"concurrency": 1},
        {"page_size": 1},
        {"redaction": None},
        {"give_up_after": timedelta(0)},
        {"if_running": "skip"},
        {"if_running": "wait"},
    ],
    ids=str,
)
def test_documented_values_are_accepted(values: dict[str, Any]) -> None:
    RunOptions(**DEFAULTS | values)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("source", "accounts", "must be account or integrations"),
        ("integrations", 7, "must be a collection of ids or None, not int"),
        ("integrations", [0], "must contain only integers from 1 to 2**63 - 1"),
        ("integrations", [1, 2**63], "must contain only integers from 1 to 2**63 - 1"),
        ("since", "30d", "must be a datetime, a timedelta or None, not str"),
        ("lookback", None, "must be a timedelta, not NoneType"),
        ("lookback", timedelta(microseconds=-1), "must not be negative"),
        ("full_check_every", 7, "must be a timedelta or None, not int"),
        ("concurrency", "8", "must be an integer, not str"),
        ("concurrency", 0, "must be at least 1"),
        ("page_size", None, "must be an integer, not NoneType"),
        ("page_size", 0, "must be between 1 and 100"),
        ("page_size", 101, "must be between 1 and 100"),
        ("redaction", False, "must be a Redaction or None, not bool"),
        ("give_up_after", 900, "must be a timedelta, not int"),
        ("give_up_after", timedelta(microseconds=-1), "must not be negative"),
        ("if_running", "stop", "must be skip, wait or take-over"),
    ],
)
def test_other_values_are_rejected_with_the_rule(name: str, value: Any, rule: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        RunOptions(**DEFAULTS | {name: value})
    assert str(caught.value) == f"Invalid argument {name} for sync_logs: {rule}. No request was sent."


@pytest.mark.parametrize(
    ("source", "integrations", "expected"),
    [("account", None, True), ("account", [1], False), ("account", [], False), ("integrations", None, False)],
)
def test_account_wide_list_is_read_unless_integrations_are_selected(
    source: str, integrations: Any, expected: bool
) -> None:
    options = RunOptions(**DEFAULTS | {"source": source, "integrations": integrations})
    assert options.reads_account_list is expected


@pytest.mark.parametrize("names", [[], ["default"], ["", "Tulip Bikes é"]])
def test_any_storable_text_is_the_name_of_an_account(names: list[str]) -> None:
    validate_account_names(names)


@pytest.mark.parametrize("name", ["a\0", "\ud800", 7, None])
def test_other_names_of_accounts_are_rejected(name: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        validate_account_names(["default", name])
    assert (caught.value.operation, caught.value.field) == ("sync_logs", "account")
    assert caught.value.rule == "must be text without NUL characters and lone surrogates"


@pytest.mark.parametrize("sync", [sync_logs, sync_accounts])
async def test_path_instead_of_a_store_is_rejected(sync: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"store for sync_\w+: must be a LogStore such as .*, not str"):
        await sync({}, "logs.db")
