"""`StatusMappingReplace`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.rules import Rule, check
from sendcloud_integrations_client.wire import (
    UNSET,
    Model,
    new,
    read_given_list,
    read_integer,
    read_model,
)

from .status_mapping_entry_input import StatusMappingEntryInput


@attrs.define(eq=False, kw_only=True)
class StatusMappingReplace(Model):
    """Which status of the shop is to stand for which of Sendcloud's categories.

    A field that is left out is not sent; one that is None is sent as null. What the contract forbids is refused by
    `validate()`, and by the operation before anything is sent.

    Args:
        integration_id: Whose mapping it is. Example: `23452345`.
        mapping: One entry for each of the four categories; one status may stand for several of them. Exactly
            4 items; no item twice.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "integration_id": "integration_id",
        "mapping": "mapping",
    }
    __rule__: ClassVar[Rule] = Rule(
        types=("object",),
        required=("integration_id", "mapping"),
        properties={
            "integration_id": Rule(types=("integer",)),
            "mapping": Rule(
                types=("array",),
                min_items=4,
                max_items=4,
                unique_items=True,
                items=Rule(
                    types=("object",),
                    required=("status_category", "external_id"),
                    properties={
                        "status_category": Rule(
                            types=("string",), enum=("READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL")
                        ),
                        "external_id": Rule(types=("string", "null")),
                    },
                ),
            ),
        },
    )

    integration_id: int
    mapping: list[StatusMappingEntryInput]

    def validate(self) -> None:
        """Hold this model against the contract.

        Raises:
            InvalidInputError: A field breaks a rule; the error names the field and the rule.
        """
        check("StatusMappingReplace", "", self.to_dict(), self.__rule__)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("integration_id", UNSET)
        self.integration_id = value if value.__class__ is int else read_integer(value, "integration_id")
        value = get("mapping", UNSET)
        self.mapping = read_given_list(
            value, "mapping", lambda item, place: read_model(item, place, StatusMappingEntryInput)
        )
        self._source = source
        self._unknown = None
        return self
