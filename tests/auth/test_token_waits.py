"""Waits for a token in exact numbers, in virtual time: renewal, locks of other processes, and total timeouts."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from sendcloud_integrations_client import Operation
from sendcloud_integrations_client.auth import AccessToken, OAuth2ClientCredentials
from sendcloud_integrations_client.runtime.operations import CALL_EXTENSION, TOKEN_REQUEST_EXTENSION, Call
from tests.support.token_server import (
    CLIENT_SECRET,
    TOKEN_URL,
    RecordingTokenStore,
    TokenServer,
    build_client,
    build_oauth2,
)
from tests.support.virtual_time import now, run_with_clock

OPERATION = Operation("list_logs", "GET", "/integrations", frozenset({200}), safe=True, idempotent=True)
START = 1_700_000_000.0  # seconds since the epoch, at the virtual time 0


class LockingStore(RecordingTokenStore):
    """A store with a lock that another process can hold.

    Attributes:
        is_held_elsewhere: Whether another process holds the lock.
        is_held: Whether this process holds it.
        lock_attempts: Virtual times at which `lock` was called.
        unlock_count: Number of calls of `unlock`.
        lock_error: Error that `lock` and `unlock` raise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_held_elsewhere = False
        self.is_held = False
        self.lock_attempts: list[float] = []
        self.unlock_count = 0
        self.lock_error: Exception | None = None

    async def lock(self, key: str) -> bool:
        self.lock_attempts.append(now())
        if self.lock_error:
            raise self.lock_error
        if self.is_held_elsewhere:
            return False
        self.is_held = True
        return True

    async def unlock(self, key: str) -> None:
        self.unlock_count += 1
        self.is_held = False
        if self.lock_error:
            raise self.lock_error

    def save_elsewhere(self, value: str) -> None:
        """Store a token as another process does, which then releases its lock."""
        self.preset(value, seconds=3600)
        self.is_held_elsewhere = False


async def send(
    server: TokenServer, auth: OAuth2ClientCredentials, total_timeout: float | None = None
) -> httpx.Response:
    """Send a request of a call with a total timeout; None sends it without a call."""
    extensions = {}
    if total_timeout is not None:
        extensions[CALL_EXTENSION] = Call(OPERATION, started=now(), deadline=now() + total_timeout)
    async with build_client(server, auth) as http:
        return await http.get("/integrations", extensions=extensions)


