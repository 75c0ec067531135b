"""Model `LoggedRequest`."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.runtime.models import Model, hide_value, new
from sendcloud_integrations_client.runtime.readers import read_union

_FIELDS: Final = (
    "headers",
    "payload",
)
_get_fields: Final = itemgetter(*_FIELDS)  # twice as fast as separate lookups if the object has all fields


@attrs.define(eq=False, kw_only=True)
class LoggedRequest(Model):
    """The failed request; null if it was not recorded.

    Fields that are missing in the response have the value None, or an empty list. `additional_properties` contains
    unknown fields.

    Attributes:
        headers: Request headers, as a mapping from name to value or as text.
        payload: Request body, as text or as a JSON object.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "headers": "headers",
        "payload": "payload",
    }

    headers: dict[str, Any] | str | None = attrs.field(default=None, repr=hide_value)
    payload: dict[str, Any] | str | None = attrs.field(default=None, repr=hide_value)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        try:
            fields: Any = _get_fields(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        headers_, payload_ = fields
        self = new(cls)
        self.headers = (
            headers_
            if headers_.__class__ is dict or headers_.__class__ is str or headers_ is None
            else read_union(
                headers_,
                "headers",
                (
                    dict,
                    str,
                ),
                "an object or text",
            )
        )
        self.payload = (
            payload_
            if payload_.__class__ is dict or payload_.__class__ is str or payload_ is None
            else read_union(
                payload_,
                "payload",
                (
                    dict,
                    str,
                ),
                "an object or text",
            )
        )
        self._source = source
        self._unknown = None
        return self
