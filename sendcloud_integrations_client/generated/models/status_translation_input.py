"""`StatusTranslationInput`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.rules import Rule, check
from sendcloud_integrations_client.wire import (
    UNSET,
    Model,
    new,
    read_enum,
    read_text,
)

from .language import Language


@attrs.define(eq=False, kw_only=True)
class StatusTranslationInput(Model):
    """The name of a status in one language, as it is sent.

    A field that is left out is not sent; one that is None is sent as null. What the contract forbids is refused by
    `validate()`, and by the operation before anything is sent.

    Args:
        status: The name. Example: `Delivered`.
        language: The language of the name. One of `en-us`, `en-gb`, `fr-fr`, `de-de`, `nl-nl`, `es-es`,
            `it-it`. Example: `en-gb`.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "status": "status",
        "language": "language",
    }
    __rule__: ClassVar[Rule] = Rule(
        types=("object",),
        required=("status", "language"),
        properties={
            "status": Rule(types=("string",)),
            "language": Rule(types=("string",), enum=("en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it")),
        },
    )

    status: str
    language: Language

    def validate(self) -> None:
        """Hold this model against the contract.

        Raises:
            InvalidInputError: A field breaks a rule; the error names the field and the rule.
        """
        check("StatusTranslationInput", "", self.to_dict(), self.__rule__)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("status", UNSET)
        self.status = value if value.__class__ is str else read_text(value, "status")
        value = get("language", UNSET)
        self.language = read_enum(value, "language", Language)
        self._source = source
        self._unknown = None
        return self
