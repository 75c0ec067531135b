"""The operations on exception logs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from .formats import utc_text
from .links import cursor_of, link
from .log_book import LogBook
from .messages import JSON, Answer, Request, not_found
from .schemas import CREATE_INTEGRATION_LOG
from .store import Store
from .validation import integer_parameter, json_object

__all__ = ["LogOperations"]

_DEFAULTS: Final[dict[str, Any]] = {
    **dict.fromkeys(CREATE_INTEGRATION_LOG["properties"]),
    "protected": False,
    "additional_data": "",
}


class LogOperations:
    """List and create exception logs.

    Args:
        store: The account's integrations.
        logs: The account's logs.
        link_host: URL that the links to further pages start with, without a slash at its end.
        now: The time of day, with a time zone.
    """

    def __init__(self, store: Store, logs: LogBook, link_host: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._logs = logs
        self._link_host = link_host
        self._now = now

    def list_logs(self, request: Request) -> Answer:
        """A page of the logs of all integrations."""
        return self._page(request, None, "/integrations/logs")

    def list_integration_logs(self, request: Request) -> Answer:
        """A page of the logs of one integration."""
        integration_id = self._integration_id(request)
        return self._page(request, integration_id, f"/integrations/{integration_id}/logs")

    def create_integration_log(self, request: Request) -> Answer:
        """Create a log; one without `created_at` gets the current time."""
        integration_id = self._integration_id(request)
        body = json_object(request, CREATE_INTEGRATION_LOG, status=400)
        fields = _DEFAULTS | body
        fields["method"] = fields["method"] or ""
        fields["created_at"] = fields["created_at"] or utc_text(self._now())
        content = self._logs.add(integration_id, fields)
        return Answer(201, b'{"data":%b}' % content, (JSON,))

    def _page(self, request: Request, integration_id: int | None, path: str) -> Answer:
        size = integer_parameter(request, "page_size", least=1, most=100) or 25
        moment = cursor_of(request)
        below = None if moment is None else self._logs.position_at(moment)
        page = self._logs.page(integration_id, below, size)
        links = [
            link(self._link_host + path, self._logs.moment(position), position, size, relation)
            for position, relation in ((page.next, "next"), (page.previous, "prev"))
            if position is not None
        ]
        headers = (JSON, (b"link", ", ".join(links).encode())) if links else (JSON,)
        return Answer(200, b'{"data":[%b]}' % b",".join(page.records), headers)

    def _integration_id(self, request: Request) -> int:
        integration = self._store.find(request.id)
        if integration is None:
            raise not_found()
        return int(integration.fields["id"])
