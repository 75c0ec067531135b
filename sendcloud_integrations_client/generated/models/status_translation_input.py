"""Model `StatusTranslationInput`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.runtime.models import UNSET, Model, new
from sendcloud_integrations_client.runtime.readers import read_enum, read_text
from sendcloud_integrations_client.runtime.validation import Rule, validate_value

from ..types import LanguageValue
from .language import Language


@attrs.define(eq=False, kw_only=True)
class StatusTranslationInput(Model):
    """Name of a status in one language, in a request.

    Omitted fields (`UNSET`) are not sent; a field with the value None is sent as null. `validate()` and the operation
    check the constraints of the OpenAPI document before a request is sent.

    Args:
        status: Name of the status. Example: `Delivered`.
        language: Language of the name. One of `en-us`, `en-gb`, `fr-fr`, `de-de`, `nl-nl`, `es-es`, `it-it`.
            Example: `en-gb`.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "status": "status",
        "language": "language",
    }
    validation_rule: ClassVar[Rule] = Rule(
        types=("object",),
        required=("status", "language"),
        properties={
            "status": Rule(types=("string",)),
            "language": Rule(types=("string",), enum=("en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it")),
        },
    )

    status: str
    language: Language | LanguageValue

    def validate(self) -> None:
        """Check this model against the constraints of the OpenAPI document.

        Raises:
            InvalidInputError: A field violates a constraint. The error names the field and the constraint.
        """
        validate_value("StatusTranslationInput", "", self.to_dict(), self.validation_rule)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("status", UNSET)
        self.status = value if value.__class__ is str else read_text(value, "status")
        value = get("language", UNSET)
        self.language = read_enum(value, "language", Language)
        self._source = source
        self._unknown = None
        return self
