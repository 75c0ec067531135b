"""GET /integrations."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.runtime.arguments import build_query
from sendcloud_integrations_client.runtime.decoding import OnDecodeError, UndecodedPage, check_on_decode_error
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response
from sendcloud_integrations_client.runtime.validation import Rule

from ...models.integration import Integration
from ...types import IntegrationSort

OPERATION: Final = Operation(
    name="list_integrations",
    method="GET",
    path="/integrations",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""Name, method, path and retry safety of this operation."""

_QUERY_RULES: Final = {
    "sort": Rule(
        types=("string",),
        enum=(
            "integration_type",
            "-integration_type",
            "created_at",
            "-created_at",
            "updated_at",
            "-updated_at",
            "last_fetch",
            "-last_fetch",
            "failing_since",
            "-failing_since",
        ),
    ),
}


async def list_integrations(
    client: Sender,
    *,
    sort: IntegrationSort | None = None,
    on_decode_error: OnDecodeError = "raise",
) -> list[Integration]:
    """List all integrations of the account.

    Returns all integrations in one response, without pagination.

    `GET /integrations`

    Args:
        client: Client that sends the request.
        sort: Sort key: `integration_type`, `created_at`, `updated_at`, `last_fetch` or `failing_since`. A
            leading `-` reverses the order. By default, integrations are sorted by `last_fetch`, then by
            `created_at`. Example: `updated_at`.
        on_decode_error: How to handle a record that cannot be decoded: `"raise"`, `"skip"`, or a callback that
            receives the error. Defaults to `"raise"`.

    Returns:
        The records in the response, without the envelope.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    response = await fetch(
        client,
        sort=sort,
        on_decode_error=on_decode_error,
    )
    return response.parsed


async def list_integrations_detailed(
    client: Sender,
    *,
    sort: IntegrationSort | None = None,
    on_decode_error: OnDecodeError = "raise",
) -> Response[list[Integration]]:
    """List all integrations of the account, with status and headers.

    Returns all integrations in one response, without pagination.

    `GET /integrations`

    Args:
        client: Client that sends the request.
        sort: Sort key: `integration_type`, `created_at`, `updated_at`, `last_fetch` or `failing_since`. A
            leading `-` reverses the order. By default, integrations are sorted by `last_fetch`, then by
            `created_at`. Example: `updated_at`.
        on_decode_error: How to handle a record that cannot be decoded: `"raise"`, `"skip"`, or a callback that
            receives the error. Defaults to `"raise"`.

    Returns:
        Response with the status, the headers, and the result of `list_integrations` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    fetched = await fetch(
        client,
        sort=sort,
        on_decode_error=on_decode_error,
    )
    return build_response(fetched.response, fetched.parsed)


async def fetch(
    client: Sender,
    *,
    sort: IntegrationSort | None = None,
    on_decode_error: OnDecodeError = "raise",
) -> UndecodedPage[Integration]:
    """Fetch one page without decoding its records. `Paginator` calls it."""
    check_on_decode_error(OPERATION, on_decode_error)
    response = await client.send(
        OPERATION,
        OPERATION.path,
        query=build_query(OPERATION, {"sort": sort}, _QUERY_RULES),
    )
    return UndecodedPage(response, "data", Integration, on_decode_error)
