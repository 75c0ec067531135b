"""GET /integrations/{id}/logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx

from sendcloud_integrations_client.runtime.arguments import build_path, build_query
from sendcloud_integrations_client.runtime.decoding import OnDecodeError, UndecodedPage, check_on_decode_error
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response
from sendcloud_integrations_client.runtime.validation import Rule

from ...models.integration_log import IntegrationLog

OPERATION: Final = Operation(
    name="list_integration_logs",
    method="GET",
    path="/integrations/{id}/logs",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""Name, method, path and retry safety of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
}

_QUERY_RULES: Final = {
    "cursor": Rule(types=("string",)),
    "page_size": Rule(types=("integer",), minimum=1, maximum=100),
}

_PATH_ARGUMENTS: Final = {
    "id": "integration_id",
}


async def list_integration_logs(
    client: Sender,
    integration_id: int,
    *,
    cursor: str | None = None,
    page_size: int | None = None,
    on_decode_error: OnDecodeError = "raise",
) -> list[IntegrationLog]:
    """List the exception logs of one integration.

    Each log describes one failed request to or from the shop. The result is paginated: the `next`
    relation of the `Link` header contains the cursor of the next page and is absent on the last page.

    `GET /integrations/{id}/logs`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. At least 1.
        cursor: Position of the page: a cursor from the `Link` header of an earlier response, unchanged.
            Defaults to the first page. Example: `2023-03-01T02:02:00+01:00`.
        page_size: Maximum number of records per page. 1 to 100; default 25. Example: `25`.
        on_decode_error: How to handle a record that cannot be decoded: `"raise"`, `"skip"`, or a callback that
            receives the error. Defaults to `"raise"`.

    Returns:
        The records of one page. `list_integration_logs_detailed` also returns the `Link` header with the next cursor.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        NotFoundError: 404. The account has no integration with this ID.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    response = await fetch(
        client,
        integration_id,
        cursor=cursor,
        page_size=page_size,
        on_decode_error=on_decode_error,
    )
    return response.parsed


async def list_integration_logs_detailed(
    client: Sender,
    integration_id: int,
    *,
    cursor: str | None = None,
    page_size: int | None = None,
    on_decode_error: OnDecodeError = "raise",
    on_headers: Callable[[httpx.Headers], None] | None = None,
) -> Response[list[IntegrationLog]]:
    """List the exception logs of one integration, with status and headers.

    Each log describes one failed request to or from the shop. The result is paginated: the `next`
    relation of the `Link` header contains the cursor of the next page and is absent on the last page.

    `GET /integrations/{id}/logs`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. At least 1.
        cursor: Position of the page: a cursor from the `Link` header of an earlier response, unchanged.
            Defaults to the first page. Example: `2023-03-01T02:02:00+01:00`.
        page_size: Maximum number of records per page. 1 to 100; default 25. Example: `25`.
        on_decode_error: How to handle a record that cannot be decoded: `"raise"`, `"skip"`, or a callback that
            receives the error. Defaults to `"raise"`.
        on_headers: Callback that receives the headers of a successful response before its body is read.

    Returns:
        Response with the status, the headers, and the result of `list_integration_logs` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        NotFoundError: 404. The account has no integration with this ID.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    fetched = await fetch(
        client,
        integration_id,
        cursor=cursor,
        page_size=page_size,
        on_decode_error=on_decode_error,
        on_headers=on_headers,
    )
    return build_response(fetched.response, fetched.parsed)


async def fetch(
    client: Sender,
    integration_id: int,
    *,
    cursor: str | None = None,
    page_size: int | None = None,
    on_decode_error: OnDecodeError = "raise",
    on_headers: Callable[[httpx.Headers], None] | None = None,
) -> UndecodedPage[IntegrationLog]:
    """Fetch one page without decoding its records. `Paginator` calls it."""
    check_on_decode_error(OPERATION, on_decode_error)
    response = await client.send(
        OPERATION,
        build_path(OPERATION, {"id": integration_id}, _PATH_RULES, _PATH_ARGUMENTS),
        query=build_query(OPERATION, {"cursor": cursor, "page_size": page_size}, _QUERY_RULES),
        on_headers=on_headers,
    )
    return UndecodedPage(response, "data", IntegrationLog, on_decode_error)
