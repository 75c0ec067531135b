"""What the guides say of defaults, errors and methods is what the code does."""

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
    retries,
)
from sendcloud_integrations_client.errors import _BY_STATUS
from sendcloud_integrations_client.generated.resources import Resources
from sendcloud_integrations_client.transport import PooledTransport
from tests.test_docs import ROOT


def guide(name: str) -> str:
    """The text of a guide, on one line."""
    return " ".join((ROOT / "docs" / f"{name}.md").read_text().split())


def rows(name: str) -> list[list[str]]:
    """The rows of a guide's tables."""
    lines = (ROOT / "docs" / f"{name}.md").read_text().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_the_defaults() -> None:
    policy, limits = RetryPolicy(), RateLimits()
    text = guide("retries-and-limits")
    assert f"Up to {policy.max_attempts} attempts in all" in text
    first = [f"{policy.base_delay * 2**n:g}" for n in range(4)]
    assert f"between 0 and {', '.join(first)} … seconds ({policy.max_delay:g} at most)" in text
    assert f"later than {policy.total_timeout:g} seconds after the call's start" in text
    assert ["that change nothing (GET)", f"{limits.safe_per_minute:,} a minute"] in rows("retries-and-limits")
    burst = f"{limits.unsafe_per_minute} a minute, and {limits.unsafe_burst_per_second} a second"
    assert ["others", burst] in rows("retries-and-limits")

    default = inspect.signature(SendcloudIntegrations).parameters["timeout"].default
    bounds = {row[0]: row[2] for row in rows("web-backend") if len(row) == 4}
    assert bounds["`timeout`"] == f"{default:g} s"
    assert bounds["`RetryPolicy.total_timeout`"] == f"{policy.total_timeout:g} s"
    most = inspect.signature(PooledTransport).parameters["max_connections"].default
    assert f"**{most} connections** is the default most" in guide("web-backend")


def test_what_is_retried() -> None:
    table = {row[0]: row[1:] for row in rows("retries-and-limits") if len(row) == 3}
    statuses = {row: set(map(int, re.findall(r"\d{3}", row))) for row in table}
    everywhere = next(numbers for row, numbers in statuses.items() if numbers and table[row] == ["retried", "retried"])
    if_safe = next(numbers for row, numbers in statuses.items() if numbers and table[row] == ["retried", "raised"])
    assert everywhere == retries._NOT_ACTED_ON
    assert if_safe == retries._RETRIED - retries._NOT_ACTED_ON
    unsafe = [
        name
        for group in api.__all__
        for name in getattr(api, group).__all__
        if not name.endswith("_detailed")
        and not inspect.getmodule(inspect.unwrap(getattr(getattr(api, group), name))).OPERATION.idempotent  # type: ignore[union-attr]
    ]
    assert unsafe == ["create_integration_log"]
    assert "safe to send twice: everything but `logs.create`" in table[""][0]


def test_every_error_is_in_the_table() -> None:
    errors = {
        name
        for name in package.__all__
        if isinstance(error := getattr(package, name), type) and issubclass(error, SendcloudError)
    }
    table = {row[0].strip("`"): row[1] for row in rows("errors")[2:]}
    assert set(table) == errors - {SendcloudError.__name__, APIError.__name__}
    for status, error in _BY_STATUS.items():
        assert table[error.__name__].startswith(str(status))


def test_the_extras_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    told = {row[0].strip("`") for row in rows("quickstart")[2:] if len(row) == 2 and not row[0].startswith("`client.")}
    assert {"testing", "sync"} <= told <= {*extras, "on the client", "---"}


def test_every_method_is_in_the_quickstart() -> None:
    client = SendcloudIntegrations(auth=BasicAuth("public", "secret"))
    expected = {
        f"`client.{resource}`": {name for name in dir(getattr(client, resource)) if not name.startswith("_")}
        for resource, member in vars(Resources).items()
        if isinstance(member, cached_property)
    }
    told = {row[0]: set(re.findall(r"\w+", row[1])) for row in rows("quickstart") if row[0].startswith("`client.")}
    assert told == expected
