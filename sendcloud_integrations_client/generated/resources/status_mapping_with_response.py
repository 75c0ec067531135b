"""Methods of `client.status_mapping.with_response`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

from sendcloud_integrations_client.runtime.models import UNSET, Unset
from sendcloud_integrations_client.runtime.operations import Response, Sender

from ..api.status_mapping.replace_status_mapping import call as call_replace_status_mapping
from ..api.status_mapping.retrieve_status_mapping import retrieve_status_mapping_detailed
from ..models.status_mapping import StatusMapping
from ..models.status_mapping_entry_input import StatusMappingEntryInput
from ..models.status_mapping_replace import StatusMappingReplace


class StatusMappingWithResponse:
    """Methods of `client.status_mapping.with_response`. Each returns a `Response` with status and headers.

    They take the same arguments and raise the same errors as the methods of `client.status_mapping`.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def retrieve(
        self,
        integration_id: int,
    ) -> Response[StatusMapping]:
        """Retrieve the status mapping of an integration, with status and headers.

        Returns:
            The response. See `client.status_mapping.retrieve` for arguments, result and errors.
        """
        return await retrieve_status_mapping_detailed(
            self._sender,
            integration_id,
        )

    @overload
    async def replace(
        self,
        body: StatusMappingReplace,
        /,
    ) -> Response[None]: ...
    @overload
    async def replace(
        self,
        integration_id: int,
        *,
        mapping: Sequence[StatusMappingEntryInput | Mapping[str, Any]] | Mapping[str, str | None],
    ) -> Response[None]: ...
    async def replace(
        self,
        integration_id: int | StatusMappingReplace,
        *,
        mapping: Sequence[StatusMappingEntryInput | Mapping[str, Any]] | Mapping[str, str | None] | Unset = UNSET,
    ) -> Response[None]:
        """Replace the status mapping of an integration, with status and headers.

        Returns:
            The response. See `client.status_mapping.replace` for arguments, result and errors.
        """
        return await call_replace_status_mapping(
            self._sender,
            integration_id,
            mapping=mapping,
        )
