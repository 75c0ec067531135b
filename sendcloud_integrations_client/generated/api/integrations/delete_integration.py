"""DELETE /integrations/{id}."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.runtime.arguments import build_path
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response
from sendcloud_integrations_client.runtime.validation import Rule

OPERATION: Final = Operation(
    name="delete_integration",
    method="DELETE",
    path="/integrations/{id}",
    success=frozenset({204}),
    safe=False,
    idempotent=True,
)
"""Name, method, path and retry safety of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
}

_PATH_ARGUMENTS: Final = {
    "id": "integration_id",
}


async def delete_integration(
    client: Sender,
    integration_id: int,
) -> None:
    """Delete an integration.

    Disconnects the shop from Sendcloud. This API cannot restore a deleted integration.

    `DELETE /integrations/{id}`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. At least 1.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        NotFoundError: 404. The account has no integration with this ID, or it was already deleted.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
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
    """Delete an integration, with status and headers.

    Disconnects the shop from Sendcloud. This API cannot restore a deleted integration.

    `DELETE /integrations/{id}`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. At least 1.

    Returns:
        Response with the status, the headers, and the result of `delete_integration` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        NotFoundError: 404. The account has no integration with this ID, or it was already deleted.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    response = await client.send(
        OPERATION,
        build_path(OPERATION, {"id": integration_id}, _PATH_RULES, _PATH_ARGUMENTS),
    )
    return build_response(response, None)
