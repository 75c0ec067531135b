"""`LoggedResponseCreate`: a model of the contract."""

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
    read_object,
    read_union,
)


@attrs.define(eq=False, kw_only=True)
class LoggedResponseCreate(Model):
    """What the other side answered; null if nothing came. Take secrets out before it is sent.

    A field that is left out is not sent; one that is None is sent as null. What the contract forbids is refused by
    `validate()`, and by the operation before anything is sent.

    Args:
        headers: Headers of the answer, name to value.
        body: Body of the answer, as text or as a JSON object.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "headers": "headers",
        "body": "body",
    }
    __rule__: ClassVar[Rule] = Rule(
        types=("object",),
        properties={"headers": Rule(types=("object", "null")), "body": Rule(types=("string", "object", "null"))},
    )

    headers: dict[str, Any] | Unset | None = attrs.field(default=UNSET, repr=hidden)
    body: str | dict[str, Any] | Unset | None = attrs.field(default=UNSET, repr=hidden)

    def validate(self) -> None:
        """Hold this model against the contract.

        Raises:
            InvalidInputError: A field breaks a rule; the error names the field and the rule.
        """
        check("LoggedResponseCreate", "", self.to_dict(), self.__rule__)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("headers", UNSET)
        self.headers = value if value.__class__ is dict else read_object(value, "headers")
        value = get("body", UNSET)
        self.body = read_union(
            value,
            "body",
            (
                str,
                dict,
            ),
            "text or an object",
        )
        self._source = source
        self._unknown = None
        return self
