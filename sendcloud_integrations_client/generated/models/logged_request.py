"""`LoggedRequest`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    hidden,
    new,
    read_union,
)


@attrs.define(eq=False, kw_only=True)
class LoggedRequest(Model):
    """What was sent; null where it was not kept.

    Fields that the answer leaves out are None, or an empty list. Unknown ones are in `additional_properties`.

    Attributes:
        headers: Headers of the request, name to value, or as one text.
        payload: Body of the request, as text or as a JSON object.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "headers": "headers",
        "payload": "payload",
    }

    headers: dict[str, Any] | str | None = attrs.field(default=None, repr=hidden)
    payload: dict[str, Any] | str | None = attrs.field(default=None, repr=hidden)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("headers")
        self.headers = (
            value
            if value.__class__ is dict or value.__class__ is str or value is None
            else read_union(
                value,
                "headers",
                (
                    dict,
                    str,
                ),
                "an object or text",
            )
        )
        value = get("payload")
        self.payload = (
            value
            if value.__class__ is dict or value.__class__ is str or value is None
            else read_union(
                value,
                "payload",
                (
                    dict,
                    str,
                ),
                "an object or text",
            )
        )
        self._source = source
        self._unknown = None
        return self
