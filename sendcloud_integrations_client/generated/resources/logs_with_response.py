"""Methods of `client.logs.with_response`."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import datetime
from typing import Any, overload

from sendcloud_integrations_client.pagination import Page
from sendcloud_integrations_client.runtime.decoding import OnDecodeError
from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.runtime.operations import Response, Sender

from ..api.logs.create_integration_log import call as call_create_integration_log
from ..models.integration_log import IntegrationLog
from ..models.integration_log_create import IntegrationLogCreate
from ..models.logged_request_create import LoggedRequestCreate
from ..models.logged_response_create import LoggedResponseCreate
from .logs import LogsResource


class LogsWithResponse:
    """Methods of `client.logs.with_response`. Each returns a `Response` with status and headers.

    They take the same arguments and raise the same errors as the methods of `client.logs`.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(
        self,
        *,
        integration_id: int | None = None,
        cursor: str | None = None,
        page_size: int | None = None,
        on_decode_error: OnDecodeError = "raise",
    ) -> Coroutine[Any, Any, Response[Page[IntegrationLog]]]:
        """List the exception logs of all integrations, with status and headers.

        Returns:
            The response; `parsed` is one page. See `client.logs.list` for arguments and errors.
        """
        paginator_ = LogsResource(self._sender).list(
            cursor=cursor,
            page_size=page_size,
            on_decode_error=on_decode_error,
            integration_id=integration_id,
        )
        return paginator_.get_page_with_response()

    @overload
    async def create(
        self,
        integration_id: int,
        body: IntegrationLogCreate,
    ) -> Response[IntegrationLog]: ...
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
    ) -> Response[IntegrationLog]: ...
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
    ) -> Response[IntegrationLog]:
        """Create an exception log for an integration, with status and headers.

        Returns:
            The response. See `client.logs.create` for arguments, result and errors.
        """
        return await call_create_integration_log(
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
