"""GET /shop-order-statuses."""

from __future__ import annotations

from typing import Final

from sendcloud_integrations_client.runtime.arguments import build_query
from sendcloud_integrations_client.runtime.decoding import OnDecodeError, UndecodedPage, check_on_decode_error
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response
from sendcloud_integrations_client.runtime.validation import Rule

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
"""Name, method, path and retry safety of this operation."""

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
    on_decode_error: OnDecodeError = "raise",
) -> list[ShopOrderStatus]:
    """List the order statuses of a shop.

    For Prestashop v2 integrations only. `status` contains the name in the requested language. If that
    translation is missing, it is the name in `en-gb`, or else in the alphabetically first available
    language.

    `GET /shop-order-statuses`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. Example: `251`.
        language: Language of the status names. One of `en-us`, `en-gb`, `fr-fr`, `de-de`, `nl-nl`, `es-es`,
            `it-it`. Example: `en-gb`.
        show_deleted: Whether to include deleted statuses. Their `deleted_at` is set.
        on_decode_error: How to handle a record that cannot be decoded: `"raise"`, `"skip"`, or a callback that
            receives the error. Defaults to `"raise"`.

    Returns:
        The records in the response, without the envelope.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. The integration ID is missing, or the integration does not support order statuses.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    response = await fetch(
        client,
        integration_id,
        language=language,
        show_deleted=show_deleted,
        on_decode_error=on_decode_error,
    )
    return response.parsed


async def list_shop_order_statuses_detailed(
    client: Sender,
    integration_id: int,
    *,
    language: Language | LanguageValue | None = None,
    show_deleted: bool | None = None,
    on_decode_error: OnDecodeError = "raise",
) -> Response[list[ShopOrderStatus]]:
    """List the order statuses of a shop, with status and headers.

    For Prestashop v2 integrations only. `status` contains the name in the requested language. If that
    translation is missing, it is the name in `en-gb`, or else in the alphabetically first available
    language.

    `GET /shop-order-statuses`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. Example: `251`.
        language: Language of the status names. One of `en-us`, `en-gb`, `fr-fr`, `de-de`, `nl-nl`, `es-es`,
            `it-it`. Example: `en-gb`.
        show_deleted: Whether to include deleted statuses. Their `deleted_at` is set.
        on_decode_error: How to handle a record that cannot be decoded: `"raise"`, `"skip"`, or a callback that
            receives the error. Defaults to `"raise"`.

    Returns:
        Response with the status, the headers, and the result of `list_shop_order_statuses` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. The integration ID is missing, or the integration does not support order statuses.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
    """
    fetched = await fetch(
        client,
        integration_id,
        language=language,
        show_deleted=show_deleted,
        on_decode_error=on_decode_error,
    )
    return build_response(fetched.response, fetched.parsed)


async def fetch(
    client: Sender,
    integration_id: int,
    *,
    language: Language | LanguageValue | None = None,
    show_deleted: bool | None = None,
    on_decode_error: OnDecodeError = "raise",
) -> UndecodedPage[ShopOrderStatus]:
    """Fetch one page without decoding its records. `Paginator` calls it."""
    check_on_decode_error(OPERATION, on_decode_error)
    response = await client.send(
        OPERATION,
        OPERATION.path,
        query=build_query(
            OPERATION,
            {"integration_id": integration_id, "language": language, "show_deleted": show_deleted},
            _QUERY_RULES,
        ),
    )
    return UndecodedPage(response, "data", ShopOrderStatus, on_decode_error)
