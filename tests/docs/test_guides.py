"""The defaults, errors and methods in the guides match the code."""

from __future__ import annotations

import inspect
import re
import tomllib
from functools import cached_property

import sendcloud_integrations_client as package
from sendcloud_integrations_client import (
    APIError,
    BasicAuth,
    RateLimits,
    RetryPolicy,
    SendcloudError,
    SendcloudIntegrations,
    api,
)
from sendcloud_integrations_client.generated.resources import Resources
from sendcloud_integrations_client.pipeline.retries import _NOT_PROCESSED_STATUSES, _RETRIED_STATUSES
from sendcloud_integrations_client.runtime.error_responses import STATUS_ERRORS
from sendcloud_integrations_client.transports.pooled import PooledTransport
from tests.support.paths import ROOT


def read_guide(name: str) -> str:
    """Return the text of a guide as one line."""
    return " ".join((ROOT / "docs" / f"{name}.md").read_text().split())


def read_rows(name: str) -> list[list[str]]:
    """Return the rows of all tables of a guide."""
    lines = (ROOT / "docs" / f"{name}.md").read_text().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_defaults_in_guides() -> None:
    policy, limits = RetryPolicy(), RateLimits()
    text = read_guide("retries-and-limits")
    assert f"up to {policy.max_attempts} attempts in total" in text
    first_delays = [f"{policy.base_delay * 2**n:g}" for n in range(4)]
    assert f"number of seconds between 0 and {', '.join(first_delays)} … (at most {policy.max_delay:g})" in text
    assert f"A call takes at most {policy.total_timeout:g} seconds, all attempts and waits included" in text
    assert ["reads (GET)", f"{limits.reads_per_minute:,} per minute"] in read_rows("retries-and-limits")
    write_limits = f"{limits.writes_per_minute} per minute and {limits.writes_per_second} per second"
    assert ["writes (all other methods)", write_limits] in read_rows("retries-and-limits")

    default = inspect.signature(SendcloudIntegrations).parameters["timeout"].default
    defaults = {row[0]: row[2] for row in read_rows("web-backend") if len(row) == 4}
    assert defaults["`timeout`"] == f"{default:g} s"
    assert defaults["`RetryPolicy.total_timeout`"] == f"{policy.total_timeout:g} s"
    max_connections = inspect.signature(PooledTransport).parameters["max_connections"].default
    assert f"**The connection limit is {max_connections} by default.**" in read_guide("web-backend")


def read_statuses(row: str) -> set[int]:
    """Return the status codes that a row of the table names, such as `408, 5xx except 501`."""
    included, _, excluded = row.partition("except")
    codes = set(map(int, re.findall(r"\b\d{3}\b", included)))
    if "5xx" in included:
        codes |= set(range(500, 600))
    return codes - set(map(int, re.findall(r"\b\d{3}\b", excluded)))


def test_retried_failures_in_guide() -> None:
    table = {row[0]: row[1:] for row in read_rows("retries-and-limits") if len(row) == 3}
    statuses = {row: read_statuses(row) for row in table}
    always_retried = next(
        numbers for row, numbers in statuses.items() if numbers and table[row] == ["retried", "retried"]
    )
    retried_if_safe = next(
        numbers for row, numbers in statuses.items() if numbers and table[row] == ["retried", "raised"]
    )
    assert always_retried == _NOT_PROCESSED_STATUSES
    assert retried_if_safe == _RETRIED_STATUSES - _NOT_PROCESSED_STATUSES
    not_idempotent = [
        name
        for group in api.__all__
        for name in getattr(api, group).__all__
        if not name.endswith("_detailed")
        and not inspect.getmodule(inspect.unwrap(getattr(getattr(api, group), name))).OPERATION.idempotent  # type: ignore[union-attr]
    ]
    assert not_idempotent == ["create_integration_log"]
    assert table["failure"][0] == "safe to repeat: all operations except `logs.create`"


def test_all_errors_are_in_the_table() -> None:
    errors = {
        name
        for name in package.__all__
        if isinstance(error := getattr(package, name), type) and issubclass(error, SendcloudError)
    }
    table = {row[0].strip("`"): row[1] for row in read_rows("errors") if re.fullmatch(r"`[A-Z]\w*`", row[0])}
    assert set(table) == errors - {SendcloudError.__name__, APIError.__name__}
    for status, error in STATUS_ERRORS.items():
        assert table[error.__name__].startswith(str(status))


def test_extras_in_quickstart_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    listed = {
        row[0].strip("`") for row in read_rows("quickstart")[2:] if len(row) == 2 and not row[0].startswith("`client.")
    }
    assert {"testing", "sync"} <= listed <= {*extras, "resource", "---"}


def test_all_methods_are_in_the_quickstart() -> None:
    client = SendcloudIntegrations(auth=BasicAuth("public", "secret"))
    expected = {
        f"`client.{resource}`": {
            name for name in dir(getattr(client, resource)) if not name.startswith("_") and name != "with_response"
        }
        for resource, member in vars(Resources).items()
        if isinstance(member, cached_property)
    }
    listed = {
        row[0]: set(re.findall(r"\w+", row[1])) for row in read_rows("quickstart") if row[0].startswith("`client.")
    }
    assert listed == expected
