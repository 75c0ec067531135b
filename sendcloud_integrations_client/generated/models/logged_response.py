"""`LoggedResponse`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    hidden,
    new,
    read_object,
    read_union,
)


@attrs.define(eq=False, kw_only=True)
class LoggedResponse(Model):
    """What the other side answered; null if nothing came.

    Fields that the answer leaves out are None, or an empty list. Unknown ones are in `additional_properties`.

    Attributes:
        headers: Headers of the answer, name to value.
        body: Body of the answer, as text or as a JSON object.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "headers": "headers",
        "body": "body",
    }

    headers: dict[str, Any] | None = attrs.field(default=None, repr=hidden)
    body: str | dict[str, Any] | None = attrs.field(default=None, repr=hidden)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("headers")
        self.headers = value if value.__class__ is dict or value is None else read_object(value, "headers")
        value = get("body")
        self.body = (
            value
            if value.__class__ is str or value.__class__ is dict or value is None
            else read_union(
                value,
                "body",
                (
                    str,
                    dict,
                ),
                "text or an object",
            )
        )
        self._source = source
        self._unknown = None
        return self
