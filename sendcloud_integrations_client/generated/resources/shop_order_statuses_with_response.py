"""Methods of `client.shop_order_statuses.with_response`."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, overload

from sendcloud_integrations_client.pagination import Page
from sendcloud_integrations_client.runtime.decoding import OnDecodeError
from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.runtime.operations import Response, Sender

from ..api.shop_order_statuses.replace_shop_order_statuses import call as call_replace_shop_order_statuses
from ..models.language import Language
from ..models.shop_order_status import ShopOrderStatus
from ..models.shop_order_status_input import ShopOrderStatusInput
from ..models.shop_order_statuses_replace import ShopOrderStatusesReplace
from ..types import LanguageValue
from .shop_order_statuses import ShopOrderStatusesResource


class ShopOrderStatusesWithResponse:
    """Methods of `client.shop_order_statuses.with_response`. Each returns a `Response` with status and headers.

    They take the same arguments and raise the same errors as the methods of `client.shop_order_statuses`.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(
        self,
        integration_id: int,
        *,
        language: Language | LanguageValue | None = None,
        show_deleted: bool | None = None,
        on_decode_error: OnDecodeError = "raise",
    ) -> Coroutine[Any, Any, Response[Page[ShopOrderStatus]]]:
        """List the order statuses of a shop, with status and headers.

        Returns:
            The response; `parsed` is the page with all records. See `client.shop_order_statuses.list` for arguments and errors.
        """
        paginator_ = ShopOrderStatusesResource(self._sender).list(
            integration_id,
            language=language,
            show_deleted=show_deleted,
            on_decode_error=on_decode_error,
        )
        return paginator_.get_page_with_response()

    @overload
    async def replace(
        self,
        body: ShopOrderStatusesReplace,
        /,
    ) -> Response[None]: ...
    @overload
    async def replace(
        self,
        integration_id: int,
        *,
        statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]],
    ) -> Response[None]: ...
    async def replace(
        self,
        integration_id: int | ShopOrderStatusesReplace,
        *,
        statuses: Sequence[ShopOrderStatusInput | Mapping[str, Any]] | Unset = UNSET,
    ) -> Response[None]:
        """Replace the order statuses of a shop, with status and headers.

        Returns:
            The response. See `client.shop_order_statuses.replace` for arguments, result and errors.
        """
        return await call_replace_shop_order_statuses(
            self._sender,
            integration_id,
            statuses=statuses,
        )
