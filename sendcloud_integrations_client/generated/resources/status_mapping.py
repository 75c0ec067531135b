"""Resource `client.status_mapping`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.runtime.operations import Sender

from ..api.status_mapping.replace_status_mapping import call as call_replace_status_mapping
from ..api.status_mapping.retrieve_status_mapping import retrieve_status_mapping_detailed
from ..models.status_mapping import StatusMapping
from ..models.status_mapping_entry_input import StatusMappingEntryInput
from ..models.status_mapping_replace import StatusMappingReplace

if TYPE_CHECKING:
    from .status_mapping_with_response import StatusMappingWithResponse


class StatusMappingResource:
    """Methods of `client.status_mapping`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    @cached_property
    def with_response(self) -> StatusMappingWithResponse:
        """The same methods, returning a `Response` with the status, the headers and the result as `parsed`."""
        from .status_mapping_with_response import StatusMappingWithResponse

        return StatusMappingWithResponse(self._sender)

    async def retrieve(
        self,
        integration_id: int,
    ) -> StatusMapping:
        """Retrieve the status mapping of an integration.

        For Prestashop v2 integrations only. The mapping assigns an order status of the shop to each of
        Sendcloud's four status categories.

        `GET /shop-order-statuses/mapping`

        Args:
            integration_id: ID of the integration. Example: `251`.

        Returns:
            The record in the response, without the envelope.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            BadRequestError: 400. The integration ID is missing, or the integration does not support order statuses.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """
        detailed_ = await retrieve_status_mapping_detailed(
            self._sender,
            integration_id,
        )
        return detailed_.parsed

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

        For Prestashop v2 integrations only. The request must contain all four categories. It creates
        the mapping if the integration does not have one yet.

        `POST /shop-order-statuses/mapping`

        Args:
            integration_id: ID of the integration. Example: `23452345`. Alternatively the whole body as a model.
            mapping: One entry for each of the four categories. A status can be assigned to several categories.
                Exactly 4 items; unique items. A mapping from `status_category` to `external_id` is also accepted.

        Raises:
            InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
            BadRequestError: 400. The mapping is invalid, or the integration does not support order statuses.
            SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
                response that cannot be decoded.
        """
        detailed_ = await call_replace_status_mapping(
            self._sender,
            integration_id,
            mapping=mapping,
        )
        return detailed_.parsed
