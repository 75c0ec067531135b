"""GET /shop-order-statuses/mapping."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.decoding import decode_record
from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import query_of
from sendcloud_integrations_client.rules import Rule

from ...models.status_mapping import StatusMapping

OPERATION: Final = Operation(
    name="retrieve_status_mapping",
    method="GET",
    path="/shop-order-statuses/mapping",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""The facts of this operation."""

_QUERY_RULES: Final = {
    "integration_id": Rule(types=("integer",)),
}


async def retrieve_status_mapping(
    client: Sender,
    integration_id: int,
) -> StatusMapping:
    """Retrieve the status mapping of an integration.

    For Prestashop v2 integrations only. It says which of the shop's statuses stands for each of
    Sendcloud's four categories.

    `GET /shop-order-statuses/mapping`

    Args:
        client: What sends the request.
        integration_id: Which integration is meant. Example: `251`.

    Returns:
        The record of the answer, without the envelope.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. The integration is not named, or cannot have order statuses.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await retrieve_status_mapping_detailed(
        client,
        integration_id,
    )
    return response.parsed


async def retrieve_status_mapping_detailed(
    client: Sender,
    integration_id: int,
) -> Response[StatusMapping]:
    """Retrieve the status mapping of an integration, with status and headers.

    For Prestashop v2 integrations only. It says which of the shop's statuses stands for each of
    Sendcloud's four categories.

    `GET /shop-order-statuses/mapping`

    Args:
        client: What sends the request.
        integration_id: Which integration is meant. Example: `251`.

    Returns:
        What `retrieve_status_mapping` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. The integration is not named, or cannot have order statuses.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await client.send(
        OPERATION,
        OPERATION.path,
        query=query_of(OPERATION, {"integration_id": integration_id}, _QUERY_RULES),
    )
    return answered(response, decode_record(response, "data", StatusMapping))
