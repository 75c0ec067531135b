"""GET /shop-order-statuses/mapping."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.runtime.arguments import build_query
from sendcloud_integrations_client.runtime.decoding import decode_record
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response
from sendcloud_integrations_client.runtime.validation import Rule

from ...models.status_mapping import StatusMapping

OPERATION: Final = Operation(
    name="retrieve_status_mapping",
    method="GET",
    path="/shop-order-statuses/mapping",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""Name, method, path and retry safety of this operation."""

_QUERY_RULES: Final = {
    "integration_id": Rule(types=("integer",)),
}


async def retrieve_status_mapping(
    client: Sender,
    integration_id: int,
) -> StatusMapping:
    """Retrieve the status mapping of an integration.

    For Prestashop v2 integrations only. The mapping assigns an order status of the shop to each of
    Sendcloud's four status categories.

    `GET /shop-order-statuses/mapping`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. Example: `251`.

    Returns:
        The record in the response, without the envelope.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. The integration ID is missing, or the integration does not support order statuses.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
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

    For Prestashop v2 integrations only. The mapping assigns an order status of the shop to each of
    Sendcloud's four status categories.

    `GET /shop-order-statuses/mapping`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. Example: `251`.

    Returns:
        Response with the status, the headers, and the result of `retrieve_status_mapping` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. The integration ID is missing, or the integration does not support order statuses.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    response = await client.send(
        OPERATION,
        OPERATION.path,
        query=build_query(OPERATION, {"integration_id": integration_id}, _QUERY_RULES),
    )
    return build_response(response, decode_record(response, "data", StatusMapping))
