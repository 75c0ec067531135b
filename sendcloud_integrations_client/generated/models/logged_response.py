"""Model `LoggedResponse`."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.runtime.models import Model, hide_value, new
from sendcloud_integrations_client.runtime.readers import read_object, read_union

_FIELDS: Final = (
    "headers",
    "body",
)
_get_fields: Final = itemgetter(*_FIELDS)  # twice as fast as separate lookups if the object has all fields


@attrs.define(eq=False, kw_only=True)
class LoggedResponse(Model):
    """Response to the failed request; null if there was no response.

    Fields that are missing in the response have the value None, or an empty list. `additional_properties` contains
    unknown fields.

    Attributes:
        headers: Response headers, as a mapping from name to value.
        body: Response body, as text or as a JSON object.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "headers": "headers",
        "body": "body",
    }

    headers: dict[str, Any] | None = attrs.field(default=None, repr=hide_value)
    body: str | dict[str, Any] | None = attrs.field(default=None, repr=hide_value)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        try:
            fields: Any = _get_fields(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        headers_, body_ = fields
        self = new(cls)
        self.headers = headers_ if headers_.__class__ is dict or headers_ is None else read_object(headers_, "headers")
        self.body = (
            body_
            if body_.__class__ is str or body_.__class__ is dict or body_ is None
            else read_union(
                body_,
                "body",
                (
                    str,
                    dict,
                ),
                "text or an object",
            )
        )
        self._source = source
        self._unknown = None
        return self
