"""Giving up a call at any of its awaits leaves nothing held: no task, no connection, no budget place, no token lock."""

from __future__ import annotations

import asyncio
import itertools

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from sendcloud_integrations_client import OAuth2ClientCredentials, RateLimits, RetryPolicy, SendcloudIntegrations
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

numbers = itertools.count()


@given(turns=st.integers(0, 120), calls=st.integers(1, 6), fault=st.booleans())
@settings(max_examples=20)
async def test_a_call_given_up_anywhere_leaves_nothing_held(turns: int, calls: int, fault: bool) -> None:
    client_id = f"client-{next(numbers)}"  # a budget of its own for each example
    server = SimulatedSendcloud(integrations=2, logs=50, client_id=client_id)
    if fault:
        server.fail_next("list_integrations", status=503)
    async with serve(server) as base_url:
        token_url = str(httpx.URL(base_url).join("/oauth2/token"))
        # Exactly as many places as the calls and the one after them need.
        limits = RateLimits(safe_per_minute=2 * calls + 2)
        async with SendcloudIntegrations(
            auth=OAuth2ClientCredentials(client_id, "client-secret", token_url=token_url),
            base_url=base_url,
            rate_limits=limits,
            retries=RetryPolicy(base_delay=0.001),
        ) as client:
            before = asyncio.all_tasks()
            task = asyncio.gather(*(client.integrations.list() for _ in range(calls)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            async with asyncio.timeout(5):
                assert len(await client.integrations.list()) == 2
            for _ in range(5):
                await asyncio.sleep(0)
            left = {repr(task) for task in asyncio.all_tasks() - before}
            assert {task for task in left if "uvicorn" not in task and "/testing/" not in task} == set()