def run(main: Coroutine[Any, Any, None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a coroutine in virtual time, which `time.time` and `time.monotonic` return as well."""
    monkeypatch.setattr(time, "time", lambda: START + now())
    run_with_clock(main, monkeypatch)


# ----------------------------------------------------------------------------------------------------------- renewal


@pytest.mark.parametrize(("margin", "age", "requests"), [(60, 3539, 1), (60, 3540, 2), (0, 3599, 1), (0, 3600, 2)])
def test_token_is_renewed_from_refresh_margin_before_it_expires(
    margin: float, age: float, requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        server, auth = TokenServer(), build_oauth2(refresh_margin=margin)
        await send(server, auth)
        await asyncio.sleep(age)
        await send(server, auth)
        assert len(server.token_requests) == requests
        assert server.tokens == ["token-1", f"token-{requests}"]

    run(main(), monkeypatch)


def test_failed_renewal_is_repeated_after_a_quarter_of_refresh_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        server, auth = TokenServer(), build_oauth2(refresh_margin=60)
        await send(server, auth)
        await asyncio.sleep(3540)
        server.token_responses = [httpx.Response(500), httpx.Response(500)]
        requests: list[int] = []
        for seconds in (0, 14.5, 0.5, 14.5, 0.5):
            await asyncio.sleep(seconds)
            await send(server, auth)
            requests.append(len(server.token_requests))
        assert requests == [2, 2, 3, 3, 4]

    run(main(), monkeypatch)


def test_same_token_with_a_later_expiry_in_the_store_is_no_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        server, store = TokenServer(), RecordingTokenStore()
        auth = build_oauth2(token_store=store)
        store.preset("token-0", seconds=30)
        await send(server, auth)
        store.preset("token-0", seconds=31)
        await send(server, auth)
        assert server.tokens == ["token-0", "token-1"]

    run(main(), monkeypatch)


def test_older_token_in_the_store_is_not_used_for_a_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        server, store = TokenServer(), RecordingTokenStore()
        auth = build_oauth2(token_store=store)
        store.preset("newer", seconds=30)
        await send(server, auth)
        store.preset("older", seconds=30)
        await send(server, auth)
        assert server.tokens == ["newer", "token-1"]

    run(main(), monkeypatch)


# ------------------------------------------------------------------------------------------------------------- locks


def test_token_request_holds_the_lock_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        server, store = TokenServer(), LockingStore()
        server.token_gate = asyncio.Event()
        task = asyncio.ensure_future(send(server, build_oauth2(token_store=store)))
        await server.token_requested.wait()
        assert store.is_held
        server.token_gate.set()
        await task
        assert (store.is_held, store.unlock_count, len(store.lock_attempts)) == (False, 1, 1)
        assert server.tokens == ["token-1"]

    run(main(), monkeypatch)


def test_token_that_was_saved_before_the_lock_was_taken_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class LateStore(LockingStore):
        async def lock(self, key: str) -> bool:
            self.save_elsewhere("other")
            return await super().lock(key)

    async def main() -> None:
        server, store = TokenServer(), LateStore()
        await send(server, build_oauth2(token_store=store))
        assert (server.tokens, server.token_requests) == (["other"], [])
        assert (store.is_held, store.unlock_count) == (False, 1)

    run(main(), monkeypatch)


def test_token_in_the_store_needs_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        server, store = TokenServer(), LockingStore()
        store.preset("other", seconds=3600)
        await send(server, build_oauth2(token_store=store))
        assert (server.tokens, store.lock_attempts, store.unlock_count) == (["other"], [], 0)

    run(main(), monkeypatch)


def test_token_request_of_another_process_is_awaited(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        server, store = TokenServer(), LockingStore()
        store.is_held_elsewhere = True
        asyncio.get_running_loop().call_later(4.01, store.save_elsewhere, "other")
        await send(server, build_oauth2(token_store=store))
        assert now() == pytest.approx(4.05)  # it looks every 50 ms
        assert (server.tokens, server.token_requests, store.unlock_count) == (["other"], [], 0)

    run(main(), monkeypatch)
    assert caplog.messages == []


def test_lock_that_another_process_releases_without_a_token_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        server, store = TokenServer(), LockingStore()
        store.is_held_elsewhere = True
        asyncio.get_running_loop().call_later(4.01, setattr, store, "is_held_elsewhere", False)
        await send(server, build_oauth2(token_store=store))
        assert now() == pytest.approx(4.05)
        assert server.tokens == ["token-1"]
        assert (store.is_held, store.unlock_count) == (False, 1)

    run(main(), monkeypatch)


def test_wait_for_another_process_ends_after_ten_seconds_and_is_noted_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        server, store = TokenServer(), LockingStore()
        store.is_held_elsewhere = True
        await send(server, build_oauth2(token_store=store))
        assert 10.0 <= now() <= 10.051
        assert server.tokens == ["token-1"]
        assert store.unlock_count == 0
        assert len(store.lock_attempts) == pytest.approx(201, abs=1)

    run(main(), monkeypatch)
    assert caplog.messages == ["Token store: another process has been requesting a token for 5 s"]


def test_notice_of_the_wait_for_another_process_is_logged_after_five_seconds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        store = LockingStore()
        store.is_held_elsewhere = True
        task = asyncio.ensure_future(send(TokenServer(), build_oauth2(token_store=store)))
        await asyncio.sleep(4.99)
        assert caplog.messages == []
        await asyncio.sleep(0.2)
        assert len(caplog.messages) == 1
        await task

    run(main(), monkeypatch)


def test_wait_for_another_process_ends_with_the_total_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        server, store = TokenServer(), LockingStore()
        store.is_held_elsewhere = True
        with pytest.raises(httpx.ReadTimeout, match=r"^the total timeout ended$") as caught:
            await send(server, build_oauth2(token_store=store), total_timeout=2.0)
        assert 2.0 <= now() <= 2.051
        assert str(caught.value.request.url) == TOKEN_URL
        assert (server.token_requests, store.unlock_count) == ([], 0)

    run(main(), monkeypatch)


def test_renewal_does_not_wait_for_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        server, store = TokenServer(), LockingStore()
        auth = build_oauth2(token_store=store)
        store.preset("old", seconds=30)
        await send(server, auth)
        store.is_held_elsewhere = True
        await send(server, auth)
        assert (now(), server.tokens, server.token_requests) == (0.0, ["old", "old"], [])
        assert store.lock_attempts == [0.0]

    run(main(), monkeypatch)


def test_failing_lock_logs_warnings_and_fails_no_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        server, store = TokenServer(), LockingStore()
        store.lock_error = RuntimeError("secret")
        await send(server, build_oauth2(token_store=store))
        assert server.tokens == ["token-1"]
        assert store.unlock_count == 0

        server, store = TokenServer(), LockingStore()
        server.token_gate = asyncio.Event()
        task = asyncio.ensure_future(send(server, build_oauth2(token_store=store)))
        await server.token_requested.wait()
        store.lock_error = KeyError("secret")
        server.token_gate.set()
        await task

    run(main(), monkeypatch)
    assert caplog.messages == [
        "Token store: lock failed with RuntimeError",
        "Token store: unlock failed with KeyError",
    ]


# ---------------------------------------------------------------------------------------- calls that share one token


def test_wait_for_the_token_request_of_another_task_ends_with_the_total_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        server, auth = TokenServer(), build_oauth2()
        server.token_gate = asyncio.Event()
        first = asyncio.ensure_future(send(server, auth))
        patient = asyncio.ensure_future(send(server, auth, total_timeout=math.inf))
        await server.token_requested.wait()
        with pytest.raises(httpx.ReadTimeout, match=r"^the total timeout ended$") as caught:
            await send(server, auth, total_timeout=3.0)
        assert now() == 3.0
        assert str(caught.value.request.url) == TOKEN_URL
        await asyncio.sleep(1000)
        server.token_gate.set()
        assert {response.status_code for response in await asyncio.gather(first, patient)} == {200}
        assert len(server.token_requests) == 1

    run(main(), monkeypatch)


def test_token_request_ends_with_the_total_timeout_of_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        server = TokenServer()
        await send(server, build_oauth2(), total_timeout=7.0)
        await send(server, build_oauth2())
        deadlines = [request.extensions[TOKEN_REQUEST_EXTENSION].deadline for request in server.token_requests]
        assert deadlines == [7.0, math.inf]

    run(main(), monkeypatch)


@pytest.mark.parametrize(
    ("lifetime", "total_timeout", "deadline"),
    [
        (30.0, 8.0, 4.0),
        (30.0, 100.0, 15.0),
        (30.0, None, 15.0),
        (10.5, 100.0, 5.25),
        (10.0, 100.0, 100.0),  # too little is left to share
        (10.0, None, math.inf),
    ],
)
def test_renewal_leaves_half_of_the_time_for_the_call_with_the_current_token(
    lifetime: float, total_timeout: float | None, deadline: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        server, store = TokenServer(), RecordingTokenStore()
        auth = build_oauth2(token_store=store)
        store.preset("old", seconds=lifetime + 5.0)
        await send(server, auth)
        await asyncio.sleep(5.0)
        await send(server, auth, total_timeout)
        (request,) = server.token_requests
        assert request.extensions[TOKEN_REQUEST_EXTENSION].deadline == 5.0 + deadline

    run(main(), monkeypatch)


@pytest.mark.parametrize(("is_out_of_time", "requests"), [(False, 1), (True, 2)])
def test_failure_is_shared_unless_only_the_time_of_one_call_ended(
    is_out_of_time: bool, requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FailingServer(TokenServer):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            if TOKEN_REQUEST_EXTENSION in request.extensions and len(self.token_requests) == 1:
                request.extensions[TOKEN_REQUEST_EXTENSION].is_out_of_time = is_out_of_time
                raise httpx.ReadTimeout("slow", request=request)
            return response

    async def main() -> None:
        server, auth = FailingServer(), build_oauth2()
        results = await asyncio.gather(*(send(server, auth) for _ in range(3)), return_exceptions=True)
        assert len(server.token_requests) == requests
        failures = [result for result in results if isinstance(result, httpx.ReadTimeout)]
        assert len(failures) == (1 if is_out_of_time else 3)

    run(main(), monkeypatch)


# ----------------------------------------------------------------------------------------------------------- options


def test_default_store_replaces_only_a_store_that_was_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        for passed in (None, RecordingTokenStore()):
            auth = build_oauth2(token_store=passed)
            auth.set_default_store(default := RecordingTokenStore())
            await send(TokenServer(), auth)
            assert (default.saved is None) is (passed is not None)
            assert passed is None or passed.saved == AccessToken("token-1", START + 3600, "api")

    run(main(), monkeypatch)


def test_repr_shows_the_first_four_characters_of_the_client_id() -> None:
    assert repr(OAuth2ClientCredentials("1234567", CLIENT_SECRET)) == (
        f"OAuth2ClientCredentials(client_id='1234…', token_url='{TOKEN_URL}')"
    )
