"""GET /integrations/logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx

from sendcloud_integrations_client.decoding import OnUndecodable, Undecoded
from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import query_of
from sendcloud_integrations_client.rules import Rule

from ...models.integration_log import IntegrationLog

OPERATION: Final = Operation(
    name="list_logs",
    method="GET",
    path="/integrations/logs",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""The facts of this operation."""

_QUERY_RULES: Final = {
    "cursor": Rule(types=("string",)),
    "page_size": Rule(types=("integer",), minimum=1, maximum=100),
}


async def list_logs(
    client: Sender,
    *,
    cursor: str | None = None,
    page_size: int | None = None,
    on_undecodable: OnUndecodable = "raise",
) -> list[IntegrationLog]:
    """List the exception logs of all integrations.

    Each log is one failed exchange with a shop: a resource that was missing, say, or credentials that
    had run out. They come page by page. The `next` relation of the `Link` header holds the cursor of
    the page after; on the last page there is none.

    `GET /integrations/logs`

    Args:
        client: What sends the request.
        cursor: Where the page begins: a cursor out of an earlier answer's `Link` header, unchanged. Without
            it, the first page. Example: `2023-03-01T02:02:00+01:00`.
        page_size: Most records that a page may hold. 1 to 100; default 25. Example: `25`.
        on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
            given its error.

    Returns:
        The records of one page. The cursor of the next one is in the `Link` header, which the detailed twin gives.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await list_logs_detailed(
        client,
        cursor=cursor,
        page_size=page_size,
        on_undecodable=on_undecodable,
    )
    return response.parsed


async def list_logs_detailed(
    client: Sender,
    *,
    cursor: str | None = None,
    page_size: int | None = None,
    on_undecodable: OnUndecodable = "raise",
    on_headers: Callable[[httpx.Headers], None] | None = None,
) -> Response[list[IntegrationLog]]:
    """List the exception logs of all integrations, with status and headers.

    Each log is one failed exchange with a shop: a resource that was missing, say, or credentials that
    had run out. They come page by page. The `next` relation of the `Link` header holds the cursor of
    the page after; on the last page there is none.

    `GET /integrations/logs`

    Args:
        client: What sends the request.
        cursor: Where the page begins: a cursor out of an earlier answer's `Link` header, unchanged. Without
            it, the first page. Example: `2023-03-01T02:02:00+01:00`.
        page_size: Most records that a page may hold. 1 to 100; default 25. Example: `25`.
        on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
            given its error.
        on_headers: Called with the headers of a success before its body is read.

    Returns:
        What `list_logs` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    fetched = await fetch(
        client, cursor=cursor, page_size=page_size, on_undecodable=on_undecodable, on_headers=on_headers
    )
    return answered(fetched.response, fetched.parsed)


async def fetch(
    client: Sender,
    *,
    cursor: str | None = None,
    page_size: int | None = None,
    on_undecodable: OnUndecodable = "raise",
    on_headers: Callable[[httpx.Headers], None] | None = None,
) -> Undecoded[IntegrationLog]:
    """One page whose records are not decoded yet; what a walk looks ahead with."""
    response = await client.send(
        OPERATION,
        OPERATION.path,
        query=query_of(OPERATION, {"cursor": cursor, "page_size": page_size}, _QUERY_RULES),
        on_headers=on_headers,
    )
    return Undecoded(response, "data", IntegrationLog, on_undecodable)
