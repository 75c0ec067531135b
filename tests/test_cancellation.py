"""A call that is cancelled at any await releases everything: tasks, connections, rate limit slots and token lock."""

from __future__ import annotations

import asyncio
import itertools

import httpx
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import OAuth2ClientCredentials, RateLimits, RetryPolicy, SendcloudIntegrations
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

client_numbers = itertools.count()


@given(steps=st.integers(0, 120), calls=st.integers(1, 6), fails=st.booleans())
async def test_call_cancelled_at_any_await_releases_everything(steps: int, calls: int, fails: bool) -> None:
    client_id = f"client-{next(client_numbers)}"  # a separate rate limit budget per example
    server = SimulatedSendcloud(integrations=2, logs=50, client_id=client_id)
    if fails:
        server.fail_next("list_integrations", status=503)
    async with serve(server) as base_url:
        token_url = str(httpx.URL(base_url).join("/oauth2/token"))
        # Exactly as many slots as the calls and the following call need.
        limits = RateLimits(reads_per_minute=2 * calls + 2)
        async with SendcloudIntegrations(
            auth=OAuth2ClientCredentials(client_id, "client-secret", token_url=token_url),
            base_url=base_url,
            rate_limits=limits,
            retries=RetryPolicy(base_delay=0.001),
        ) as client:
            tasks_before = asyncio.all_tasks()
            task = asyncio.gather(*(client.integrations.list() for _ in range(calls)))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            async with asyncio.timeout(20):
                assert len(await client.integrations.list()) == 2
            for _ in range(5):
                await asyncio.sleep(0)
            remaining = {repr(task) for task in asyncio.all_tasks() - tasks_before}
            assert {task for task in remaining if "uvicorn" not in task and "/testing/" not in task} == set()
