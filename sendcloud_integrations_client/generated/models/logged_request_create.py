"""`LoggedRequestCreate`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.rules import Rule, check
from sendcloud_integrations_client.wire import (
    UNSET,
    Model,
    Unset,
    hidden,
    new,
    read_union,
)


@attrs.define(eq=False, kw_only=True)
class LoggedRequestCreate(Model):
    """What was sent; null where it was not kept. Take secrets out before it is sent.

    A field that is left out is not sent; one that is None is sent as null. What the contract forbids is refused by
    `validate()`, and by the operation before anything is sent.

    Args:
        headers: Headers of the request, name to value, or as one text.
        payload: Body of the request, as text or as a JSON object.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "headers": "headers",
        "payload": "payload",
    }
    __rule__: ClassVar[Rule] = Rule(
        types=("object",),
        properties={
            "headers": Rule(types=("object", "string", "null")),
            "payload": Rule(types=("object", "string", "null")),
        },
    )

    headers: dict[str, Any] | str | Unset | None = attrs.field(default=UNSET, repr=hidden)
    payload: dict[str, Any] | str | Unset | None = attrs.field(default=UNSET, repr=hidden)

    def validate(self) -> None:
        """Hold this model against the contract.

        Raises:
            InvalidInputError: A field breaks a rule; the error names the field and the rule.
        """
        check("LoggedRequestCreate", "", self.to_dict(), self.__rule__)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
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
