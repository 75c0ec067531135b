"""`LoggedResponse`: a model of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.wire import (
    Model,
    hidden,
    new,
    read_object,
    read_union,
)

_FIELDS: Final = (
    "headers",
    "body",
)
_fields_of: Final = itemgetter(*_FIELDS)  # half the price of asking for each, where none is left out


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
        try:
            fields: Any = _fields_of(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        headers_, body_ = fields
        self = new(cls)
        self.headers = headers_ if headers_.__class__ is dict or headers_ is None else read_object(headers_, "headers")
        self.body = (
            body_
            if body_.__class__ is str or body_.__class__ is dict or body_ is None
            else read_union(
                body_,
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
