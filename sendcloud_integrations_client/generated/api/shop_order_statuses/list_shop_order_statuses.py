"""GET /shop-order-statuses."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.decoding import OnUndecodable, decode_records
from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import query_of
from sendcloud_integrations_client.rules import Rule

from ...models.language import Language
from ...models.shop_order_status import ShopOrderStatus
from ...types import LanguageValue

OPERATION: Final = Operation(
    name="list_shop_order_statuses",
    method="GET",
    path="/shop-order-statuses",
    success=frozenset({200}),
    safe=True,
    idempotent=True,
)
"""The facts of this operation."""

_QUERY_RULES: Final = {
    "integration_id": Rule(types=("integer",)),
    "language": Rule(types=("string",), enum=("en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it")),
    "show_deleted": Rule(types=("boolean",)),
}


async def list_shop_order_statuses(
    client: Sender,
    integration_id: int,
    *,
    language: Language | LanguageValue | None = None,
    show_deleted: bool | None = None,
    on_undecodable: OnUndecodable = "raise",
) -> list[ShopOrderStatus]:
    """List the order statuses that a shop knows.

    For Prestashop v2 integrations only. Each status carries its name in one language: the one asked
    for, else `en-gb`, else the first in alphabetical order of those it has.

    `GET /shop-order-statuses`

    Args:
        client: What sends the request.
        integration_id: Which integration is meant. Example: `251`.
        language: The language of the names. One of `en-us`, `en-gb`, `fr-fr`, `de-de`, `nl-nl`, `es-es`,
            `it-it`. Example: `en-gb`.
        show_deleted: Include statuses that were deleted; they have a `deleted_at`.
        on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
            given its error.

    Returns:
        The records of the answer, without the envelope.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. The integration is not named, or cannot have order statuses.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await list_shop_order_statuses_detailed(
        client,
        integration_id,
        language=language,
        show_deleted=show_deleted,
        on_undecodable=on_undecodable,
    )
    return response.parsed


async def list_shop_order_statuses_detailed(
    client: Sender,
    integration_id: int,
    *,
    language: Language | LanguageValue | None = None,
    show_deleted: bool | None = None,
    on_undecodable: OnUndecodable = "raise",
) -> Response[list[ShopOrderStatus]]:
    """List the order statuses that a shop knows, with status and headers.

    For Prestashop v2 integrations only. Each status carries its name in one language: the one asked
    for, else `en-gb`, else the first in alphabetical order of those it has.

    `GET /shop-order-statuses`

    Args:
        client: What sends the request.
        integration_id: Which integration is meant. Example: `251`.
        language: The language of the names. One of `en-us`, `en-gb`, `fr-fr`, `de-de`, `nl-nl`, `es-es`,
            `it-it`. Example: `en-gb`.
        show_deleted: Include statuses that were deleted; they have a `deleted_at`.
        on_undecodable: What to do with a record that cannot be read: `"raise"`, `"skip"`, or a callback that is
            given its error.

    Returns:
        What `list_shop_order_statuses` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. The integration is not named, or cannot have order statuses.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    response = await client.send(
        OPERATION,
        OPERATION.path,
        query=query_of(
            OPERATION,
            {"integration_id": integration_id, "language": language, "show_deleted": show_deleted},
            _QUERY_RULES,
        ),
    )
    return answered(response, decode_records(response, "data", ShopOrderStatus, on_undecodable))
