"""`StatusTranslation`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    new,
    read_enum,
    read_text,
)

from .language import Language


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
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("status")
        self.status = value if value.__class__ is str or value is None else read_text(value, "status")
        value = get("language")
        self.language = None if value is None else read_enum(value, "language", Language)
        self._source = source
        self._unknown = None
        return self
