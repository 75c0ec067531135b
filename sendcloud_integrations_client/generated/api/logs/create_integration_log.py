"""POST /integrations/{id}/logs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, overload

from sendcloud_integrations_client.decoding import decode_record
from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import body_of, path_of
from sendcloud_integrations_client.rules import Rule
from sendcloud_integrations_client.wire import UNSET, Model, Unset

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
"""The facts of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
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
    """Report a failed exchange with a shop.

    The log shows up among the connection issues that the owner of the integration sees in Sendcloud.
    Each call adds a log, a repeated one too. Fields other than the ones listed are refused.

    `POST /integrations/{id}/logs`

    Args:
        client: What sends the request.
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
    """Report a failed exchange with a shop, with status and headers.

    The log shows up among the connection issues that the owner of the integration sees in Sendcloud.
    Each call adds a log, a repeated one too. Fields other than the ones listed are refused.

    `POST /integrations/{id}/logs`

    Args:
        client: What sends the request.
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
        What `create_integration_log` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. A value was refused, or a field is not known.
        NotFoundError: 404. The account has no integration of this id.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
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
    **fields: object,
) -> Response[IntegrationLog]:
    """Send the body in either form; what the typed functions and the client's method share."""
    response = await client.send(
        OPERATION,
        path_of(OPERATION, {"id": integration_id}, _PATH_RULES),
        body=body_of(OPERATION, body, fields, IntegrationLogCreate.__rule__),
    )
    return answered(response, decode_record(response, "data", IntegrationLog))
