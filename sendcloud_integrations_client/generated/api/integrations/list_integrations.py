"""GET /integrations."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.decoding import OnUndecodable, decode_records
from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import query_of
from sendcloud_integrations_client.rules import Rule

from ...models.integration import Integration

OPERATION: Final = Operation(
    name="list_integrations",
    method="GET",
    path="/integrations",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""The facts of this operation."""

_QUERY_RULES: Final = {
    "sort": Rule(types=("string",)),
}


async def list_integrations(
    client: Sender,
    *,
    sort: str | None = None,
    on_undecodable: OnUndecodable = "raise",
) -> list[Integration]:
    """List every integration of the account.

    All of them come in one answer; there are no pages.

    `GET /integrations`

    Args:
        client: What sends the request.
        sort: What to order by: `integration_type`, `created_at`, `updated_at`, `last_fetch` or
            `failing_since`. A `-` in front turns the order round. Without it, `last_fetch` decides,
            then `created_at`. Example: `updated_at`.
        on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
            given its error.

    Returns:
        The records of the answer, without the envelope.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await list_integrations_detailed(
        client,
        sort=sort,
        on_undecodable=on_undecodable,
    )
    return response.parsed


async def list_integrations_detailed(
    client: Sender,
    *,
    sort: str | None = None,
    on_undecodable: OnUndecodable = "raise",
) -> Response[list[Integration]]:
    """List every integration of the account, with status and headers.

    All of them come in one answer; there are no pages.

    `GET /integrations`

    Args:
        client: What sends the request.
        sort: What to order by: `integration_type`, `created_at`, `updated_at`, `last_fetch` or
            `failing_since`. A `-` in front turns the order round. Without it, `last_fetch` decides,
            then `created_at`. Example: `updated_at`.
        on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
            given its error.

    Returns:
        What `list_integrations` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await client.send(
        OPERATION,
        OPERATION.path,
        query=query_of(OPERATION, {"sort": sort}, _QUERY_RULES),
    )
    return answered(response, decode_records(response, "data", Integration, on_undecodable))
