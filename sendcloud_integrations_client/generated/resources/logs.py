"""Resource `client.logs`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import httpx

from sendcloud_integrations_client.pagination import Paginator
from sendcloud_integrations_client.runtime.decoding import OnDecodeError, UndecodedPage
from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.runtime.operations import Sender

from ..api.logs.create_integration_log import call as call_create_integration_log
from ..api.logs.list_integration_logs import fetch as fetch_list_integration_logs
from ..api.logs.list_logs import fetch as fetch_list_logs
from ..models.integration_log import IntegrationLog
from ..models.integration_log_create import IntegrationLogCreate
from ..models.logged_request_create import LoggedRequestCreate
from ..models.logged_response_create import LoggedResponseCreate

if TYPE_CHECKING:
    from .logs_with_response import LogsWithResponse


class LogsResource:
    """Methods of `client.logs`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    @cached_property
    def with_response(self) -> LogsWithResponse:
        """The same methods, returning a `Response` with the status, the headers and the result as `parsed`."""
        from .logs_with_response import LogsWithResponse

        return LogsWithResponse(self._sender)

    def list(
        self,
        *,
        integration_id: int | None = None,
        cursor: str | None = None,
        page_size: int | None = None,
        on_decode_error: OnDecodeError = "raise",
    ) -> Paginator[IntegrationLog]:
        """List the exception logs of all integrations.

        Each log describes one failed request to or from a shop, for example because of a missing
        resource or expired credentials. The result is paginated: the `next` relation of the `Link`
        header contains the cursor of the next page and is absent on the last page.

        Use `await` for one page, `async for` for the records of all pages, or `.pages()` for the pages. No request is
        sent before that.

        `GET /integrations/logs`

        `GET /integrations/{id}/logs` with integration_id

        Args:
            integration_id: ID of the integration. At least 1. Defaults to all.
            cursor: Position of the page: a cursor from the `Link` header of an earlier response, unchanged.
                Defaults to the first page. Example: `2023-03-01T02:02:00+01:00`.
            page_size: Maximum number of records per page. 1 to 100; default 25. Example: `25`.
            on_decode_error: How to handle a record that cannot be decoded: `"raise"`, `"skip"`, or a callback that
                receives the error. Defaults to `"raise"`.

        Returns:
            A `Paginator`, which can be awaited or iterated.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            NotFoundError: 404. The account has no integration with this ID.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """

        def fetch(
            cursor_: str | None, on_headers: Callable[[httpx.Headers], None]
        ) -> Awaitable[UndecodedPage[IntegrationLog]]:
            if integration_id is not None:
                return fetch_list_integration_logs(
                    self._sender,
                    integration_id,
                    cursor=cursor_,
                    page_size=page_size,
                    on_decode_error=on_decode_error,
                    on_headers=on_headers,
                )
            return fetch_list_logs(
                self._sender,
                cursor=cursor_,
                page_size=page_size,
                on_decode_error=on_decode_error,
                on_headers=on_headers,
            )

        return Paginator(fetch, cursor=cursor, name="logs.list")

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
        """Create an exception log for an integration.

        The owner of the integration sees the log in Sendcloud under its connection issues. Each call
        creates a new log, even if an identical log exists. Unknown fields are rejected.

        `POST /integrations/{id}/logs`

        Args:
            integration_id: ID of the integration. At least 1.
            body: The whole body as a model, instead of the keyword arguments.
            base_url: URL of the shop. Not empty. Example: `https://example.com`.
            full_url: URL of the requested resource. Example: `https://example.com/order-note.json`.
            method: HTTP method of the request that failed. Example: `POST`.
            response_code: HTTP status of the response, including unregistered codes; null if there was no response.
                Example: `495`.
            response: Response to the failed request; null if there was no response. Remove secrets before
                sending.
            request: The failed request; null if it was not recorded. Remove secrets before sending.
            created_at: Time of the failed request, with UTC offset. Defaults to the time of receipt, also if null.
                Example: `2023-03-01T02:02:00+01:00`.
            exception_type: Exception class in the reporting code. It can help to find the cause. Example:
                `requests.exceptions.SSLError`.
            exception: Error message of the exception. Example: `An SSL error occurred`.

        Returns:
            The record in the response, without the envelope.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            BadRequestError: 400. A value is invalid, or a field is unknown.
            NotFoundError: 404. The account has no integration with this ID.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """
        detailed_ = await call_create_integration_log(
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
        return detailed_.parsed
