"""Each message in the troubleshooting guide is one that this package, or a library below it, really produces."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from sendcloud_integrations_client import (
    BasicAuth,
    OAuth2ClientCredentials,
    RetryPolicy,
    SendcloudIntegrations,
    parse_webhook,
    run_sync,
)
from sendcloud_integrations_client.sync import LogStore, sync_logs
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.paths import ROOT

BASE_URL = "https://panel.sendcloud.sc/api/v3"
# Messages of other libraries and of the operating system, and messages whose causes other tests produce.
OTHER_MESSAGES = {
    "Name or service not known",
    "Connect call failed",
    "CERTIFICATE_VERIFY_FAILED",
    "WRONG_VERSION_NUMBER",
    "peer closed connection",
    "no data received within timeout",
    "no complete response within total_timeout",
    "in use in another running event loop",
    "created or migrated by a newer version",
    "No logs found in",
    "was never awaited",
    "does not exist. Check --database",
    "Other users of this computer can access",
    "requires an extra",
    "Missing extra",
    "fixture 'sendcloud' not found",
    "async def functions are not natively supported",
    "asyncio_default_fixture_loop_scope",
}


def build_client(server: SimulatedSendcloud | None = None, **options: object) -> SendcloudIntegrations:
    arguments: dict[str, object] = {"auth": BasicAuth("public", "secret"), "base_url": BASE_URL, "retries": None}
    arguments["transport"] = httpx.ASGITransport(server or SimulatedSendcloud(integrations=2, logs=3))
    return SendcloudIntegrations(**(arguments | options))  # type: ignore[arg-type]


async def list_integrations(status: int = 200, body: str | None = None, **options: object) -> None:
    server = SimulatedSendcloud(integrations=2, logs=3)
    if status != 200 or body:
        server.fail_next("list_integrations", status=status, body=body)
    async with build_client(server, **options) as client:
        await client.integrations.list()


async def use_client(use: Callable[[SendcloudIntegrations], Awaitable[object]]) -> None:
    async with build_client() as client:
        await use(client)


async def call_closed_client() -> None:
    client = build_client()
    await client.aclose()
    await client.integrations.list()


async def get_page_after_the_last() -> None:
    async with build_client() as client:
        await (await client.integrations.list()).get_next_page()


async def create_task_of_paginator() -> None:
    async with build_client() as client:
        asyncio.create_task(client.integrations.list())  # type: ignore[arg-type]  # noqa: RUF006


async def call_run_sync_in_coroutine() -> None:
    async with build_client() as client:
        run_sync(client.integrations.list())


def call_without_await(use: Callable[[SendcloudIntegrations], object]) -> Awaitable[None]:
    async def call(client: SendcloudIntegrations) -> None:
        use(client)

    return use_client(call)


async def iterate_over_page_with_async_for(client: SendcloudIntegrations) -> None:
    async for _ in await client.logs.list():  # type: ignore[attr-defined]
        pass


def read_attribute_of_coroutine(client: SendcloudIntegrations) -> None:
    coroutine = client.integrations.retrieve(1)
    try:
        print(coroutine.shop_name)  # type: ignore[attr-defined]
    finally:
        coroutine.close()


async def open_with_plain_with() -> None:
    with build_client():  # type: ignore[attr-defined]
        pass


async def pass_keys_by_name() -> None:
    SendcloudIntegrations(public_key="public", secret_key="secret")  # type: ignore[call-arg]


async def pass_keys_by_position() -> None:
    SendcloudIntegrations("public", "secret")  # type: ignore[misc]


async def pass_text_as_timeout() -> None:
    SendcloudIntegrations(auth=BasicAuth("public", "secret"), timeout="5")  # type: ignore[arg-type]


async def receive_forged_webhook() -> None:
    parse_webhook(b"{}", signature="00", secret="secret")


async def sync_with_other_credentials(folder: Path) -> None:
    async with LogStore(folder / "logs.db") as store:
        for key in ("public", "other"):
            async with build_client(SimulatedSendcloud(public_key=key), auth=BasicAuth(key, "secret")) as client:
                (await sync_logs(client, store)).raise_for_failures()


async def sync_into_another_file(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "text.db")):
        (folder / "text.db").write_text("This is text. " * 1000)
    (folder / "text.db").chmod(0o600)
    async with build_client() as client, LogStore(folder / "text.db") as store:
        (await sync_logs(client, store)).raise_for_failures()


async def build_client_from_environment(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in ("PUBLIC_KEY", "SECRET_KEY", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"SENDCLOUD_{name}", raising=False)
    for name in names:
        monkeypatch.setenv(f"SENDCLOUD_{name}", "value")
    SendcloudIntegrations()


Produce = Callable[[Path, pytest.MonkeyPatch], Awaitable[None]]
ALL_VARIABLES = ("PUBLIC_KEY", "SECRET_KEY", "CLIENT_ID", "CLIENT_SECRET")
MESSAGES: dict[str, Produce] = {
    "No credentials found": lambda folder, patch: build_client_from_environment(patch),
    "Incomplete credentials": lambda folder, patch: build_client_from_environment(patch, "PUBLIC_KEY"),
    "Ambiguous credentials": lambda folder, patch: build_client_from_environment(patch, *ALL_VARIABLES),
    "401 Unauthorized": lambda folder, patch: list_integrations(auth=BasicAuth("public", "wrong")),
    "token endpoint": lambda folder, patch: list_integrations(auth=OAuth2ClientCredentials("client", "wrong")),
    "403 Forbidden": lambda folder, patch: list_integrations(403),
    "would send credentials unencrypted": lambda folder, patch: list_integrations(base_url="http://a.example"),
    "must be RetryPolicy": lambda folder, patch: list_integrations(retries=3),
    "must be BasicAuth or OAuth2ClientCredentials": lambda folder, patch: list_integrations(auth=("a", "b")),
    "expected JSON in the 200 response": lambda folder, patch: list_integrations(body="<html>"),
    "No request was sent": lambda folder, patch: use_client(lambda client: client.logs.list(page_size=101)),
    "404 Not Found": lambda folder, patch: use_client(lambda client: client.integrations.retrieve(99)),
    "429 Too Many Requests": lambda folder, patch: list_integrations(
        429, retries=RetryPolicy(max_attempts=1), auth=BasicAuth("public", "secret"), rate_limits=None
    ),
    "The client is closed": lambda folder, patch: call_closed_client(),
    "larger than max_response_bytes": lambda folder, patch: list_integrations(max_response_bytes=10),
    "this is the last page": lambda folder, patch: get_page_after_the_last(),
    "a coroutine was expected": lambda folder, patch: create_task_of_paginator(),
    "while an event loop is running": lambda folder, patch: call_run_sync_in_coroutine(),
    "has no arguments public_key": lambda folder, patch: pass_keys_by_name(),
    "takes keyword arguments only": lambda folder, patch: pass_keys_by_position(),
    "greater than 0, or an httpx.Timeout, not str": lambda folder, patch: pass_text_as_timeout(),
    "cannot iterate with": lambda folder, patch: call_without_await(lambda client: list(client.logs.list())),  # type: ignore[call-overload]
    "object of type 'Paginator' has no len()": lambda folder, patch: call_without_await(
        lambda client: len(client.logs.list())  # type: ignore[arg-type]
    ),
    "cannot be indexed": lambda folder, patch: call_without_await(lambda client: client.logs.list()[0]),  # type: ignore[index]
    "'async for' requires an object with __aiter__ method": lambda folder, patch: use_client(
        iterate_over_page_with_async_for
    ),
    "'coroutine' object has no attribute": lambda folder, patch: call_without_await(read_attribute_of_coroutine),
    "does not support the context manager protocol": lambda folder, patch: open_with_plain_with(),
    "wrong signature": lambda folder, patch: receive_forged_webhook(),
    "contains it with other credentials": lambda folder, patch: sync_with_other_credentials(folder),
    "file is not a database": lambda folder, patch: sync_into_another_file(folder),
}


def read_messages() -> set[str]:
    """Return the texts in the first column of the tables of the guide."""
    lines = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8").splitlines()
    return {text for line in lines if line.startswith("| `") for text in re.findall(r"`([^`]+)`", line.split("|")[1])}


def test_guide_contains_the_known_messages() -> None:
    assert read_messages() == MESSAGES.keys() | OTHER_MESSAGES


@pytest.mark.parametrize("message", MESSAGES)
async def test_message_is_produced(message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of each class
        await MESSAGES[message](tmp_path, monkeypatch)
    errors = caught.value.exceptions if isinstance(caught.value, ExceptionGroup) else [caught.value]
    assert any(message in str(error) for error in errors)
