"""Resource `client.shop_order_statuses`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import httpx

from sendcloud_integrations_client.pagination import Paginator
from sendcloud_integrations_client.runtime.decoding import OnDecodeError, UndecodedPage
from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.runtime.operations import Sender

from ..api.shop_order_statuses.list_shop_order_statuses import fetch as fetch_list_shop_order_statuses
from ..api.shop_order_statuses.replace_shop_order_statuses import call as call_replace_shop_order_statuses
from ..models.language import Language
from ..models.shop_order_status import ShopOrderStatus
from ..models.shop_order_status_input import ShopOrderStatusInput
from ..models.shop_order_statuses_replace import ShopOrderStatusesReplace
from ..types import LanguageValue

if TYPE_CHECKING:
    from .shop_order_statuses_with_response import ShopOrderStatusesWithResponse


class ShopOrderStatusesResource:
    """Methods of `client.shop_order_statuses`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    @cached_property
    def with_response(self) -> ShopOrderStatusesWithResponse:
        """The same methods, returning a `Response` with the status, the headers and the result as `parsed`."""
        from .shop_order_statuses_with_response import ShopOrderStatusesWithResponse

        return ShopOrderStatusesWithResponse(self._sender)

    def list(
        self,
        integration_id: int,
        *,
        language: Language | LanguageValue | None = None,
        show_deleted: bool | None = None,
        on_decode_error: OnDecodeError = "raise",
    ) -> Paginator[ShopOrderStatus]:
        """List the order statuses of a shop.

        For Prestashop v2 integrations only. `status` contains the name in the requested language. If
        that translation is missing, it is the name in `en-gb`, or else in the alphabetically first
        available language.

        Use `await` for a `Page` with all records, or `async for` for the records. No request is sent before that.

        `GET /shop-order-statuses`

        Args:
            integration_id: ID of the integration. Example: `251`.
            language: Language of the status names. One of `en-us`, `en-gb`, `fr-fr`, `de-de`, `nl-nl`, `es-es`,
                `it-it`. Example: `en-gb`.
            show_deleted: Whether to include deleted statuses. Their `deleted_at` is set.
            on_decode_error: How to handle a record that cannot be decoded: `"raise"`, `"skip"`, or a callback that
                receives the error. Defaults to `"raise"`.

        Returns:
            A `Paginator`, which can be awaited or iterated.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            BadRequestError: 400. The integration ID is missing, or the integration does not support order statuses.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """

        def fetch(
            _cursor: str | None, _on_headers: Callable[[httpx.Headers], None]
        ) -> Awaitable[UndecodedPage[ShopOrderStatus]]:
            return fetch_list_shop_order_statuses(
                self._sender,
                integration_id,
                language=language,
                show_deleted=show_deleted,
                on_decode_error=on_decode_error,
            )

        return Paginator(fetch, name="shop_order_statuses.list")

    @overload
    async def replace(
        self,
        body: ShopOrderStatusesReplace,
        /,
    ) -> None: ...
    @overload
    async def replace(
        self,
        integration_id: int,
        *,
        statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]],
    ) -> None: ...
    async def replace(
        self,
        integration_id: int | ShopOrderStatusesReplace,
        *,
        statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]] | Unset = UNSET,
    ) -> None:
        """Replace the order statuses of a shop.

        For Prestashop v2 integrations only. The request contains the complete list: new statuses are
        created, existing statuses are updated, and statuses that are not in the list are deleted.
        Sendcloud needs a complete list to report the progress of orders to the shop.

        `POST /shop-order-statuses`

        Args:
            integration_id: ID of the integration. Example: `252345`. Alternatively the whole body as a model.
            statuses: All order statuses. An empty list deletes all statuses. Unique items.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            BadRequestError: 400. The list is invalid, or the integration does not support order statuses.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """
        detailed_ = await call_replace_shop_order_statuses(
            self._sender,
            integration_id,
            statuses=statuses,
        )
        return detailed_.parsed
