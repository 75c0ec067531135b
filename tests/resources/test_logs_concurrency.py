"""`logs.list_for_integrations` with a concurrency that is greater than the number of integrations."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from sendcloud_integrations_client import SendcloudIntegrations


async def test_starts_no_more_workers_than_there_are_integrations(
    sendcloud_client: SendcloudIntegrations, monkeypatch: pytest.MonkeyPatch
) -> None:
    coroutines: list[object] = []
    ensure_future = asyncio.ensure_future

    def record(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        coroutines.append(coroutine)
        return ensure_future(coroutine)

    monkeypatch.setattr("sendcloud_integrations_client.resources.logs.asyncio.ensure_future", record)

    found = [
        integration_id
        async for integration_id, _ in sendcloud_client.logs.list_for_integrations([1, 2, 3], concurrency=20_000)
    ]

    assert set(found) == {1, 2, 3}
    assert 3 <= len(coroutines) < 100


async def test_accepts_an_empty_list_of_integrations(sendcloud_client: SendcloudIntegrations) -> None:
    assert [item async for item in sendcloud_client.logs.list_for_integrations([], concurrency=20_000)] == []
