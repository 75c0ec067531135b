"""Programs that tests run in a subprocess to see the warnings and the output of the whole interpreter."""

from __future__ import annotations

import subprocess
import sys

from tests.support.raw_server import find_free_port

_USE_CLIENT_IN_THREE_LOOPS = """
import asyncio, gc
from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

client = None

async def main():
    global client
    async with serve(SimulatedSendcloud(), port=FREE_PORT) as base_url:
        if client is None:
            client = SendcloudIntegrations(
                auth=BasicAuth("public", "secret"), base_url=base_url, transport=TRANSPORT
            )
        assert len(await client.integrations.list()) == 10
        await asyncio.gather(*(client.integrations.retrieve(1) for _ in range(20)))
        async for log in client.logs.list():
            break

for _ in range(3):
    asyncio.run(main())
    gc.collect()
asyncio.run(client.aclose())
"""

_FORGET_TO_CLOSE_CLIENT = """
import asyncio, gc
from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

async def main():
    async with serve(SimulatedSendcloud()) as base_url:
        auth = BasicAuth("public", "secret")
        client = SendcloudIntegrations(auth=auth, base_url=base_url, transport=TRANSPORT)
        await client.integrations.list()
        unused = SendcloudIntegrations(auth=auth, base_url=base_url, transport=TRANSPORT)
        before = asyncio.all_tasks()
        del client, unused
        gc.collect()
        assert asyncio.all_tasks() == before

asyncio.run(main())
"""


def use_client_in_three_loops(transport: str, *interpreter_options: str) -> list[str]:
    """Use one client in three consecutive event loops and close it in a fourth; return the lines of stderr."""
    program = _USE_CLIENT_IN_THREE_LOOPS.replace("FREE_PORT", str(find_free_port()))
    return run_program(program.replace("TRANSPORT", repr(transport)), *interpreter_options)


def forget_to_close_client(transport: str, *interpreter_options: str) -> list[str]:
    """Drop a used and an unused client without closing them; return the lines of stderr."""
    return run_program(_FORGET_TO_CLOSE_CLIENT.replace("TRANSPORT", repr(transport)), *interpreter_options)


def run_program(program: str, *interpreter_options: str) -> list[str]:
    """Run Python code in a new interpreter; return the lines of stderr.

    Raises:
        AssertionError: If the program fails.
    """
    command = [sys.executable, *interpreter_options, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return [line for line in result.stderr.splitlines() if line.strip()]
