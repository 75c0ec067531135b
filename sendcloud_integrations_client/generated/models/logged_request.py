"""`LoggedRequest`: a model of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    hidden,
    new,
    read_union,
)

_FIELDS: Final = (
    "headers",
    "payload",
)
_fields_of: Final = itemgetter(*_FIELDS)  # half the price of asking for each, where none is left out


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
        try:
            fields: Any = _fields_of(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        headers_, payload_ = fields
        self = new(cls)
        self.headers = (
            headers_
            if headers_.__class__ is dict or headers_.__class__ is str or headers_ is None
            else read_union(
                headers_,
                "headers",
                (
                    dict,
                    str,
                ),
                "an object or text",
            )
        )
        self.payload = (
            payload_
            if payload_.__class__ is dict or payload_.__class__ is str or payload_ is None
            else read_union(
                payload_,
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
