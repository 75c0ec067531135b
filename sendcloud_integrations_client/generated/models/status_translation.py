"""`StatusTranslation`: a model of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    new,
    read_enum,
    read_text,
)

from .language import Language

_FIELDS: Final = (
    "status",
    "language",
)
_fields_of: Final = itemgetter(*_FIELDS)  # half the price of asking for each, where none is left out


@attrs.define(eq=False, kw_only=True)
class StatusTranslation(Model):
    """The name of a status in one language.

    Fields that the answer leaves out are None, or an empty list. Unknown ones are in `additional_properties`.

    Attributes:
        status: The name. Example: `Delivered`.
        language: The language of the name. One of `en-us`, `en-gb`, `fr-fr`, `de-de`, `nl-nl`, `es-es`,
            `it-it`. Example: `en-gb`.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "status": "status",
        "language": "language",
    }

    status: str | None = None
    language: Language | None = None

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        try:
            fields: Any = _fields_of(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        status_, language_ = fields
        self = new(cls)
        self.status = status_ if status_.__class__ is str or status_ is None else read_text(status_, "status")
        self.language = None if language_ is None else read_enum(language_, "language", Language)
        self._source = source
        self._unknown = None
        return self
