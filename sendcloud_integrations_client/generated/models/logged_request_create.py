"""Model `LoggedRequestCreate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.runtime.models import UNSET, Model, Unset, hide_value, new
from sendcloud_integrations_client.runtime.readers import read_union
from sendcloud_integrations_client.runtime.validation import Rule, validate_value


@attrs.define(eq=False, kw_only=True)
class LoggedRequestCreate(Model):
    """The failed request; null if it was not recorded. Remove secrets before sending.

    Omitted fields (`UNSET`) are not sent; a field with the value None is sent as null. `validate()` and the operation
    check the constraints of the OpenAPI document before a request is sent.

    Args:
        headers: Request headers, as a mapping from name to value or as text.
        payload: Request body, as text or as a JSON object.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "headers": "headers",
        "payload": "payload",
    }
    validation_rule: ClassVar[Rule] = Rule(
        types=("object",),
        properties={
            "headers": Rule(types=("object", "string", "null")),
            "payload": Rule(types=("object", "string", "null")),
        },
    )

    headers: Mapping[str, Any] | str | Unset | None = attrs.field(default=UNSET, repr=hide_value)
    payload: Mapping[str, Any] | str | Unset | None = attrs.field(default=UNSET, repr=hide_value)

    def validate(self) -> None:
        """Check this model against the constraints of the OpenAPI document.

        Raises:
            InvalidInputError: A field violates a constraint. The error names the field and the constraint.
        """
        validate_value("LoggedRequestCreate", "", self.to_dict(), self.validation_rule)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("headers", UNSET)
        self.headers = read_union(
            value,
            "headers",
            (
                dict,
                str,
            ),
            "an object or text",
        )
        value = get("payload", UNSET)
        self.payload = read_union(
            value,
            "payload",
            (
                dict,
                str,
            ),
            "an object or text",
        )
        self._source = source
        self._unknown = None
        return self
