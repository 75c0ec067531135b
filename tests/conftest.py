"""Settings and fixtures that all tests share."""

import asyncio
import gc
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from itertools import zip_longest
from pathlib import Path

import pytest
import typer.main
import typer.testing
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import make_url

from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync import store as store_module
from sendcloud_integrations_client.testing import SimulatedSendcloud
from sendcloud_integrations_client.testing.messages import Request, SimulatedResponse
from sendcloud_integrations_client.transports import selection
from sendcloud_integrations_client.transports.aiohttp import AiohttpTransport
from sendcloud_integrations_client.transports.pooled import PooledTransport
from tests.support.copied_schema import CopiedSchema
from tests.support.postgresql import PostgresqlServer, running_postgresql
from tests.support.valkey import ValkeyServer, running_valkey
from tests.support.wire_contract import find_violations

# Imports create many objects and hardly any garbage. `pytest_collection_finish` enables it again.
gc.disable()

# No deadline, because test machines are shared. The same examples in each run, so that a run fails because of a change
# and not because of its examples. With few examples, `make test` takes less than three minutes on two cores;
# `make test-long` tests all properties again with many examples.
settings.register_profile(
    "suite", max_examples=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("many", settings.get_profile("suite"), max_examples=60)
settings.register_profile("explore", settings.get_profile("suite"), max_examples=500, derandomize=False)
settings.load_profile("suite")

# A shell ignores SIGINT for the jobs that it starts in the background. Processes started by a test would inherit that,
# and tests interrupt them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

if os.environ.get("SENDCLOUD_TEST_TRANSPORT") == "aiohttp":
    # Replaces the transport that a client builds by default. Tests of a particular transport build their own.
    selection.PooledTransport = (  # type: ignore[misc]
        lambda http2: PooledTransport(http2=True) if http2 else AiohttpTransport()  # type: ignore[assignment]
    )


def pytest_collection(session: pytest.Session) -> None:
    """In a process of pytest-xdist that runs all tests, import the test modules before they are collected.

    Each process begins with another module. The first import of a module rewrites its assertions and stores the result
    in a file. Processes that import in the same order would do this for each module at the same time.
    """
    worker, count = os.environ.get("PYTEST_XDIST_WORKER"), os.environ.get("PYTEST_XDIST_WORKER_COUNT")
    if worker is None or count is None or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    folder = Path(__file__).parent
    modules = [
        ".".join(path.relative_to(folder.parent).with_suffix("").parts) for path in sorted(folder.rglob("test_*.py"))
    ]
    start = len(modules) * int(worker.removeprefix("gw")) // int(count)
    for name in [*modules[start:], *modules[:start]]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # The collection imports the module again and reports the error or the reason to skip it.
            with suppress(Exception, pytest.skip.Exception):
                import_module(name)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest tests first, so that no process waits for one of them at the end.

    They alternate with others, because each process of pytest-xdist begins with two tests.
    """
    longest = sorted((item for item in items if _get_expected_minutes(item)), key=_get_expected_minutes, reverse=True)
    others = [item for item in items if not _get_expected_minutes(item)]
    pairs = zip_longest(longest, others[: len(longest)])
    items[:] = [*(item for pair in pairs for item in pair if item is not None), *others[len(longest) :]]


def _get_expected_minutes(item: pytest.Item) -> float:
    marker = item.get_closest_marker("long")
    return float(marker.kwargs.get("minutes", 0)) if marker else 0.0


def pytest_collection_finish() -> None:
    """Exclude what exists now, which is most of the memory, from garbage collections: they take much of the time."""
    gc.collect()
    gc.freeze()
    gc.enable()


# Builds the tree of commands once per process instead of once per command line, where it takes most of the time.
typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]  # noqa: SLF001

_violations_in_test: list[str] = []
_respond = SimulatedSendcloud._respond  # noqa: SLF001


def _respond_and_validate(self: SimulatedSendcloud, request: Request, methods: Mapping[str, str]) -> SimulatedResponse:
    response = _respond(self, request, methods)
    if request.operation not in ("", "token"):
        _violations_in_test.extend(find_violations(request.operation, response))
    return response


# Patched once for the whole run, so that the responses of every simulated Sendcloud in every test are validated. There
# is no public hook that sees a response before a simulated fault changes it.
SimulatedSendcloud._respond = _respond_and_validate  # type: ignore[method-assign]  # noqa: SLF001


@pytest.fixture(autouse=True)
def responses_match_the_openapi_document() -> Iterator[None]:
    """Fails the test if the simulated Sendcloud returned a response that the OpenAPI document does not allow.

    Responses of simulated faults are not validated.
    """
    _violations_in_test.clear()
    yield
    assert not _violations_in_test, "\n".join(_violations_in_test)


_copied_schema = CopiedSchema(store_module._run_migrations)  # noqa: SLF001
# Patched once for the whole run, because fixtures of every scope create stores.
store_module._run_migrations = _copied_schema  # noqa: SLF001


@pytest.fixture
def every_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the migrations for each new store. Otherwise new SQLite stores copy the schema of the first one."""
    monkeypatch.setattr(store_module, "_run_migrations", _copied_schema.migrate)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A real PostgreSQL server for the whole run. A test that stops it must start it again."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def new_postgresql_database(postgresql_server: PostgresqlServer) -> Callable[[], str]:
    """Returns a function that creates an empty database on a real PostgreSQL server and returns its URL."""
    return postgresql_server.create_database


@pytest.fixture(scope="session")
def new_migrated_database(postgresql_server: PostgresqlServer) -> Callable[[], str]:
    """Returns a function that creates an empty store on a real PostgreSQL server and returns its URL."""
    url = postgresql_server.create_database()
    asyncio.run(_migrate(LogStore(url)))
    return partial(postgresql_server.create_database, template=str(make_url(url).database))


async def _migrate(store: LogStore) -> None:
    async with store:
        await store.migrate()


@pytest.fixture(scope="session")
def shared_valkey() -> Iterator[ValkeyServer]:
    """A real Valkey server for the whole run."""
    with running_valkey() as server:
        yield server


@pytest.fixture
def valkey(shared_valkey: ValkeyServer) -> ValkeyServer:
    """A real Valkey server without data."""
    shared_valkey.unfreeze()
    assert shared_valkey.command("FLUSHALL") == b"+OK\r\n"
    return shared_valkey
