"""`StatusMappingEntryInput`: a model of the contract."""

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

from .status_category import StatusCategory


@attrs.define(eq=False, kw_only=True)
class StatusMappingEntryInput(Model):
    """What is to stand for one category.

    A field that is left out is not sent; one that is None is sent as null. What the contract forbids is refused by
    `validate()`, and by the operation before anything is sent.

    Args:
        status_category: Sendcloud's category. One of `READY_TO_SEND`, `IN_TRANSIT`, `DELIVERED`, `CANCEL`. Example:
            `READY_TO_SEND`.
        external_id: Id of the shop's status; null for none. Example: `11`.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "status_category": "status_category",
        "external_id": "external_id",
    }
    __rule__: ClassVar[Rule] = Rule(
        types=("object",),
        required=("status_category", "external_id"),
        properties={
            "status_category": Rule(types=("string",), enum=("READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL")),
            "external_id": Rule(types=("string", "null")),
        },
    )

    status_category: StatusCategory
    external_id: str | None

    def validate(self) -> None:
        """Hold this model against the contract.

        Raises:
            InvalidInputError: A field breaks a rule; the error names the field and the rule.
        """
        check("StatusMappingEntryInput", "", self.to_dict(), self.__rule__)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("status_category", UNSET)
        self.status_category = read_enum(value, "status_category", StatusCategory)
        value = get("external_id", UNSET)
        self.external_id = value if value.__class__ is str else read_text(value, "external_id")
        self._source = source
        self._unknown = None
        return self
