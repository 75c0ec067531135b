"""Clients and servers for tests of the sync."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from sendcloud_integrations_client import BasicAuth, RetryPolicy, SendcloudIntegrations

BASE_URL = "https://panel.sendcloud.sc/api/v3"
RETRY_WITHOUT_DELAY = RetryPolicy(max_attempts=3, base_delay=0)


def build_client(server: Any, **options: Any) -> SendcloudIntegrations:
    defaults = {
        "auth": BasicAuth("public", "secret"),
        "retries": RETRY_WITHOUT_DELAY,
        "rate_limits": None,
        "transport": httpx.ASGITransport(server),
    }
    return SendcloudIntegrations(base_url=BASE_URL, **defaults | options)


class Listing:
    """Server with one integration that lists the logs of a function in their order. Cursors are offsets."""

    def __init__(self, logs: Callable[[], list[Any]]) -> None:
        self._logs = logs

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        if scope["path"].endswith("/logs"):
            query = httpx.QueryParams(scope["query_string"].decode())
            start, size = int(query.get("cursor", 0)), int(query["page_size"])
            logs = [self.build_log(one) for one in self._logs()]
            data: Any = logs[start : start + size]
            if start + size < len(logs):
                headers.append((b"link", f'<{BASE_URL}/x?cursor={start + size}>; rel="next"'.encode()))
        else:
            data = [{"id": 1, "shop_name": "One"}]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"data": data}).encode()})

    @staticmethod
    def build_log(one: Any) -> Any:
        if not isinstance(one, int):
            return one
        timestamp = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=one)
        return {"id": one, "base_url": "https://shop.example", "created_at": timestamp.isoformat()}
