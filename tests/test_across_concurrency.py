"""`logs.across` with far more concurrency than there are integrations."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from sendcloud_integrations_client import SendcloudIntegrations


async def test_it_takes_no_more_tasks_than_there_are_integrations(
    sendcloud_client: SendcloudIntegrations, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    ensure_future = asyncio.ensure_future

    def counted(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        made.append(coroutine)
        return ensure_future(coroutine)

    monkeypatch.setattr("sendcloud_integrations_client.across.asyncio.ensure_future", counted)

    found = [number async for number, _ in sendcloud_client.logs.across([1, 2, 3], concurrency=20_000)]

    assert set(found) == {1, 2, 3}
    assert 3 <= len(made) < 100


async def test_there_may_be_no_integration_at_all(sendcloud_client: SendcloudIntegrations) -> None:
    assert [one async for one in sendcloud_client.logs.across([], concurrency=20_000)] == []
