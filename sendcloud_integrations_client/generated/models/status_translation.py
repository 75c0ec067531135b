"""Model `StatusTranslation`."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.runtime.models import Model, new
from sendcloud_integrations_client.runtime.readers import read_enum, read_text

from .language import Language

_FIELDS: Final = (
    "status",
    "language",
)
_get_fields: Final = itemgetter(*_FIELDS)  # twice as fast as separate lookups if the object has all fields


@attrs.define(eq=False, kw_only=True)
class StatusTranslation(Model):
    """Name of a status in one language.

    Fields that are missing in the response have the value None, or an empty list. `additional_properties` contains
    unknown fields.

    Attributes:
        status: Name of the status. Example: `Delivered`.
        language: Language of the name. One of `en-us`, `en-gb`, `fr-fr`, `de-de`, `nl-nl`, `es-es`, `it-it`.
            Example: `en-gb`.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "status": "status",
        "language": "language",
    }

    status: str | None = None
    language: Language | None = None

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        try:
            fields: Any = _get_fields(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        status_, language_ = fields
        self = new(cls)
        self.status = status_ if status_.__class__ is str or status_ is None else read_text(status_, "status")
        self.language = None if language_ is None else read_enum(language_, "language", Language)
        self._source = source
        self._unknown = None
        return self
