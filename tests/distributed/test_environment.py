"""`SENDCLOUD_REDIS_URL` shares limits and tokens of every client of a process, with a real Valkey server."""

from __future__ import annotations

import gc
import re
import traceback
from functools import partial

import httpx
import pytest
from typer.testing import CliRunner

from sendcloud_integrations_client import (
    BasicAuth,
    ConfigurationError,
    OAuth2ClientCredentials,
    RateLimits,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.distributed import RedisRateLimiter, RedisTokenStore, environment
from sendcloud_integrations_client.distributed.rate_limiter import RedisBudget
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve
from tests.support import private_state
from tests.support.valkey import ValkeyServer

AUTH = BasicAuth("a", "b")


@pytest.fixture(autouse=True)
def redis_url(valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_REDIS_URL", valkey.url)
    # On a slow machine, an exchange can take longer than the default.
    monkeypatch.setattr(environment, "RedisRateLimiter", partial(RedisRateLimiter, timeout=5))


async def test_clients_share_limits_and_tokens(valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sendcloud = SimulatedSendcloud(integrations=1)
    async with serve(sendcloud) as base_url:
        for name, value in sendcloud.get_environment(base_url).items():
            monkeypatch.setenv(name, value)
        for name in ("SENDCLOUD_PUBLIC_KEY", "SENDCLOUD_SECRET_KEY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("SENDCLOUD_CLIENT_ID", sendcloud.credentials.client_id)
        monkeypatch.setenv("SENDCLOUD_CLIENT_SECRET", sendcloud.credentials.client_secret)
        for _ in range(3):
            async with SendcloudIntegrations() as client:
                await client.integrations.list()
            gc.collect()
    assert [request.operation for request in sendcloud.requests].count("token") == 1
    keys = valkey.command("KEYS", "sendcloud:*:reads:interactive").decode().splitlines()
    (key,) = [line for line in keys if line.startswith("sendcloud:")]
    assert valkey.command("ZCARD", key) == b":3\r\n"


def test_budgets_and_connections_are_shared_by_the_clients_of_a_process() -> None:
    first, second = (SendcloudIntegrations(auth=AUTH) for _ in range(2))
    other = SendcloudIntegrations(auth=BasicAuth("c", "d"), rate_limits=RateLimits())
    budgets = [private_state.get_rate_limit_budget(client) for client in (first, second, other)]
    assert budgets[0] is budgets[1]
    assert budgets[0] is not budgets[2]
    assert all(isinstance(budget, RedisBudget) for budget in budgets)
    assert len({id(budget.connections) for budget in budgets if isinstance(budget, RedisBudget)}) == 1


def test_explicit_options_apply_before_the_environment() -> None:
    limits = SendcloudIntegrations(auth=AUTH, rate_limits=None)
    assert private_state.get_rate_limit_budget(limits) is None
    own = LocalBudget(RateLimits())

    class Limiter:
        def get_budget(self, key: str) -> LocalBudget:
            return own

    client = SendcloudIntegrations(auth=AUTH, rate_limiter=Limiter())
    assert private_state.get_rate_limit_budget(client) is own


def test_oauth2_credentials_with_their_own_store_keep_it() -> None:
    store = RedisTokenStore("redis://host")
    auth = OAuth2ClientCredentials("id", "secret", token_store=store)
    SendcloudIntegrations(auth=auth)
    assert private_state.get_token_store(auth) is store


def test_empty_variable_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_REDIS_URL", "")
    assert isinstance(private_state.get_rate_limit_budget(SendcloudIntegrations(auth=AUTH)), LocalBudget)


def test_invalid_url_names_the_variable_and_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_REDIS_URL", "http://user:hunter2@host")
    with pytest.raises(ConfigurationError, match="Invalid SENDCLOUD_REDIS_URL") as caught:
        SendcloudIntegrations(auth=AUTH)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    own_frames = [frame for frame in report.stack if "sendcloud_integrations_client" in frame.filename]
    assert own_frames
    for frame in own_frames:
        assert "hunter2" not in str(frame.locals)
    assert "hunter2" not in str(caught.value)


async def test_retries_of_a_call_take_one_slot_each(valkey: ValkeyServer) -> None:
    responses = iter([503, 200])
    transport = httpx.MockTransport(lambda _: httpx.Response(next(responses), json={"data": []}))
    async with SendcloudIntegrations(auth=AUTH, transport=transport) as client:
        await client.logs.list()
    budget = private_state.get_rate_limit_budget(client)
    assert isinstance(budget, RedisBudget)
    assert valkey.command("ZCARD", f"sendcloud:{{{AUTH.budget_key}}}:reads:interactive") == b":2\r\n"


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=2, logs=150)
@pytest.mark.parametrize(("limit", "priority", "calls"), [("0", "background", 2), ("20", "interactive", 1)])
def test_large_reads_of_the_command_line_have_background_priority(
    valkey: ValkeyServer,
    sendcloud: SimulatedSendcloud,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    priority: str,
    calls: int,
) -> None:
    # Each case has its own credentials, because the budget of a case can outlive it and report its calls again.
    auth = BasicAuth(f"public-{priority}", "secret")
    sendcloud.add_account(f"public-{priority}", "secret", integrations=2, logs=150)
    monkeypatch.setenv("SENDCLOUD_PUBLIC_KEY", f"public-{priority}")
    result = CliRunner().invoke(app, ["logs", "list", "--jsonl", "--limit", limit])
    assert result.exit_code == 0, result.output
    reply = valkey.command("KEYS", "sendcloud:*").decode()
    prefix = re.escape(f"sendcloud:{{{auth.budget_key}}}:reads:")
    (key,) = re.findall(rf"{prefix}(?:background|interactive)(?=\r)", reply)
    assert key.endswith(priority)
    assert valkey.command("ZCARD", key) == f":{calls}\r\n".encode()
