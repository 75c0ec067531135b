"""POST /shop-order-statuses/mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, overload

from sendcloud_integrations_client.operations import Operation, Response, Sender, answered
from sendcloud_integrations_client.requests import body_of, entries_of
from sendcloud_integrations_client.wire import UNSET, Model, Unset

from ...models.status_mapping_entry_input import StatusMappingEntryInput
from ...models.status_mapping_replace import StatusMappingReplace

OPERATION: Final = Operation(
    name="replace_status_mapping",
    method="POST",
    path="/shop-order-statuses/mapping",
    success=frozenset({200}),
    safe=False,
    idempotent=True,
)
"""The facts of this operation."""


@overload
async def replace_status_mapping(
    client: Sender,
    body: StatusMappingReplace,
    /,
) -> None: ...
@overload
async def replace_status_mapping(
    client: Sender,
    integration_id: int,
    *,
    mapping: Sequence[StatusMappingEntryInput | Mapping[str, Any]] | Mapping[str, str | None],
) -> None: ...
async def replace_status_mapping(
    client: Sender,
    integration_id: int | StatusMappingReplace,
    *,
    mapping: Sequence[StatusMappingEntryInput | Mapping[str, Any]] | Mapping[str, str | None] | Unset = UNSET,
) -> None:
    """Replace the status mapping of an integration.

    For Prestashop v2 integrations only. All four categories are given at once, whether the integration
    had a mapping before or not.

    `POST /shop-order-statuses/mapping`

    Args:
        client: What sends the request.
        integration_id: Whose mapping it is. Example: `23452345`. Or the whole body as a model.
        mapping: One entry for each of the four categories; one status may stand for several of them. Exactly
            4 items; no item twice. A mapping from `status_category` to `external_id` will do as well.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. The mapping was refused, or the integration cannot have order statuses.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    return (
        await call(
            client,
            integration_id,
            mapping=mapping,
        )
    ).parsed


@overload
async def replace_status_mapping_detailed(
    client: Sender,
    body: StatusMappingReplace,
    /,
) -> Response[None]: ...
@overload
async def replace_status_mapping_detailed(
    client: Sender,
    integration_id: int,
    *,
    mapping: Sequence[StatusMappingEntryInput | Mapping[str, Any]] | Mapping[str, str | None],
) -> Response[None]: ...
async def replace_status_mapping_detailed(
    client: Sender,
    integration_id: int | StatusMappingReplace,
    *,
    mapping: Sequence[StatusMappingEntryInput | Mapping[str, Any]] | Mapping[str, str | None] | Unset = UNSET,
) -> Response[None]:
    """Replace the status mapping of an integration, with status and headers.

    For Prestashop v2 integrations only. All four categories are given at once, whether the integration
    had a mapping before or not.

    `POST /shop-order-statuses/mapping`

    Args:
        client: What sends the request.
        integration_id: Whose mapping it is. Example: `23452345`. Or the whole body as a model.
        mapping: One entry for each of the four categories; one status may stand for several of them. Exactly
            4 items; no item twice. A mapping from `status_category` to `external_id` will do as well.

    Returns:
        What `replace_status_mapping` returns, with status and headers around it.

    Raises:
        InvalidInputError: An argument breaks a rule of the contract; nothing was sent.
        BadRequestError: 400. The mapping was refused, or the integration cannot have order statuses.
        SendcloudError: Anything else that goes wrong: credentials, limits, network, an answer that cannot be read.
    """
    return await call(
        client,
        integration_id,
        mapping=mapping,
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
    fields["mapping"] = entries_of(fields.get("mapping", UNSET), "status_category", "external_id")
    response = await client.send(
        OPERATION,
        OPERATION.path,
        body=body_of(OPERATION, body, fields, StatusMappingReplace.__rule__),
    )
    return answered(response, None)
