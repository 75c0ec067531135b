"""POST /integrations/{id}/logs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, overload

from sendcloud_integrations_client.runtime.arguments import build_body, build_path
from sendcloud_integrations_client.runtime.decoding import decode_record
from sendcloud_integrations_client.runtime.models import UNSET, Model, Unset
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response
from sendcloud_integrations_client.runtime.validation import Rule

from ...models.integration_log import IntegrationLog
from ...models.integration_log_create import IntegrationLogCreate
from ...models.logged_request_create import LoggedRequestCreate
from ...models.logged_response_create import LoggedResponseCreate

OPERATION: Final = Operation(
    name="create_integration_log",
    method="POST",
    path="/integrations/{id}/logs",
    success=frozenset({201}),
    safe=False,
    idempotent=False,
)
"""Name, method, path and retry safety of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
}

_PATH_ARGUMENTS: Final = {
    "id": "integration_id",
}


@overload
async def create_integration_log(
    client: Sender,
    integration_id: int,
    body: IntegrationLogCreate,
) -> IntegrationLog: ...
@overload
async def create_integration_log(
    client: Sender,
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
async def create_integration_log(
    client: Sender,
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
        client: Client that sends the request.
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
    return (
        await call(
            client,
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
    ).parsed


@overload
async def create_integration_log_detailed(
    client: Sender,
    integration_id: int,
    body: IntegrationLogCreate,
) -> Response[IntegrationLog]: ...
@overload
async def create_integration_log_detailed(
    client: Sender,
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
async def create_integration_log_detailed(
    client: Sender,
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

    The owner of the integration sees the log in Sendcloud under its connection issues. Each call
    creates a new log, even if an identical log exists. Unknown fields are rejected.

    `POST /integrations/{id}/logs`

    Args:
        client: Client that sends the request.
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
        Response with the status, the headers, and the result of `create_integration_log` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. A value is invalid, or a field is unknown.
        NotFoundError: 404. The account has no integration with this ID.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    return await call(
        client,
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


async def call(
    client: Sender,
    integration_id: int,
    body: Model | None,
    /,
    **_fields: object,
) -> Response[IntegrationLog]:
    """Send the request with a body from a model or from fields. All typed variants of this operation call it."""
    response = await client.send(
        OPERATION,
        build_path(OPERATION, {"id": integration_id}, _PATH_RULES, _PATH_ARGUMENTS),
        body=build_body(OPERATION, body, _fields, IntegrationLogCreate.validation_rule),
    )
    return build_response(response, decode_record(response, "data", IntegrationLog))
