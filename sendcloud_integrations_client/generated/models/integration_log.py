"""`IntegrationLog`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.wire import (
    FieldMismatchError,
    Model,
    from_iso,
    hidden,
    new,
    read_boolean,
    read_datetime,
    read_integer,
    read_model,
    read_text,
    read_union,
)

from .logged_request import LoggedRequest
from .logged_response import LoggedResponse

_read_logged_response = LoggedResponse.__read__
_read_logged_request = LoggedRequest.__read__


@attrs.define(eq=False, kw_only=True)
class IntegrationLog(Model):
    """One failed exchange between Sendcloud and a shop.

    Fields that the answer leaves out are None, or an empty list. Unknown ones are in `additional_properties`.

    Attributes:
        id: Id of the log. At least 1. Example: `123`.
        integration_id: The integration that it happened to; null where it is not known. At least 1. Example: `123`.
        base_url: Address of the shop. Not empty. Example: `https://example.com`.
        full_url: Address of the very resource that was asked for. Example:
            `https://example.com/order-note.json`.
        method: HTTP method of the request that failed. Example: `POST`.
        response_code: HTTP status that came back, beyond the registered ones too; null if nothing did. Example:
            `495`.
        response: What the other side answered; null if nothing came.
        request: What was sent; null where it was not kept.
        created_at: When it happened, with its offset from UTC. Example: `2023-03-01T02:02:00+01:00`.
        exception_type: Class of the error in Sendcloud's own code, from which a remedy may be guessed. Example:
            `requests.exceptions.SSLError`.
        exception: The error in words. Example: `An SSL error occurred`.
        protected: Whether request and response were made unreadable before they were stored.
        additional_data: Anything else that was kept with the log, as text or as a JSON object.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "integration_id": "integration_id",
        "base_url": "base_url",
        "full_url": "full_url",
        "method": "method",
        "response_code": "response_code",
        "response": "response",
        "request": "request",
        "created_at": "created_at",
        "exception_type": "exception_type",
        "exception": "exception",
        "protected": "protected",
        "additional_data": "additional_data",
    }

    id: int
    integration_id: int | None = None
    base_url: str
    full_url: str | None = None
    method: str | None = None
    response_code: int | None = None
    response: LoggedResponse | None = None
    request: LoggedRequest | None = None
    created_at: datetime | None = None
    exception_type: str | None = None
    exception: str | None = None
    protected: bool | None = None
    additional_data: dict[str, Any] | str | None = attrs.field(default=None, repr=hidden)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("id")
        self.id = value if value.__class__ is int else read_integer(value, "id")
        value = get("integration_id")
        self.integration_id = (
            value if value.__class__ is int or value is None else read_integer(value, "integration_id")
        )
        value = get("base_url")
        self.base_url = value if value.__class__ is str else read_text(value, "base_url")
        value = get("full_url")
        self.full_url = value if value.__class__ is str or value is None else read_text(value, "full_url")
        value = get("method")
        self.method = value if value.__class__ is str or value is None else read_text(value, "method")
        value = get("response_code")
        self.response_code = value if value.__class__ is int or value is None else read_integer(value, "response_code")
        value = get("response")
        if value.__class__ is dict:
            try:
                self.response = _read_logged_response(value)
            except FieldMismatchError as fault:
                raise fault.within("response") from None
        else:
            self.response = read_model(value, "response", LoggedResponse)
        value = get("request")
        if value.__class__ is dict:
            try:
                self.request = _read_logged_request(value)
            except FieldMismatchError as fault:
                raise fault.within("request") from None
        else:
            self.request = read_model(value, "request", LoggedRequest)
        value = get("created_at")
        try:
            self.created_at = None if value is None else from_iso(value)
        except (TypeError, ValueError):
            self.created_at = read_datetime(value, "created_at")
        value = get("exception_type")
        self.exception_type = value if value.__class__ is str or value is None else read_text(value, "exception_type")
        value = get("exception")
        self.exception = value if value.__class__ is str or value is None else read_text(value, "exception")
        value = get("protected")
        self.protected = value if value.__class__ is bool or value is None else read_boolean(value, "protected")
        value = get("additional_data")
        self.additional_data = (
            value
            if value.__class__ is dict or value.__class__ is str or value is None
            else read_union(
                value,
                "additional_data",
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
