"""POST /shop-order-statuses/mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, overload

from sendcloud_integrations_client.runtime.arguments import build_body, to_entries
from sendcloud_integrations_client.runtime.models import UNSET, Model, Unset
from sendcloud_integrations_client.runtime.operations import Operation, Response, Sender, build_response

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
"""Name, method, path and retry safety of this operation."""


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

    For Prestashop v2 integrations only. The request must contain all four categories. It creates the
    mapping if the integration does not have one yet.

    `POST /shop-order-statuses/mapping`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. Example: `23452345`. Alternatively the whole body as a model.
        mapping: One entry for each of the four categories. A status can be assigned to several categories.
            Exactly 4 items; unique items. A mapping from `status_category` to `external_id` is also accepted.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. The mapping is invalid, or the integration does not support order statuses.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
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

    For Prestashop v2 integrations only. The request must contain all four categories. It creates the
    mapping if the integration does not have one yet.

    `POST /shop-order-statuses/mapping`

    Args:
        client: Client that sends the request.
        integration_id: ID of the integration. Example: `23452345`. Alternatively the whole body as a model.
        mapping: One entry for each of the four categories. A status can be assigned to several categories.
            Exactly 4 items; unique items. A mapping from `status_category` to `external_id` is also accepted.

    Returns:
        Response with the status, the headers, and the result of `replace_status_mapping` as `parsed`.

    Raises:
        InvalidInputError: An argument violates a constraint of the OpenAPI document. No request was sent.
        BadRequestError: 400. The mapping is invalid, or the integration does not support order statuses.
        SendcloudError: Any other failure, such as invalid credentials, an exceeded rate limit, a network error or a
            response that cannot be decoded.
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
    **_fields: object,
) -> Response[None]:
    """Send the request with a body from a model or from fields. All typed variants of this operation call it."""
    body = integration_id if isinstance(integration_id, Model) else None
    if body is None:
        _fields |= {"integration_id": integration_id}
    _fields["mapping"] = to_entries(_fields.get("mapping", UNSET), "status_category", "external_id")
    response = await client.send(
        OPERATION,
        OPERATION.path,
        body=build_body(OPERATION, body, _fields, StatusMappingReplace.validation_rule),
    )
    return build_response(response, None)
