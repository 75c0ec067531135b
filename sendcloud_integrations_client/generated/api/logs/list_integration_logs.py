"""GET /integrations/{id}/logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx

from sendcloud_integrations_client.decoding import OnUndecodable, Undecoded
from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import path_of, query_of
from sendcloud_integrations_client.rules import Rule

from ...models.integration_log import IntegrationLog

OPERATION: Final = Operation(
    name="list_integration_logs",
    method="GET",
    path="/integrations/{id}/logs",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""The facts of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
}

_QUERY_RULES: Final = {
    "cursor": Rule(types=("string",)),
    "page_size": Rule(types=("integer",), minimum=1, maximum=100),
}


async def list_integration_logs(
    client: Sender,
    integration_id: int,
    *,
    cursor: str | None = None,
    page_size: int | None = None,
    on_undecodable: OnUndecodable = "raise",
) -> list[IntegrationLog]:
    """List the exception logs of one integration.

    The failed exchanges with one shop, page by page. The `next` relation of the `Link` header holds the
    cursor of the page after; on the last page there is none.

    `GET /integrations/{id}/logs`

    Args:
        client: What sends the request.
        integration_id: Whose logs are meant. At least 1.
        cursor: Where the page begins: a cursor out of an earlier answer's `Link` header, unchanged. Without
            it, the first page. Example: `2023-03-01T02:02:00+01:00`.
        page_size: Most records that a page may hold. 1 to 100; default 25. Example: `25`.
        on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
            given its error.

    Returns:
        The records of one page. The cursor of the next one is in the `Link` header, which the detailed twin gives.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        NotFoundError: 404. The account has no integration of this id.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await list_integration_logs_detailed(
        client,
        integration_id,
        cursor=cursor,
        page_size=page_size,
        on_undecodable=on_undecodable,
    )
    return response.parsed


async def list_integration_logs_detailed(
    client: Sender,
    integration_id: int,
    *,
    cursor: str | None = None,
    page_size: int | None = None,
    on_undecodable: OnUndecodable = "raise",
    on_headers: Callable[[httpx.Headers], None] | None = None,
) -> Response[list[IntegrationLog]]:
    """List the exception logs of one integration, with status and headers.

    The failed exchanges with one shop, page by page. The `next` relation of the `Link` header holds the
    cursor of the page after; on the last page there is none.

    `GET /integrations/{id}/logs`

    Args:
        client: What sends the request.
        integration_id: Whose logs are meant. At least 1.
        cursor: Where the page begins: a cursor out of an earlier answer's `Link` header, unchanged. Without
            it, the first page. Example: `2023-03-01T02:02:00+01:00`.
        page_size: Most records that a page may hold. 1 to 100; default 25. Example: `25`.
        on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
            given its error.
        on_headers: Called with the headers of a success before its body is read.

    Returns:
        What `list_integration_logs` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        NotFoundError: 404. The account has no integration of this id.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    fetched = await fetch(
        client, integration_id, cursor=cursor, page_size=page_size, on_undecodable=on_undecodable, on_headers=on_headers
    )
    return answered(fetched.response, fetched.parsed)


async def fetch(
    client: Sender,
    integration_id: int,
    *,
    cursor: str | None = None,
    page_size: int | None = None,
    on_undecodable: OnUndecodable = "raise",
    on_headers: Callable[[httpx.Headers], None] | None = None,
) -> Undecoded[IntegrationLog]:
    """One page whose records are not decoded yet; what a walk looks ahead with."""
    response = await client.send(
        OPERATION,
        path_of(OPERATION, {"id": integration_id}, _PATH_RULES),
        query=query_of(OPERATION, {"cursor": cursor, "page_size": page_size}, _QUERY_RULES),
        on_headers=on_headers,
    )
    return Undecoded(response, "data", IntegrationLog, on_undecodable)
