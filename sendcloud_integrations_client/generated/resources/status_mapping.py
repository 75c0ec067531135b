"""`client.status_mapping`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

from sendcloud_integrations_client.operations import Sender
from sendcloud_integrations_client.wire import UNSET, Unset

from ..api.status_mapping.replace_status_mapping import call as call_replace_status_mapping
from ..api.status_mapping.retrieve_status_mapping import retrieve_status_mapping
from ..models.status_mapping import StatusMapping
from ..models.status_mapping_entry_input import StatusMappingEntryInput
from ..models.status_mapping_replace import StatusMappingReplace


class StatusMappingResource:
    """Status mapping."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def retrieve(
        self,
        integration_id: int,
    ) -> StatusMapping:
        """Retrieve the status mapping of an integration.

        For Prestashop v2 integrations only. It says which of the shop's statuses stands for each of
        Sendcloud's four categories.

        `GET /shop-order-statuses/mapping`

        Args:
            integration_id: Which integration is meant. Example: `251`.

        Returns:
            The record of the answer, without the envelope.

        Raises:
            InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
            BadRequestError: 400. The integration is not named, or cannot have order statuses.
            SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
        """
        return await retrieve_status_mapping(
            self._sender,
            integration_id,
        )

    @overload
    async def replace(
        self,
        body: StatusMappingReplace,
        /,
    ) -> None: ...
    @overload
    async def replace(
        self,
        integration_id: int,
        *,
        mapping: Sequence[StatusMappingEntryInput | Mapping[str, Any]] | Mapping[str, str | None],
    ) -> None: ...
    async def replace(
        self,
        integration_id: int | StatusMappingReplace,
        *,
        mapping: Sequence[StatusMappingEntryInput | Mapping[str, Any]] | Mapping[str, str | None] | Unset = UNSET,
    ) -> None:
        """Replace the status mapping of an integration.

        For Prestashop v2 integrations only. All four categories are given at once, whether the
        integration had a mapping before or not.

        `POST /shop-order-statuses/mapping`

        Args:
            integration_id: Whose mapping it is. Example: `23452345`. Or the whole body as a model.
            mapping: One entry for each of the four categories; one status may stand for several of them. Exactly
                4 items; no item twice. A mapping from `status_category` to `external_id` will do as well.

        Raises:
            InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
            BadRequestError: 400. The mapping was refused, or the integration cannot have order statuses.
            SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
        """
        answer_ = await call_replace_status_mapping(
            self._sender,
            integration_id,
            mapping=mapping,
        )
        return answer_.parsed
