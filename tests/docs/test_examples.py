"""The examples work as documented. test_docs.py runs examples/first_run.py."""

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

SECRET = "webhook secret"


def build_client(server: SimulatedSendcloud, secret_key: str = "secret", **options: object) -> SendcloudIntegrations:
    return SendcloudIntegrations(
        auth=BasicAuth(server.credentials.public_key, secret_key),
        base_url="https://panel.sendcloud.sc/api/v3",
        transport=httpx.ASGITransport(server),
        **options,  # type: ignore[arg-type]
    )


@asynccontextmanager
async def run_app(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://b") as http:
        yield http


@pytest.fixture
def app(sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setenv("SENDCLOUD_SECRET_KEY", SECRET)
    return create_app(lambda: build_client(sendcloud))


class TestBackend:
    async def test_client_is_closed_with_the_app(self, app: FastAPI) -> None:
        async with run_app(app) as http:
            assert (await http.get("/integrations/1/logs")).status_code == 200
        with pytest.raises(ClientClosedError):
            await app.state.sendcloud.integrations.list()

    async def test_liveness_sends_no_call(self, app: FastAPI, sendcloud: SimulatedSendcloud) -> None:
        async with run_app(app) as http:
            assert (await http.get("/health/live")).json() == {"status": "ok"}
        assert not sendcloud.requests

    async def test_readiness_result_is_cached(self, app: FastAPI, sendcloud: SimulatedSendcloud) -> None:
        async with run_app(app) as http:
            responses = await asyncio.gather(*(http.get("/health/ready") for _ in range(20)))
            assert {response.status_code for response in responses} == {200}
            assert len(sendcloud.requests) == 1
            app.state.readiness_expires_at = 0.0
            sendcloud.fail_next("list_logs", status=401)
            unready = await http.get("/health/ready")
            assert (unready.status_code, unready.json()) == (503, {"status": "AuthenticationError"})
            assert (await http.get("/health/ready")).status_code == 503
            assert len(sendcloud.requests) == 2

    async def test_pages_contain_every_log_once(self, app: FastAPI, sendcloud: SimulatedSendcloud) -> None:
        async with build_client(sendcloud) as client:
            expected = [log.exception async for log in client.logs.list(integration_id=1, page_size=100)]
        seen: list[str] = []
        params: dict[str, str | int] = {"size": 7}
        async with run_app(app) as http:
            while True:
                page = (await http.get("/integrations/1/logs", params=params)).json()
                seen += [log["exception"] for log in page["logs"]]
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
    async def test_error_is_mapped_to_status(
        self,
        app: FastAPI,
        sendcloud: SimulatedSendcloud,
        arrange: Callable[[SimulatedSendcloud], None],
        path: str,
        status: int,
    ) -> None:
        arrange(sendcloud)
        async with run_app(app) as http:
            response = await http.get(path)
        assert response.status_code == status
        assert "retry-after" not in response.headers
        assert ("Sendcloud is unavailable" in response.json()["detail"]) == (status >= 500)

    @pytest.mark.sendcloud(public_key="limited")  # a 429 pauses the budget of these credentials
    async def test_rate_limit_error_returns_retry_after(self, app: FastAPI, sendcloud: SimulatedSendcloud) -> None:
        sendcloud.fail_next("list_integration_logs", status=429, headers={"Retry-After": "33"})
        async with run_app(app) as http:
            response = await http.get("/integrations/1/logs")
        assert (response.status_code, response.headers["retry-after"]) == (503, "33")

    async def test_timeout_is_mapped_to_504(
        self, app: FastAPI, sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def raise_timeout(request: httpx.Request) -> httpx.Response:
            raise httpx.ReadTimeout("simulated", request=request)

        client = SendcloudIntegrations(
            auth=BasicAuth("a", "b"), transport=httpx.MockTransport(raise_timeout), retries=None
        )
        async with run_app(app) as http:
            app.state.sendcloud = client
            assert (await http.get("/integrations/1/logs")).status_code == 504
        await client.aclose()

    async def test_webhooks_are_verified_and_latest_event_is_kept(self, app: FastAPI) -> None:
        async with run_app(app) as http:
            later, earlier = build_webhook(1525271885993, "later"), build_webhook(1525271880000, "earlier")
            for body in (later, earlier, later):
                assert (
                    await http.post("/webhooks/sendcloud", content=body, headers=build_signature_header(body))
                ).status_code == 204
            forged = await http.post("/webhooks/sendcloud", content=later + b" ", headers=build_signature_header(later))
            unsigned = await http.post("/webhooks/sendcloud", content=later)
        assert (forged.status_code, unsigned.status_code) == (400, 400)
        assert app.state.latest_events[7].integration.shop_name == "later"


def build_webhook(timestamp: int, shop_name: str) -> bytes:
    event = {
        "action": "integration_updated",
        "timestamp": timestamp,
        "integration": {"id": 7, "shop_name": shop_name},
    }
    return json.dumps(event).encode()


def build_signature_header(body: bytes) -> dict[str, str]:
    return {"Sendcloud-Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}


class TestManyAccounts:
    async def test_invalid_credentials_affect_one_account_only(self) -> None:
        servers = {
            name: SimulatedSendcloud(public_key=name, logs=150 + index) for index, name in enumerate(["a", "b", "c"])
        }
        accounts = {
            name: lambda server=server, name=name: build_client(server, "wrong" if name == "b" else "secret")
            for name, server in servers.items()
        }
        seen: list[str] = []
        results = await many_accounts.read_accounts(accounts, lambda account, _: seen.append(account))
        assert [(result.account, result.logs) for result in results] == [("a", 150), ("b", 0), ("c", 152)]
        assert isinstance(results[1].error, AuthenticationError)
        assert (seen.count("a"), seen.count("b"), seen.count("c")) == (150, 0, 152)

    async def test_exhausted_budget_delays_one_account_only(self) -> None:
        slow, quick = SimulatedSendcloud(public_key="slow", logs=300), SimulatedSendcloud(public_key="quick", logs=300)
        accounts = {
            "slow": lambda: build_client(slow, rate_limits=RateLimits(reads_per_minute=1)),
            "quick": lambda: build_client(quick),
        }
        counts, all_read = {"slow": 0, "quick": 0}, asyncio.Event()

        def count(account: str, _: object) -> None:
            counts[account] += 1
            if counts == {"slow": 100, "quick": 300}:
                all_read.set()

        reading = asyncio.create_task(many_accounts.read_accounts(accounts, count))
        await asyncio.wait_for(all_read.wait(), 30)
        assert not reading.done()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    @pytest.mark.sendcloud(logs=30)
    def test_main_returns_exit_code(
        self, sendcloud_server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        keys = {"good": {"public_key": "public", "secret_key": "secret"}}
        (tmp_path / "accounts.json").write_text(json.dumps(keys))
        assert asyncio.run(many_accounts.main(tmp_path / "accounts.json")) == 0
        keys["bad"] = {"public_key": "public", "secret_key": "not the secret"}
        (tmp_path / "accounts.json").write_text(json.dumps(keys))
        assert asyncio.run(many_accounts.main(tmp_path / "accounts.json")) == 1
        out, err = capsys.readouterr()
        assert out.count("good ") == 60
        assert err.count("good: 30 logs\n") == 2
        assert "bad: 0 logs before it failed: " in err
        assert "not the secret" not in out + err
