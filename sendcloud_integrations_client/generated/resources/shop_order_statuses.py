"""`client.shop_order_statuses`."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any, overload

from sendcloud_integrations_client.decoding import OnUndecodable
from sendcloud_integrations_client.operations import Sender
from sendcloud_integrations_client.wire import UNSET, Unset

from ..api.shop_order_statuses.list_shop_order_statuses import list_shop_order_statuses
from ..api.shop_order_statuses.replace_shop_order_statuses import call as call_replace_shop_order_statuses
from ..models.language import Language
from ..models.shop_order_status import ShopOrderStatus
from ..models.shop_order_status_input import ShopOrderStatusInput
from ..models.shop_order_statuses_replace import ShopOrderStatusesReplace
from ..types import LanguageValue


class ShopOrderStatusesResource:
    """Shop order statuses."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self,
        integration_id: int,
        *,
        language: Language | LanguageValue | None = None,
        show_deleted: bool | None = None,
        on_undecodable: OnUndecodable = "raise",
    ) -> builtins.list[ShopOrderStatus]:
        """List the order statuses that a shop knows.

        For Prestashop v2 integrations only. Each status carries its name in one language: the one asked
        for, else `en-gb`, else the first in alphabetical order of those it has.

        `GET /shop-order-statuses`

        Args:
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
        return await list_shop_order_statuses(
            self._sender,
            integration_id,
            language=language,
            show_deleted=show_deleted,
            on_undecodable=on_undecodable,
        )

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
        """Replace the order statuses that a shop knows.

        For Prestashop v2 integrations only. What is sent is the whole list from now on: statuses that
        are new are created, known ones changed, and those that are not in it deleted. Sendcloud needs
        the list to be complete to tell the shop of an order's progress.

        `POST /shop-order-statuses`

        Args:
            integration_id: Whose statuses they are. Example: `252345`. Or the whole body as a model.
            statuses: All statuses; an empty list deletes every one. No item twice.

        Raises:
            InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
            BadRequestError: 400. The list was refused, or the integration cannot have order statuses.
            SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
        """
        answer_ = await call_replace_shop_order_statuses(
            self._sender,
            integration_id,
            statuses=statuses,
        )
        return answer_.parsed
