"""GET /integrations/{id}."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.decoding import decode_record
from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import path_of
from sendcloud_integrations_client.rules import Rule

from ...models.integration import Integration

OPERATION: Final = Operation(
    name="retrieve_integration",
    method="GET",
    path="/integrations/{id}",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""The facts of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
}


async def retrieve_integration(
    client: Sender,
    integration_id: int,
) -> Integration:
    """Retrieve one integration.

    Its settings, and when it last worked or began to fail.

    `GET /integrations/{id}`

    Args:
        client: What sends the request.
        integration_id: Which integration is meant. At least 1.

    Returns:
        The record of the answer, without the envelope.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        NotFoundError: 404. The account has no integration of this id.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await retrieve_integration_detailed(
        client,
        integration_id,
    )
    return response.parsed


async def retrieve_integration_detailed(
    client: Sender,
    integration_id: int,
) -> Response[Integration]:
    """Retrieve one integration, with status and headers.

    Its settings, and when it last worked or began to fail.

    `GET /integrations/{id}`

    Args:
        client: What sends the request.
        integration_id: Which integration is meant. At least 1.

    Returns:
        What `retrieve_integration` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        NotFoundError: 404. The account has no integration of this id.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await client.send(
        OPERATION,
        path_of(OPERATION, {"id": integration_id}, _PATH_RULES),
    )
    return answered(response, decode_record(response, "data", Integration))
