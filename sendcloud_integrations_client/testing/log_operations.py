"""Request handlers of the operations on exception logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from .formats import format_utc
from .json_encoding import decode_json
from .links import build_link, parse_cursor
from .log_book import LogBook
from .messages import JSON, Request, SimulatedResponse, build_not_found
from .schemas import CREATE_INTEGRATION_LOG
from .store import Integration, Store
from .validation import parse_integer_parameter, parse_json_object

__all__ = ["LogOperations"]

_DEFAULTS: Final[dict[str, Any]] = {
    **dict.fromkeys(CREATE_INTEGRATION_LOG["properties"]),
    "protected": False,
    "additional_data": "",
}


class LogOperations:
    """Handlers that list and create exception logs.

    Args:
        store: The account's integrations.
        logs: The account's logs.
        link_host: Start of the URLs in `Link` headers, without a trailing slash.
        now: Returns the current time, with a time zone.
    """

    def __init__(self, store: Store, logs: LogBook, link_host: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._logs = logs
        self._link_host = link_host
        self._now = now

    def list_logs(self, request: Request) -> SimulatedResponse:
        """List a page of the logs of all integrations."""
        return self._list_page(request, None, "/integrations/logs")

    def list_integration_logs(self, request: Request) -> SimulatedResponse:
        """List a page of the logs of one integration."""
        integration_id = self._get_integration_id(request)
        return self._list_page(request, integration_id, f"/integrations/{integration_id}/logs")

    def create_integration_log(self, request: Request) -> SimulatedResponse:
        """Create a log. `created_at` defaults to the current time."""
        integration_id = self._get_integration_id(request)
        body = parse_json_object(request, CREATE_INTEGRATION_LOG, status=400)
        content = self._logs.add(integration_id, self._complete(body))
        return SimulatedResponse(201, b'{"data":%b}' % content, (JSON,))

    def add_log(self, integration: Integration, fields: Mapping[str, Any]) -> int:
        """Add a log without a request.

        Args:
            integration: The integration.
            fields: Fields that differ from the defaults. `base_url` defaults to the URL of the shop.

        Returns:
            The id of the log.
        """
        base_url = integration.fields["shop_url"].removesuffix("/")
        content = self._logs.add(integration.fields["id"], self._complete({"base_url": base_url, **fields}))
        return int(decode_json(content)["id"])

    def _complete(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        completed = {**_DEFAULTS, **fields}
        completed["method"] = completed["method"] or ""
        completed["created_at"] = completed["created_at"] or format_utc(self._now())
        return completed

    def _list_page(self, request: Request, integration_id: int | None, path: str) -> SimulatedResponse:
        size = parse_integer_parameter(request, "page_size", minimum=1, maximum=100) or 25
        cursor_time = parse_cursor(request)
        below = None if cursor_time is None else self._logs.find_position(cursor_time)
        page = self._logs.get_page(integration_id, below, size)
        links = [
            build_link(self._link_host + path, self._logs.get_cursor_time(position), position, size, relation)
            for position, relation in ((page.next, "next"), (page.previous, "prev"))
            if position is not None
        ]
        headers = (JSON, (b"link", ", ".join(links).encode())) if links else (JSON,)
        return SimulatedResponse(200, b'{"data":[%b]}' % b",".join(page.records), headers)

    def _get_integration_id(self, request: Request) -> int:
        integration = self._store.find(request.id)
        if integration is None:
            raise build_not_found()
        return int(integration.fields["id"])
