"""Exception logs that are computed on demand: record i is computed from i, so a million records use no memory.

Positions start at 0, the oldest record. Each position has a time slot of 61 seconds, and its timestamp lies in the
first minute of the slot, so positions are in order of time. Positions are grouped in blocks with one record per
integration; the block determines the order of the integrations in it. Therefore the positions of one integration can
be computed too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

import orjson

from .hashing import hash_number

__all__ = ["SeededLogs"]

_FIRST_TIMESTAMP: Final = int(datetime(2023, 3, 1, 1, 2, tzinfo=UTC).timestamp())
_SLOT_SECONDS: Final = 61
# Number of rendered records to cache: about 8 MB, which reduces the response time to a fifth.
_CACHED_RECORDS: Final = 10_000
_CET: Final = timezone(timedelta(hours=1))

_JSON: Final = {"Cache-Control": "no-cache", "Content-Type": "application/json", "Connection": "keep-alive"}
_HTML: Final = {"Cache-Control": "max-age=3600", "Content-Type": "text/html; charset=utf-8", "Server": "nginx"}
_AGENT: Final = {"Accept": "application/json", "User-Agent": "Sendcloud/3.0", "X-Request-Id": "<request>"}
_ORDER: Final = {
    "order": {
        "number": "<order>",
        "state": "shipped",
        "tracking": {"carrier": "dhl", "code": "JVGL<order>"},
        "lines": [{"sku": "SKU-<order>-1", "quantity": 2}, {"sku": "SKU-<order>-2", "quantity": 1}],
    }
}


def _build_scenario(method: str, path: str, code: int | None, failure: str, text: str, **rest: Any) -> dict[str, Any]:
    return {
        "id": "<id>",
        "integration_id": "<integration>",
        "base_url": "https://shop-<shop>.example",
        "full_url": f"https://shop-<shop>.example{path}",
        "method": method,
        "response_code": code,
        "response": None,
        "request": None,
        "created_at": "<created>",
        "exception_type": failure,
        "exception": text,
        "protected": False,
        "additional_data": "",
    } | rest


_SCENARIOS: Final = (
    _build_scenario(
        "POST",
        "/api/orders/<order>/notes.json",
        495,
        "requests.exceptions.SSLError",
        "The certificate of the shop could not be verified: it expired",
        request={"headers": _AGENT | _JSON, "payload": _ORDER},
        response={
            "headers": _HTML,
            "body": "<!doctype html>\n<html>\n <head><title>Certificate</title></head>\n</html>\n",
        },
    ),
    _build_scenario(
        "GET",
        "/api/orders.json?page=3&limit=100&updated_since=2023-02-28T00:00:00Z&status=paid,packed",
        None,
        "requests.exceptions.ConnectTimeout",
        "The shop did not respond within 30 seconds; tried 3 times, at IP addresses 192.0.2.10, 192.0.2.11, 192.0.2.12",
        request={"headers": _AGENT, "payload": None},
        additional_data={"attempts": 3, "timeout": 30.5, "addresses": ["192.0.2.10", "192.0.2.11", "192.0.2.12"]},
    ),
    _build_scenario(
        "PUT",
        "/api/orders/<order>",
        404,
        "requests.exceptions.HTTPError",
        "404 Client Error: no order <order>",
        request={"headers": _AGENT | _JSON, "payload": _ORDER},
        response={"headers": _JSON, "body": {"error": {"code": "order_not_found", "order": "<order>", "retry": False}}},
    ),
    _build_scenario(
        "GET",
        "/api/products/SKU-<order>-1",
        401,
        "requests.exceptions.HTTPError",
        "401 Client Error: the API key of the shop is no longer valid",
        request={
            "headers": "Accept: application/json\r\nAuthorization: ****\r\nX-Request-Id: <request>",
            "payload": "",
        },
        response={"headers": _JSON, "body": '{"message": "clé refusée – please sign in again"}'},
        protected=True,
        additional_data={
            "hint": "The shop’s integration_id has to connect the integration again",
            "documentation": "https://help.example/reconnect",
        },
    ),
    _build_scenario(
        "POST",
        "/api/webhooks",
        503,
        "requests.exceptions.HTTPError",
        "503 Server Error: the shop is under maintenance",
        request={"headers": _AGENT | _JSON, "payload": '{"order": "<order>", "state": "delivered", "parcels": [1, 2]}'},
        response={"headers": _HTML | {"Retry-After": "120"}, "body": "<html><body><h1>Back soon</h1></body></html>"},
        full_url=None,
    ),
)


def _build_template(record: dict[str, Any]) -> bytes:
    """Return the JSON of a scenario, with its `<…>` placeholders replaced by `%` fields."""
    text = orjson.dumps(record).replace(b"%", b"%%")
    for number in (b"id", b"integration"):
        text = text.replace(b'"<' + number + b'>"', b"%(" + number + b")b")
    for name in (b"shop", b"order", b"request", b"created"):
        text = text.replace(b"<" + name + b">", b"%(" + name + b")b")
    return text


_TEMPLATES: Final = tuple(map(_build_template, _SCENARIOS))


class SeededLogs:
    """The seeded logs of an account.

    Args:
        seed: Seed of the generated data.
        integrations: Number of integrations, with ids from 1. If 0, the logs belong to no integration.
        count: Number of logs.
    """

    def __init__(self, seed: int, integrations: int, count: int) -> None:
        self.count = count
        self._seed = seed
        self._block_size = integrations
        self._render_cached = lru_cache(maxsize=_CACHED_RECORDS)(self._render_uncached)

    def get_created_at(self, position: int) -> int:
        """Return the creation time of a record in seconds since 1970. Also defined for positions after the last one."""
        return _FIRST_TIMESTAMP + position * _SLOT_SECONDS + hash_number(self._seed, position) % (_SLOT_SECONDS - 1)

    def find_position(self, seconds: float) -> int:
        """Return the first position that is not older than `seconds` since 1970. It can be after the last one."""
        position = max(0, int((seconds - _FIRST_TIMESTAMP) // _SLOT_SECONDS))
        return position if self.get_created_at(position) >= seconds else position + 1

    def render(self, position: int) -> bytes:
        """Return the JSON of one record."""
        return self._render_cached(position)

    def find_newest(self, integration_id: int, below: int) -> int | None:
        """Return the newest position of an integration that is less than `below`; None if it has no such position."""
        block = (min(below, self.count) - 1) // self._block_size
        position = self._get_position(integration_id, block)
        if position >= min(below, self.count):
            position = self._get_position(integration_id, block - 1)
        return position if position >= 0 else None

    def find_oldest(self, integration_id: int, at_least: int) -> int | None:
        """Return the oldest position of an integration from `at_least` on; None if it has no such position."""
        block = at_least // self._block_size
        position = self._get_position(integration_id, block)
        if position < at_least:
            position = self._get_position(integration_id, block + 1)
        return position if position < self.count else None

    def _render_uncached(self, position: int) -> bytes:
        hashed = hash_number(self._seed, position)
        integration_id = self._get_integration_id(position)
        seconds = self.get_created_at(position)
        if hashed & 1:
            created = datetime.fromtimestamp(seconds, _CET).isoformat()
        else:
            created = datetime.fromtimestamp(seconds, UTC).isoformat()[:19] + "Z"
        return _TEMPLATES[(hashed >> 8) % len(_TEMPLATES)] % {
            b"id": b"%d" % (position + 1),
            b"integration": b"%d" % integration_id if integration_id else b"null",
            b"shop": b"%d" % (integration_id or 0),
            b"order": b"%d" % (100_000 + (hashed >> 16) % 900_000),
            b"request": b"%016x" % hashed,
            b"created": created.encode(),
        }

    def _get_integration_id(self, position: int) -> int | None:
        if not self._block_size:
            return None
        block, offset = divmod(position, self._block_size)
        return (offset + hash_number(self._seed, block)) % self._block_size + 1

    def _get_position(self, integration_id: int, block: int) -> int:
        if block < 0:
            return -1
        offset = (integration_id - 1 - hash_number(self._seed, block)) % self._block_size
        return block * self._block_size + offset
