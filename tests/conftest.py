"""What all tests share."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from sendcloud_integrations_client import client
from sendcloud_integrations_client.aiohttp_transport import AiohttpTransport
from sendcloud_integrations_client.testing import SimulatedSendcloud
from sendcloud_integrations_client.transport import PooledTransport
from tests.postgresql import running_postgresql
from tests.wire_contract import violations

# No deadline: the machines that run this are shared. The counts keep the whole suite under two minutes on two cores.
settings.register_profile("suite", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

if os.environ.get("SENDCLOUD_TEST_TRANSPORT") == "aiohttp":
    # What the client makes for itself; a test of the other transport makes its own.
    client.PooledTransport = (  # type: ignore[misc]
        lambda http2: PooledTransport(http2=True) if http2 else AiohttpTransport()  # type: ignore[assignment]
    )

_found: list[str] = []
_answer = SimulatedSendcloud._answer


def _checked_answer(self: SimulatedSendcloud, request: Any, methods: Any) -> Any:
    answer = _answer(self, request, methods)
    if request.operation not in ("", "token"):
        _found.extend(violations(request.operation, answer))
    return answer


# For the whole run, so that every simulated Sendcloud of every test is held to the contract.
SimulatedSendcloud._answer = _checked_answer  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def answers_keep_to_the_contract() -> Iterator[None]:
    """Fails a test during which the simulated Sendcloud, faults aside, gave an answer that the contract forbids."""
    _found.clear()
    yield
    assert not _found, "\n".join(_found)


@pytest.fixture(scope="session")
def new_postgresql_database() -> Iterator[Callable[[], str]]:
    """Makes an empty database on a real PostgreSQL server and gives its URL."""
    with running_postgresql() as new_database:
        yield new_database
