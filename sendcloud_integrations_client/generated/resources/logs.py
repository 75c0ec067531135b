"""`client.logs`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, overload

import httpx

from sendcloud_integrations_client.decoding import OnUndecodable, Undecoded
from sendcloud_integrations_client.operations import Sender
from sendcloud_integrations_client.pagination import Paginator
from sendcloud_integrations_client.wire import UNSET, Unset

from ..api.logs.create_integration_log import call as call_create_integration_log
from ..api.logs.list_integration_logs import fetch as fetch_list_integration_logs
from ..api.logs.list_logs import fetch as fetch_list_logs
from ..models.integration_log import IntegrationLog
from ..models.integration_log_create import IntegrationLogCreate
from ..models.logged_request_create import LoggedRequestCreate
from ..models.logged_response_create import LoggedResponseCreate


class LogsResource:
    """Logs."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(
        self,
        *,
        integration_id: int | None = None,
        cursor: str | None = None,
        page_size: int | None = None,
        on_undecodable: OnUndecodable = "raise",
    ) -> Paginator[IntegrationLog]:
        """List the exception logs of all integrations.

        Each log is one failed exchange with a shop: a resource that was missing, say, or credentials
        that had run out. They come page by page. The `next` relation of the `Link` header holds the
        cursor of the page after; on the last page there is none.

        Awaited, it is one page; under `async for`, every record of every page; `.pages()` gives the pages. Nothing is
        sent before that.

        `GET /integrations/logs`

        `GET /integrations/{id}/logs` with integration_id

        Args:
            integration_id: Whose logs are meant. At least 1. Left out: all of them.
            cursor: Where the page begins: a cursor out of an earlier answer's `Link` header, unchanged. Without
                it, the first page. Example: `2023-03-01T02:02:00+01:00`.
            page_size: Most records that a page may hold. 1 to 100; default 25. Example: `25`.
            on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
                given its error.

        Returns:
            What can be awaited or iterated; see `Paginator`.

        Raises:
            InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
            NotFoundError: 404. The account has no integration of this id.
            SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
        """

        def fetch(at: str | None, on_headers: Callable[[httpx.Headers], None]) -> Awaitable[Undecoded[IntegrationLog]]:
            if integration_id is not None:
                return fetch_list_integration_logs(
                    self._sender,
                    integration_id,
                    cursor=at,
                    page_size=page_size,
                    on_undecodable=on_undecodable,
                    on_headers=on_headers,
                )
            return fetch_list_logs(
                self._sender,
                cursor=at,
                page_size=page_size,
                on_undecodable=on_undecodable,
                on_headers=on_headers,
            )

        return Paginator(fetch, cursor=cursor)

    @overload
    async def create(
        self,
        integration_id: int,
        body: IntegrationLogCreate,
    ) -> IntegrationLog: ...
    @overload
    async def create(
        self,
        integration_id: int,
        *,
        base_url: str,
        full_url: str | Unset | None = UNSET,
        method: str | Unset | None = UNSET,
        response_code: int | Unset | None = UNSET,
        response: LoggedResponseCreate | Mapping[str, Any] | Unset | None = UNSET,
        request: LoggedRequestCreate | Mapping[str, Any] | Unset | None = UNSET,
        created_at: datetime | Unset | None = UNSET,
        exception_type: str | Unset | None = UNSET,
        exception: str | Unset | None = UNSET,
    ) -> IntegrationLog: ...
    async def create(
        self,
        integration_id: int,
        body: IntegrationLogCreate | None = None,
        *,
        base_url: str | Unset = UNSET,
        full_url: str | Unset | None = UNSET,
        method: str | Unset | None = UNSET,
        response_code: int | Unset | None = UNSET,
        response: LoggedResponseCreate | Mapping[str, Any] | Unset | None = UNSET,
        request: LoggedRequestCreate | Mapping[str, Any] | Unset | None = UNSET,
        created_at: datetime | Unset | None = UNSET,
        exception_type: str | Unset | None = UNSET,
        exception: str | Unset | None = UNSET,
    ) -> IntegrationLog:
        """Report a failed exchange with a shop.

        The log shows up among the connection issues that the owner of the integration sees in
        Sendcloud. Each call adds a log, a repeated one too. Fields other than the ones listed are
        refused.

        `POST /integrations/{id}/logs`

        Args:
            integration_id: Whose logs are meant. At least 1.
            body: The whole body as a model, in place of the keyword arguments.
            base_url: Address of the shop. Not empty. Example: `https://example.com`.
            full_url: Address of the very resource that was asked for. Example:
                `https://example.com/order-note.json`.
            method: HTTP method of the request that failed. Example: `POST`.
            response_code: HTTP status that came back, beyond the registered ones too; null if nothing did. Example:
                `495`.
            response: What the other side answered; null if nothing came. Take secrets out before it is sent.
            request: What was sent; null where it was not kept. Take secrets out before it is sent.
            created_at: When it happened, with its offset from UTC. Left out or null, it is the moment of arrival.
                Example: `2023-03-01T02:02:00+01:00`.
            exception_type: Class of the error in the code that reports it, from which a remedy may be guessed. Example:
                `requests.exceptions.SSLError`.
            exception: The error in words. Example: `An SSL error occurred`.

        Returns:
            The record of the answer, without the envelope.

        Raises:
            InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
            BadRequestError: 400. A value was refused, or a field is not known.
            NotFoundError: 404. The account has no integration of this id.
            SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
        """
        answer_ = await call_create_integration_log(
            self._sender,
            integration_id,
            body,
            base_url=base_url,
            full_url=full_url,
            method=method,
            response_code=response_code,
            response=response,
            request=request,
            created_at=created_at,
            exception_type=exception_type,
            exception=exception,
        )
        return answer_.parsed
