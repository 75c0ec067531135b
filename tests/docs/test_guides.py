"""The defaults, errors and methods in the guides match the code."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Awaitable, Callable
from functools import cached_property

import httpx
import pytest

import sendcloud_integrations_client as package
from sendcloud_integrations_client import (
    APIError,
    APIStatusError,
    BasicAuth,
    RateLimits,
    RetryPolicy,
    SendcloudError,
    SendcloudIntegrations,
    ServerError,
    api,
)
from sendcloud_integrations_client.generated.resources import Resources
from sendcloud_integrations_client.pipeline.retries import _NOT_PROCESSED_STATUSES, _RETRIED_STATUSES
from sendcloud_integrations_client.runtime.error_responses import STATUS_ERRORS
from sendcloud_integrations_client.testing import SimulatedSendcloud
from sendcloud_integrations_client.testing.routing import OPERATIONS
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
    defaults = {row[0]: row[2] for row in read_rows("timeouts") if len(row) == 4}
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


def test_errors_by_status_in_guide() -> None:
    rows = [row for row in read_rows("errors") if len(row) == 4 and re.match(r"\d{3}", row[0])]
    listed: dict[int, str] = {}
    for row in rows:
        statuses = [
            int(status) for status in re.findall(r"\d{3}", row[0].replace("520–524", "520, 521, 522, 523, 524"))
        ]
        names = re.findall(r"`(\w+)`", row[1])
        listed |= dict(zip(statuses, names if len(names) == len(statuses) else names * len(statuses), strict=False))
    assert {*STATUS_ERRORS, 301, 402, 408, 413, 425, 500, 501, 503} <= listed.keys()
    for status, name in listed.items():
        expected = STATUS_ERRORS.get(status, ServerError if status >= 500 else APIStatusError)
        assert name == expected.__name__, status


async def test_every_operation_of_the_simulated_sendcloud_is_in_the_guide() -> None:
    client = SendcloudIntegrations(auth=BasicAuth("public", "secret"))
    methods = {
        row[0].strip("`"): row[1] for row in read_rows("testing") if row[1].startswith(("`client.", "the token"))
    }
    assert methods.keys() == OPERATIONS
    with pytest.raises(ValueError, match=re.escape(", ".join(sorted(methods)))):
        SimulatedSendcloud().fail_next("unknown")
    for operation, calls in methods.items():
        for resource, method in re.findall(r"client\.(\w+)\.(\w+)\(", calls):
            assert callable(getattr(getattr(client, resource), method)), operation
    await client.aclose()


async def test_calls_in_the_guide_send_the_operation() -> None:
    server = SimulatedSendcloud(integrations=1, logs=1)
    methods = {row[0].strip("`"): row[1] for row in read_rows("testing") if row[1].startswith("`client.")}
    transport = httpx.ASGITransport(server)
    async with SendcloudIntegrations(
        auth=BasicAuth("public", "secret"), base_url="https://panel.sendcloud.sc/api/v3", transport=transport
    ) as client:
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "list_integrations": lambda: client.integrations.list(),
            "retrieve_integration": lambda: client.integrations.retrieve(1),
            "list_logs": lambda: client.logs.list(),
            "list_integration_logs": lambda: client.logs.list(integration_id=1),
            "list_shop_order_statuses": lambda: client.shop_order_statuses.list(1),
            "retrieve_status_mapping": lambda: client.status_mapping.retrieve(1),
            "update_integration": lambda: client.integrations.update(1, shop_name="x"),
            "create_integration_log": lambda: client.logs.create(1, base_url="https://shop.example"),
            "delete_integration": lambda: client.integrations.delete(1),
        }
        for operation, call in calls.items():
            await call()
            assert server.requests[-1].operation == operation
            source = inspect.getsource(call).partition("lambda: ")[2].partition("(")[0]
            assert f"`{source}(" in methods[operation]


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
    # A resource that is new in the document can be missing in the guide.
    assert {name: methods for name, methods in expected.items() if name in listed} == listed
    assert len(listed) >= 4
