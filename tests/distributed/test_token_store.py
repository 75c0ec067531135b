"""OAuth2 tokens shared through a real Valkey server. Each store and credentials object here acts as one process."""

from __future__ import annotations

import asyncio
import logging
import time

import attrs
import httpx
import orjson
import pytest
import time_machine

from sendcloud_integrations_client.auth import AccessToken, OAuth2ClientCredentials, oauth2
from sendcloud_integrations_client.auth.tokens import LockingTokenStore, MemoryTokenStore
from sendcloud_integrations_client.distributed import RedisTokenStore
from sendcloud_integrations_client.errors import AuthenticationError, ConfigurationError
from tests.support import private_state
from tests.support.token_server import TokenServer, build_client, build_oauth2
from tests.support.valkey import ValkeyServer, running_valkey


def build_store(valkey: ValkeyServer, *, lock_timeout: float = 30.0) -> RedisTokenStore:
    return RedisTokenStore(valkey.url, timeout=5.0, lock_timeout=lock_timeout)


def build_processes(valkey: ValkeyServer, count: int) -> list[OAuth2ClientCredentials]:
    return [build_oauth2(token_store=build_store(valkey)) for _ in range(count)]


async def call(server: TokenServer, auth: OAuth2ClientCredentials) -> int:
    async with build_client(server, auth) as http:
        return (await http.get("/integrations")).status_code


def get_keys(valkey: ValkeyServer) -> list[str]:
    return [line for line in valkey.command("KEYS", "*").decode().splitlines() if line.startswith("sendcloud")]


async def test_eight_cold_processes_send_one_token_request(valkey: ValkeyServer) -> None:
    server = TokenServer()
    server.token_gate = asyncio.Event()
    processes = build_processes(valkey, 8)
    calls = [asyncio.ensure_future(call(server, auth)) for auth in processes for _ in range(3)]
    await server.token_requested.wait()
    await asyncio.sleep(0.3)  # the others wait for the lock meanwhile
    server.token_gate.set()
    assert set(await asyncio.gather(*calls)) == {200}
    assert len(server.token_requests) == 1
    assert set(server.tokens) == {"token-1"}


async def test_renewal_sends_one_token_request(valkey: ValkeyServer) -> None:
    server = TokenServer()
    server.expires_in = 30  # less than refresh_margin: due for renewal immediately
    processes = build_processes(valkey, 8)
    await asyncio.gather(*(call(server, auth) for auth in processes))
    server.expires_in = 3600
    server.token_gate = asyncio.Event()
    server.token_requested.clear()
    for auth in processes:
        private_state.end_renewal_pause(auth)
    calls = [asyncio.ensure_future(call(server, auth)) for auth in processes]
    await server.token_requested.wait()
    pending = set(calls)
    async with asyncio.timeout(20):
        while len(pending) > 1:  # seven continue with the current token
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    server.token_gate.set()
    await asyncio.gather(*calls)
    assert len(server.token_requests) == 2


async def test_rejected_token_is_replaced_once_for_all_processes(valkey: ValkeyServer) -> None:
    server = TokenServer()
    processes = build_processes(valkey, 6)
    await asyncio.gather(*(call(server, auth) for auth in processes))
    server.accepted_tokens = {"token-2"}
    server.expires_in = 3700
    assert set(await asyncio.gather(*(call(server, auth) for auth in processes))) == {200}
    assert len(server.token_requests) == 2


async def test_token_is_stored_until_it_expires_and_the_lock_is_released(valkey: ValkeyServer) -> None:
    server = TokenServer()
    server.expires_in = 500
    (auth,) = build_processes(valkey, 1)
    await call(server, auth)
    (key,) = get_keys(valkey)
    assert key.startswith("sendcloud:token:")
    assert "client-id" not in key
    assert 490_000 < int(valkey.command("PTTL", key)[1:]) <= 500_000
    await auth_store(auth).save(key.removeprefix("sendcloud:token:"), AccessToken("expired", time.time() - 1, "api"))
    assert b"token-1" in valkey.command("GET", key)


def auth_store(auth: OAuth2ClientCredentials) -> LockingTokenStore:
    store = private_state.get_token_store(auth)
    assert isinstance(store, LockingTokenStore)
    return store


async def test_failed_token_request_releases_the_lock(valkey: ValkeyServer) -> None:
    server = TokenServer()
    server.token_responses = [httpx.Response(400, json={"error": "invalid_client"})]
    first, second = build_processes(valkey, 2)
    with pytest.raises(AuthenticationError):
        await call(server, first)
    assert get_keys(valkey) == []
    assert await call(server, second) == 200


async def test_cancelled_token_request_releases_the_lock(valkey: ValkeyServer) -> None:
    server = TokenServer()
    server.token_gate = asyncio.Event()
    first, second = build_processes(valkey, 2)
    task = asyncio.ensure_future(call(server, first))
    await server.token_requested.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert get_keys(valkey) == []
    server.token_gate.set()
    assert await call(server, second) == 200


