"""The client process: makes one call per scenario that `__main__` names on stdin, and prints its measurement as JSON.

It runs apart from the server, so that only the client's own work counts as a block of the event loop.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from hostile.measurements import Heartbeat, Measurement, limit_memory, read_peak_memory, reset_peak_memory
from sendcloud_integrations_client import BasicAuth, RetryPolicy, SendcloudIntegrations
from sendcloud_integrations_client.transports.aiohttp import AiohttpTransport
from sendcloud_integrations_client.transports.pooled import PooledTransport
from tests.support.hostile_calls import catch_error, describe_outcome, get_next_outcome, perform

_ADDRESS_SPACE = 2 * 1024**3
_TIMEOUT = 0.5
_TOTAL_TIMEOUT = 2.0
_TRANSPORTS: Mapping[str, Callable[..., PooledTransport | AiohttpTransport]] = {
    "httpcore2": PooledTransport,
    "aiohttp": AiohttpTransport,
}
_TLS_CONTEXT = ssl.create_default_context()  # loading certificates blocks the loop once, whatever the server sends


def main() -> None:
    """Serve scenarios until stdin ends."""
    transport, good_url = sys.argv[1:]
    limit_memory(_ADDRESS_SPACE)
    asyncio.run(_serve(transport, good_url))


async def _serve(transport: str, good_url: str) -> None:
    # The first call imports modules.
    async with _build_client(transport, good_url) as client:
        await perform(client, "list")
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        command = json.loads(line)
        measurement = await _measure(transport, command["base_url"], command["operation"])
        print(json.dumps(attrs.asdict(measurement)), flush=True)


async def _measure(transport: str, base_url: str, operation: Any) -> Measurement:
    async with _build_client(transport, base_url) as client:
        reset_peak_memory()
        heartbeat = Heartbeat()
        with heartbeat.running():
            started = time.perf_counter()
            error = await catch_error(client, operation)
            seconds = time.perf_counter() - started
            await asyncio.sleep(0.01)  # for work that the call left behind
        peak_memory = read_peak_memory()
        print("called", flush=True)
        sys.stdin.readline()
        next_outcome = "data" if base_url.startswith("https") else await get_next_outcome(client)
    return Measurement(describe_outcome(error), next_outcome, seconds, heartbeat.longest_block, peak_memory)


def _build_client(transport: str, base_url: str) -> SendcloudIntegrations:
    return SendcloudIntegrations(
        auth=BasicAuth("public", "secret"),
        base_url=base_url,
        transport=_TRANSPORTS[transport](verify=_TLS_CONTEXT),
        timeout=_TIMEOUT,
        rate_limits=None,
        retries=RetryPolicy(max_attempts=3, base_delay=0.01, total_timeout=_TOTAL_TIMEOUT),
    )


if __name__ == "__main__":
    main()
