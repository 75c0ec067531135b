"""GET /integrations/{id}."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.runtime.arguments import build_path
from sendcloud_integrations_client.runtime.decoding import decode_record
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response
from sendcloud_integrations_client.runtime.validation import Rule

from ...models.integration import Integration

OPERATION: Final = Operation(
    name="retrieve_integration",
    method="GET",
    path="/integrations/{id}",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""Name, method, path and retry safety of this operation."""

_PATH_RULES: Final = {
    "id": Rule(types=("integer",), minimum=1),
}

_PATH_ARGUMENTS: Final = {
    "id": "integration_id",
}


async def retrieve_integration(
    client: Sender,
    integration_id: int,
) -> Integration:
    """Retrieve one integration.

    Returns the settings of the integration, its last fetch and the start of a current failure.

    `GET /integrations/{id}`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. At least 1.

    Returns:
        The record in the response, without the envelope.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        NotFoundError: 404. The account has no integration with this ID.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
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

    Returns the settings of the integration, its last fetch and the start of a current failure.

    `GET /integrations/{id}`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. At least 1.

    Returns:
        Response with the status, the headers, and the result of `retrieve_integration` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        NotFoundError: 404. The account has no integration with this ID.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    response = await client.send(
        OPERATION,
        build_path(OPERATION, {"id": integration_id}, _PATH_RULES, _PATH_ARGUMENTS),
    )
    return build_response(response, decode_record(response, "data", Integration))