async def test_lock_of_a_process_that_died_expires(valkey: ValkeyServer) -> None:
    died, other = build_store(valkey, lock_timeout=2.0), build_store(valkey)
    assert await died.lock("key")
    assert not await other.lock("key")
    assert not await died.lock("key")  # another task of the same process
    for _ in range(400):
        if await other.lock("key"):
            break
        await asyncio.sleep(0.05)
    await died.unlock("key")  # no longer its own
    assert not await died.lock("key")
    await other.unlock("key")
    await other.unlock("key")
    assert await died.lock("key")


async def test_wait_for_another_process_is_bounded_and_noted(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(oauth2, "_LOCK_TIMEOUT", 0.4)
    server = TokenServer()
    (auth,) = build_processes(valkey, 1)
    valkey.command("SET", f"sendcloud:token-lock:{private_state.get_token_key(auth)}", "stuck")
    assert await call(server, auth) == 200
    assert "another process has been requesting a token" in caplog.text


async def test_unavailable_server_causes_own_token_requests_and_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    server = TokenServer()
    with running_valkey() as valkey:
        processes = build_processes(valkey, 2)
        valkey.stop()
        assert [await call(server, auth) for auth in processes] == [200, 200]
        assert len(server.token_requests) == 2
        warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(warnings) == 2  # one per process
        assert valkey.url not in caplog.text


async def test_server_that_fails_during_each_operation_causes_no_error() -> None:
    for operation in ("load", "save", "lock", "unlock"):
        with running_valkey() as valkey:
            store = build_store(valkey)
            assert await store.lock("key")
            valkey.stop()
            if operation == "load":
                assert await store.load("key") is None
            elif operation == "save":
                await store.save("key", AccessToken("t", time.time() + 60))
            elif operation == "lock":
                assert await store.lock("other")
            else:
                await store.unlock("key")
            assert await store.lock("third")  # while the server counts as down
            await store.unlock("third")
            assert await store.load("key") is None


@pytest.mark.parametrize("value", ["text", "[]", "{}", '{"value":"a"}', '{"value":"a","expires_at":"x","scope":""}'])
async def test_stored_value_that_is_no_token_is_ignored(
    valkey: ValkeyServer, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = build_store(valkey)
    valkey.command("SET", "sendcloud:token:key", f"'{value}'")
    assert await store.load("key") is None
    assert "not a token" in caplog.text
    assert value not in caplog.text


async def test_saved_token_is_loaded_by_another_store(valkey: ValkeyServer) -> None:
    token = AccessToken("secret-token", time.time() + 60, "api")
    first, second = build_store(valkey), build_store(valkey)
    assert await second.load("key") is None
    await first.save("key", token)
    loaded = await second.load("key")
    assert loaded is not None
    assert attrs.evolve(loaded, expires_at=token.expires_at) == token
    assert abs(loaded.expires_at - token.expires_at) < 30
    assert orjson.loads(valkey.command("GET", "sendcloud:token:key").split(b"\r\n")[1])["scope"] == "api"
    for store in (first, second):
        assert "secret-token" not in repr(store)
        await store.aclose()


@pytest.mark.parametrize("shift", [300, -300])
async def test_expiry_of_a_token_does_not_depend_on_the_clock_of_the_process_that_saved_it(
    valkey: ValkeyServer, shift: int
) -> None:
    store = build_store(valkey)
    with time_machine.travel(time.time() + shift, tick=True):
        await store.save("key", AccessToken("token", time.time() + 100, "api"))
    loaded = await store.load("key")
    assert loaded is not None
    assert 0 < loaded.expires_at - time.time() < 130
    await store.aclose()


async def test_token_without_an_expiry_in_the_server_keeps_its_own(valkey: ValkeyServer) -> None:
    store = build_store(valkey)
    value = orjson.dumps(attrs.asdict(AccessToken("a", 5, "api"))).decode()
    assert valkey.command("SET", "sendcloud:token:key", f"'{value}'") == b"+OK\r\n"
    assert await store.load("key") == AccessToken("a", 5, "api")
    await store.aclose()


async def test_default_store_is_replaced_and_an_own_store_is_kept() -> None:
    own, other = MemoryTokenStore(), MemoryTokenStore()
    auth = build_oauth2(token_store=own)
    auth.set_default_store(other)
    assert private_state.get_token_store(auth) is own
    auth = build_oauth2()
    auth.set_default_store(other)
    assert private_state.get_token_store(auth) is other


@pytest.mark.parametrize("options", [{"timeout": 0}, {"lock_timeout": 0.5}, {"url": "http://user:hunter2@host"}])
def test_invalid_options_raise_configuration_error_without_the_password(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RedisTokenStore(**{"url": "redis://host", **options})  # type: ignore[arg-type]
    assert "hunter2" not in str(caught.value)
