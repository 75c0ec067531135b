"""DELETE /integrations/{id}."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import path_of
from sendcloud_integrations_client.rules import Rule

OPERATION: Final = Operation(
    name="delete_integration",
    method="DELETE",
    path="/integrations/{id}",
    success=frozenset({204}),
    safe=False,
    idempotent=True,
)
"""The facts of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
}


async def delete_integration(
    client: Sender,
    integration_id: int,
) -> None:
    """End the connection to a shop.

    The connection between Sendcloud and the shop ends. There is no way back through this API.

    `DELETE /integrations/{id}`

    Args:
        client: What sends the request.
        integration_id: Which integration is meant. At least 1.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        NotFoundError: 404. The account has no integration of this id, or no longer has it.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await delete_integration_detailed(
        client,
        integration_id,
    )
    return response.parsed


async def delete_integration_detailed(
    client: Sender,
    integration_id: int,
) -> Response[None]:
    """End the connection to a shop, with status and headers.

    The connection between Sendcloud and the shop ends. There is no way back through this API.

    `DELETE /integrations/{id}`

    Args:
        client: What sends the request.
        integration_id: Which integration is meant. At least 1.

    Returns:
        What `delete_integration` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        NotFoundError: 404. The account has no integration of this id, or no longer has it.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await client.send(
        OPERATION,
        path_of(OPERATION, {"id": integration_id}, _PATH_RULES),
    )
    return answered(response, None)
