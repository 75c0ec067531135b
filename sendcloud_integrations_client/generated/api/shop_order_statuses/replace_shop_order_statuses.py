"""POST /shop-order-statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, overload

from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import body_of
from sendcloud_integrations_client.wire import UNSET, Model, Unset

from ...models.shop_order_status_input import ShopOrderStatusInput
from ...models.shop_order_statuses_replace import ShopOrderStatusesReplace

OPERATION: Final = Operation(
    name="replace_shop_order_statuses",
    method="POST",
    path="/shop-order-statuses",
    success=frozenset({200}),
    safe=False,
    idempotent=True,
)
"""The facts of this operation."""


@overload
async def replace_shop_order_statuses(
    client: Sender,
    body: ShopOrderStatusesReplace,
    /,
) -> None: ...
@overload
async def replace_shop_order_statuses(
    client: Sender,
    integration_id: int,
    *,
    statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]],
) -> None: ...
async def replace_shop_order_statuses(
    client: Sender,
    integration_id: int | ShopOrderStatusesReplace,
    *,
    statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]] | Unset = UNSET,
) -> None:
    """Replace the order statuses that a shop knows.

    For Prestashop v2 integrations only. What is sent is the whole list from now on: statuses that are
    new are created, known ones changed, and those that are not in it deleted. Sendcloud needs the list
    to be complete to tell the shop of an order's progress.

    `POST /shop-order-statuses`

    Args:
        client: What sends the request.
        integration_id: Whose statuses they are. Example: `252345`. Or the whole body as a model.
        statuses: All statuses; an empty list deletes every one. No item twice.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. The list was refused, or the integration cannot have order statuses.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    return (
        await call(
            client,
            integration_id,
            statuses=statuses,
        )
    ).parsed


@overload
async def replace_shop_order_statuses_detailed(
    client: Sender,
    body: ShopOrderStatusesReplace,
    /,
) -> Response[None]: ...
@overload
async def replace_shop_order_statuses_detailed(
    client: Sender,
    integration_id: int,
    *,
    statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]],
) -> Response[None]: ...
async def replace_shop_order_statuses_detailed(
    client: Sender,
    integration_id: int | ShopOrderStatusesReplace,
    *,
    statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]] | Unset = UNSET,
) -> Response[None]:
    """Replace the order statuses that a shop knows, with status and headers.

    For Prestashop v2 integrations only. What is sent is the whole list from now on: statuses that are
    new are created, known ones changed, and those that are not in it deleted. Sendcloud needs the list
    to be complete to tell the shop of an order's progress.

    `POST /shop-order-statuses`

    Args:
        client: What sends the request.
        integration_id: Whose statuses they are. Example: `252345`. Or the whole body as a model.
        statuses: All statuses; an empty list deletes every one. No item twice.

    Returns:
        What `replace_shop_order_statuses` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. The list was refused, or the integration cannot have order statuses.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    return await call(
        client,
        integration_id,
        statuses=statuses,
    )


async def call(
    client: Sender,
    integration_id: object,
    /,
    **fields: object,
) -> Response[None]:
    """Send the body in either form; what the typed functions and the client's method share."""
    body = integration_id if isinstance(integration_id, Model) else None
    if body is None:
        fields |= {"integration_id": integration_id}
    response = await client.send(
        OPERATION,
        OPERATION.path,
        body=body_of(OPERATION, body, fields, ShopOrderStatusesReplace.__rule__),
    )
    return answered(response, None)
