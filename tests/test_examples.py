"""The examples do what they say; examples/first_run.py is in test_docs.py."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from examples import many_accounts
from examples.fastapi_backend import create_app
from sendcloud_integrations_client import (
    AuthenticationError,
    BasicAuth,
    ClientClosedError,
    RateLimits,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.testing import SimulatedSendcloud

SECRET = "the secret of the shop"


def client_of(server: SimulatedSendcloud, secret_key: str = "secret", **options: object) -> SendcloudIntegrations:
    return SendcloudIntegrations(
        auth=BasicAuth(server.credentials.public_key, secret_key),
        base_url="https://panel.sendcloud.sc/api/v3",
        transport=httpx.ASGITransport(server),
        **options,  # type: ignore[arg-type]
    )


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://b") as browser:
        yield browser


@pytest.fixture
def app(sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setenv("SENDCLOUD_SECRET_KEY", SECRET)
    return create_app(lambda: client_of(sendcloud))


class TestBackend:
    async def test_its_client_lives_as_long_as_the_app(self, app: FastAPI) -> None:
        async with running(app) as browser:
            assert (await browser.get("/integrations/1/logs")).status_code == 200
        with pytest.raises(ClientClosedError):
            await app.state.sendcloud.integrations.list()

    async def test_being_alive_costs_no_call(self, app: FastAPI, sendcloud: SimulatedSendcloud) -> None:
        async with running(app) as browser:
            assert (await browser.get("/health/live")).json() == {"status": "ok"}
        assert not sendcloud.requests

    async def test_being_ready_costs_one_call_in_a_while(self, app: FastAPI, sendcloud: SimulatedSendcloud) -> None:
        async with running(app) as browser:
            answers = await asyncio.gather(*(browser.get("/health/ready") for _ in range(20)))
            assert {answer.status_code for answer in answers} == {200}
            assert len(sendcloud.requests) == 1
            app.state.checked_until = 0.0
            sendcloud.fail_next("list_logs", status=401)
            refused = await browser.get("/health/ready")
            assert (refused.status_code, refused.json()) == (503, {"status": "AuthenticationError"})
            assert (await browser.get("/health/ready")).status_code == 503
            assert len(sendcloud.requests) == 2

    async def test_every_log_is_on_one_page(self, app: FastAPI, sendcloud: SimulatedSendcloud) -> None:
        async with client_of(sendcloud) as client:
            expected = [log.exception async for log in client.logs.list(integration_id=1, page_size=100)]
        seen: list[str] = []
        params: dict[str, str | int] = {"size": 7}
        async with running(app) as browser:
            while True:
                page = (await browser.get("/integrations/1/logs", params=params)).json()
                seen += [log["what"] for log in page["logs"]]
                if page["next_cursor"] is None:
                    break
                params["cursor"] = page["next_cursor"]
        assert len(expected) > 7
        assert seen == expected

    @pytest.mark.parametrize(
        ("arrange", "path", "status"),
        [
            (lambda _: None, "/integrations/999999/logs", 404),
            (lambda _: None, "/integrations/1/logs?size=101", 422),
            (lambda server: server.fail_next("list_integration_logs", status=501), "/integrations/1/logs", 502),
            (lambda server: server.fail_next("list_integration_logs", status=403), "/integrations/1/logs", 502),
        ],
    )
    async def test_errors_have_the_status_of_whose_fault_it_is(
        self,
        app: FastAPI,
        sendcloud: SimulatedSendcloud,
        arrange: Callable[[SimulatedSendcloud], None],
        path: str,
        status: int,
    ) -> None:
        arrange(sendcloud)
        async with running(app) as browser:
            answer = await browser.get(path)
        assert answer.status_code == status
        assert "retry-after" not in answer.headers
        assert ("Sendcloud cannot be asked" in answer.json()["detail"]) == (status >= 500)

    @pytest.mark.sendcloud(public_key="limited")  # the budget of these credentials is held back for a while
    async def test_a_limit_says_when_to_come_back(self, app: FastAPI, sendcloud: SimulatedSendcloud) -> None:
        sendcloud.fail_next("list_integration_logs", status=429, headers={"Retry-After": "33"})
        async with running(app) as browser:
            answer = await browser.get("/integrations/1/logs")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "33")

    async def test_an_answer_that_does_not_come_is_a_timeout(
        self, app: FastAPI, sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def never(request: httpx.Request) -> httpx.Response:
            raise httpx.ReadTimeout("simulated", request=request)

        client = SendcloudIntegrations(auth=BasicAuth("a", "b"), transport=httpx.MockTransport(never), retries=None)
        async with running(app) as browser:
            app.state.sendcloud = client
            assert (await browser.get("/integrations/1/logs")).status_code == 504
        await client.aclose()

    async def test_webhooks_are_verified_and_the_latest_is_kept(self, app: FastAPI) -> None:
        async with running(app) as browser:
            later, earlier = webhook(1525271885993, "later"), webhook(1525271880000, "earlier")
            for body in (later, earlier, later):
                assert (
                    await browser.post("/webhooks/sendcloud", content=body, headers=signed(body))
                ).status_code == 204
            forged = await browser.post("/webhooks/sendcloud", content=later + b" ", headers=signed(later))
            unsigned = await browser.post("/webhooks/sendcloud", content=later)
        assert (forged.status_code, unsigned.status_code) == (400, 400)
        assert app.state.latest[7].integration.shop_name == "later"


def webhook(timestamp: int, shop_name: str) -> bytes:
    event = {
        "action": "integration_updated",
        "timestamp": timestamp,
        "integration": {"id": 7, "shop_name": shop_name},
    }
    return json.dumps(event).encode()


def signed(body: bytes) -> dict[str, str]:
    return {"Sendcloud-Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}


class TestManyAccounts:
    async def test_bad_credentials_of_one_stop_no_other(self) -> None:
        servers = {name: SimulatedSendcloud(public_key=name, logs=150 + at) for at, name in enumerate(["a", "b", "c"])}
        accounts = {
            name: lambda server=server, name=name: client_of(server, "wrong" if name == "b" else "secret")
            for name, server in servers.items()
        }
        seen: list[str] = []
        outcomes = await many_accounts.read_accounts(accounts, lambda account, _: seen.append(account))
        assert [(one.account, one.logs) for one in outcomes] == [("a", 150), ("b", 0), ("c", 152)]
        assert isinstance(outcomes[1].error, AuthenticationError)
        assert (seen.count("a"), seen.count("b"), seen.count("c")) == (150, 0, 152)

    async def test_an_account_whose_budget_is_spent_holds_nobody_up(self) -> None:
        slow, quick = SimulatedSendcloud(public_key="slow", logs=300), SimulatedSendcloud(public_key="quick", logs=300)
        accounts = {
            "slow": lambda: client_of(slow, rate_limits=RateLimits(safe_per_minute=1)),
            "quick": lambda: client_of(quick),
        }
        seen, done = {"slow": 0, "quick": 0}, asyncio.Event()

        def count(account: str, _: object) -> None:
            seen[account] += 1
            if seen == {"slow": 100, "quick": 300}:
                done.set()

        reading = asyncio.create_task(many_accounts.read_accounts(accounts, count))
        await asyncio.wait_for(done.wait(), 10)
        assert not reading.done()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    @pytest.mark.sendcloud(logs=30)
    def test_from_a_shell(self, sendcloud_server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        keys = {"good": {"public_key": "public", "secret_key": "secret"}}
        (tmp_path / "accounts.json").write_text(json.dumps(keys))
        assert asyncio.run(many_accounts.main(tmp_path / "accounts.json")) == 0
        keys["bad"] = {"public_key": "public", "secret_key": "not the secret"}
        (tmp_path / "accounts.json").write_text(json.dumps(keys))
        assert asyncio.run(many_accounts.main(tmp_path / "accounts.json")) == 1
        out, err = capsys.readouterr()
        assert out.count("good ") == 60
        assert err.count("good: 30 logs\n") == 2
        assert "bad: 0 logs, then " in err
        assert "not the secret" not in out + err
