"""A simulated Sendcloud for tests: a stateful implementation of the Integrations API v3 as an ASGI application.

In process, without a socket:

    server = SimulatedSendcloud()
    transport = httpx.ASGITransport(server)

Over real HTTP, on a loopback port:

    async with serve(SimulatedSendcloud()) as base_url:
        ...

As pytest fixtures: see `sendcloud_integrations_client.pytest_plugin`.

From a shell: `sendcloud-integrations simulate --port 8080`, or without the extra `cli`,
`python -m sendcloud_integrations_client.testing --port 8080`.

The simulated Sendcloud is written from the published OpenAPI document only. It imports nothing from the client, so that
the two cannot share a mistake. Requires the extra `testing`.
"""

from __future__ import annotations

try:
    import uvicorn as _uvicorn  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError:
    raise ImportError(
        "The simulated Sendcloud requires uvicorn. Run: pip install 'sendcloud-integrations-client[testing]'"
    ) from None

from .account import SimulatedAccount
from .app import SimulatedSendcloud
from .clock import SimulatedClock
from .faults import Fault
from .fields import IntegrationFields, LogFields
from .limits import SimulatedLimits
from .recording import RecordedRequest
from .scenarios import Scenario
from .serve import serve, serve_in_thread, serve_until_signal
from .tokens import Credentials

__all__ = [
    "Credentials",
    "Fault",
    "IntegrationFields",
    "LogFields",
    "RecordedRequest",
    "Scenario",
    "SimulatedAccount",
    "SimulatedClock",
    "SimulatedLimits",
    "SimulatedSendcloud",
    "serve",
    "serve_in_thread",
    "serve_until_signal",
]
