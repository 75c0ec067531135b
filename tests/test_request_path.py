"""How many hand-written files one call enters on its way from the resource method to the socket."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

import sendcloud_integrations_client
from sendcloud_integrations_client import BasicAuth, OAuth2ClientCredentials, RateLimits, SendcloudIntegrations
from sendcloud_integrations_client.pipeline.rate_limits import LocalBudget
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve

WINDOW = 0.01  # seconds
PACKAGE = Path(sendcloud_integrations_client.__file__).parent
MOST_FILES = 10


class ShortLimiter:
    """Limits calls by a window so short that the slot of the first call is free before the second call."""

    def get_budget(self, key: str) -> LocalBudget:
        return LocalBudget(RateLimits(), minute=WINDOW)


@pytest.mark.parametrize("kind", ["basic", "oauth2"])
async def test_warm_call_enters_at_most_ten_hand_written_files(kind: str) -> None:
    entered: set[str] = set()

    def record(frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE):
            entered.add(path.relative_to(PACKAGE).as_posix())

    sendcloud = SimulatedSendcloud()
    keys = sendcloud.credentials
    async with serve(sendcloud) as base_url:
        auth: BasicAuth | OAuth2ClientCredentials = BasicAuth(keys.public_key, keys.secret_key)
        if kind == "oauth2":
            token_url = httpx.URL(base_url).join("/oauth2/token")
            auth = OAuth2ClientCredentials(keys.client_id, keys.client_secret, token_url=str(token_url))
        async with SendcloudIntegrations(auth=auth, base_url=base_url, rate_limiter=ShortLimiter()) as client:
            await client.logs.list()
            await asyncio.sleep(2 * WINDOW)
            sys.setprofile(record)
            try:
                await client.logs.list()
            finally:
                sys.setprofile(None)
    files = sorted(name for name in entered if name.split("/")[0] not in {"generated", "runtime", "testing"})
    assert len(files) <= MOST_FILES, files
    assert {"pagination.py", "base_client.py", "pipeline/retries.py", "transports/network.py"} <= set(files)
