"""Exception logs made up on the fly: record i is computed from i, so that a million of them take no memory.

Positions count from 0, the oldest. Each has a slot of 61 seconds and lies somewhere in its first minute, so the order
of positions is the order in time. Integrations take turns in blocks: of as many records as there are integrations,
each has one, at a place that the block decides. So the records of one integration can be counted off, too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

import orjson

from .mixing import mix

__all__ = ["SeededLogs"]

_FIRST: Final = int(datetime(2023, 3, 1, 1, 2, tzinfo=UTC).timestamp())
_SLOT: Final = 61
_RECENT: Final = 10_000  # records that are kept once rendered: about 8 MB, and an answer takes a fifth of the time
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


def _record(method: str, path: str, code: int | None, failure: str, text: str, **rest: Any) -> dict[str, Any]:
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
    _record(
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
    _record(
        "GET",
        "/api/orders.json?page=3&limit=100&updated_since=2023-02-28T00:00:00Z&status=paid,packed",
        None,
        "requests.exceptions.ConnectTimeout",
        "The shop did not answer within 30 seconds; tried 3 times, at addresses 192.0.2.10, 192.0.2.11, 192.0.2.12",
        request={"headers": _AGENT, "payload": None},
        additional_data={"attempts": 3, "timeout": 30.5, "addresses": ["192.0.2.10", "192.0.2.11", "192.0.2.12"]},
    ),
    _record(
        "PUT",
        "/api/orders/<order>",
        404,
        "requests.exceptions.HTTPError",
        "404 Client Error: no order <order>",
        request={"headers": _AGENT | _JSON, "payload": _ORDER},
        response={"headers": _JSON, "body": {"error": {"code": "order_not_found", "order": "<order>", "retry": False}}},
    ),
    _record(
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
            "hint": "The shop’s owner has to connect the integration again",
            "documentation": "https://help.example/reconnect",
        },
    ),
    _record(
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


def _template(record: dict[str, Any]) -> bytes:
    """The record's JSON, with `%` fields where its `<…>` marks were."""
    text = orjson.dumps(record).replace(b"%", b"%%")
    for number in (b"id", b"integration"):
        text = text.replace(b'"<' + number + b'>"', b"%(" + number + b")b")
    for name in (b"shop", b"order", b"request", b"created"):
        text = text.replace(b"<" + name + b">", b"%(" + name + b")b")
    return text


_TEMPLATES: Final = tuple(map(_template, _SCENARIOS))


class SeededLogs:
    """The seeded logs of an account.

    Args:
        seed: Decides what is in them.
        integrations: How many integrations they belong to, ids from 1; with 0 they belong to none.
        count: How many there are.
    """

    def __init__(self, seed: int, integrations: int, count: int) -> None:
        self.count = count
        self._seed = seed
        self._block = integrations
        self._recent = lru_cache(maxsize=_RECENT)(self._rendered)

    def moment(self, position: int) -> int:
        """When the record was made, in seconds since 1970. Goes on past the last, with the same spacing."""
        return _FIRST + position * _SLOT + mix(self._seed, position) % (_SLOT - 1)

    def position_at(self, seconds: float) -> int:
        """The first position that is not older than `seconds` since 1970; may be past the last."""
        position = max(0, int((seconds - _FIRST) // _SLOT))
        return position if self.moment(position) >= seconds else position + 1

    def render(self, position: int) -> bytes:
        """The JSON of one record."""
        return self._recent(position)

    def last_of(self, integration_id: int, below: int) -> int | None:
        """The newest position of an integration that is older than `below`; None if there is none."""
        block = (min(below, self.count) - 1) // self._block
        position = self._position(integration_id, block)
        if position >= min(below, self.count):
            position = self._position(integration_id, block - 1)
        return position if position >= 0 else None

    def first_of(self, integration_id: int, at_least: int) -> int | None:
        """The oldest position of an integration from `at_least` on; None if there is none."""
        block = at_least // self._block
        position = self._position(integration_id, block)
        if position < at_least:
            position = self._position(integration_id, block + 1)
        return position if position < self.count else None

    def _rendered(self, position: int) -> bytes:
        chance = mix(self._seed, position)
        owner = self._owner(position)
        seconds = self.moment(position)
        if chance & 1:
            created = datetime.fromtimestamp(seconds, _CET).isoformat()
        else:
            created = datetime.fromtimestamp(seconds, UTC).isoformat()[:19] + "Z"
        return _TEMPLATES[(chance >> 8) % len(_TEMPLATES)] % {
            b"id": b"%d" % (position + 1),
            b"integration": b"%d" % owner if owner else b"null",
            b"shop": b"%d" % (owner or 0),
            b"order": b"%d" % (100_000 + (chance >> 16) % 900_000),
            b"request": b"%016x" % chance,
            b"created": created.encode(),
        }

    def _owner(self, position: int) -> int | None:
        if not self._block:
            return None
        block, place = divmod(position, self._block)
        return (place + mix(self._seed, block)) % self._block + 1

    def _position(self, integration_id: int, block: int) -> int:
        if block < 0:
            return -1
        place = (integration_id - 1 - mix(self._seed, block)) % self._block
        return block * self._block + place
