"""Model `StatusMapping`."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.runtime.models import Model, new
from sendcloud_integrations_client.runtime.readers import read_integer, read_list, read_model

from .status_mapping_entry import StatusMappingEntry

_FIELDS: Final = (
    "integration_id",
    "mapping",
)
_get_fields: Final = itemgetter(*_FIELDS)  # twice as fast as separate lookups if the object has all fields


@attrs.define(eq=False, kw_only=True)
class StatusMapping(Model):
    """Mapping from Sendcloud's status categories to order statuses of the shop.

    Fields that are missing in the response have the value None, or an empty list. `additional_properties` contains
    unknown fields.

    Attributes:
        integration_id: ID of the integration. Example: `23452345`.
        mapping: One entry per status category. A status of the shop can be assigned to several categories,
            or to no category.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "integration_id": "integration_id",
        "mapping": "mapping",
    }

    integration_id: int | None = None
    mapping: list[StatusMappingEntry] = attrs.field(factory=list[StatusMappingEntry])

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        try:
            fields: Any = _get_fields(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        integration_id_, mapping_ = fields
        self = new(cls)
        self.integration_id = (
            integration_id_
            if integration_id_.__class__ is int or integration_id_ is None
            else read_integer(integration_id_, "integration_id")
        )
        self.mapping = read_list(mapping_, "mapping", lambda item, path: read_model(item, path, StatusMappingEntry))
        self._source = source
        self._unknown = None
        return self
