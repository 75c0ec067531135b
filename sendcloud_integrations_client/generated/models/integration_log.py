"""Model `IntegrationLog`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

import attrs

from sendcloud_integrations_client.errors import FieldMismatchError
from sendcloud_integrations_client.runtime.models import Model, hide_value, new
from sendcloud_integrations_client.runtime.readers import (
    from_iso,
    read_boolean,
    read_datetime,
    read_integer,
    read_model,
    read_text,
    read_union,
)

from .logged_request import LoggedRequest
from .logged_response import LoggedResponse

_read_logged_response = LoggedResponse.decode_object
_read_logged_request = LoggedRequest.decode_object


_FIELDS: Final = (
    "id",
    "integration_id",
    "base_url",
    "full_url",
    "method",
    "response_code",
    "response",
    "request",
    "created_at",
    "exception_type",
    "exception",
    "protected",
    "additional_data",
)
_get_fields: Final = itemgetter(*_FIELDS)  # twice as fast as separate lookups if the object has all fields


@attrs.define(eq=False, kw_only=True)
class IntegrationLog(Model):
    """Exception log of one failed request between Sendcloud and a shop.

    Fields that are missing in the response have the value None, or an empty list. `additional_properties` contains
    unknown fields.

    Attributes:
        id: ID of the log. At least 1. Example: `123`.
        integration_id: ID of the integration; null if unknown. At least 1. Example: `123`.
        base_url: URL of the shop. Not empty. Example: `https://example.com`.
        full_url: URL of the requested resource. Example: `https://example.com/order-note.json`.
        method: HTTP method of the request that failed. Example: `POST`.
        response_code: HTTP status of the response, including unregistered codes; null if there was no response.
            Example: `495`.
        response: Response to the failed request; null if there was no response.
        request: The failed request; null if it was not recorded.
        created_at: Time of the failed request, with UTC offset. Example: `2023-03-01T02:02:00+01:00`.
        exception_type: Exception class in Sendcloud's code. It can help to find the cause. Example:
            `requests.exceptions.SSLError`.
        exception: Error message of the exception. Example: `An SSL error occurred`.
        protected: Whether Sendcloud redacted the request and the response before storing them.
        additional_data: Additional data of the log, as text or as a JSON object.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
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
    additional_data: dict[str, Any] | str | None = attrs.field(default=None, repr=hide_value)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        try:
            fields: Any = _get_fields(source)
        except KeyError:
            fields = map(source.get, _FIELDS)
        (
            id_,
            integration_id_,
            base_url_,
            full_url_,
            method_,
            response_code_,
            response_,
            request_,
            created_at_,
            exception_type_,
            exception_,
            protected_,
            additional_data_,
        ) = fields
        self = new(cls)
        self.id = id_ if id_.__class__ is int else read_integer(id_, "id")
        self.integration_id = (
            integration_id_
            if integration_id_.__class__ is int or integration_id_ is None
            else read_integer(integration_id_, "integration_id")
        )
        self.base_url = base_url_ if base_url_.__class__ is str else read_text(base_url_, "base_url")
        self.full_url = (
            full_url_ if full_url_.__class__ is str or full_url_ is None else read_text(full_url_, "full_url")
        )
        self.method = method_ if method_.__class__ is str or method_ is None else read_text(method_, "method")
        self.response_code = (
            response_code_
            if response_code_.__class__ is int or response_code_ is None
            else read_integer(response_code_, "response_code")
        )
        if response_.__class__ is dict:
            try:
                self.response = _read_logged_response(response_)
            except FieldMismatchError as error:
                raise error.with_prefix("response") from None
        else:
            self.response = read_model(response_, "response", LoggedResponse)
        if request_.__class__ is dict:
            try:
                self.request = _read_logged_request(request_)
            except FieldMismatchError as error:
                raise error.with_prefix("request") from None
        else:
            self.request = read_model(request_, "request", LoggedRequest)
        try:
            self.created_at = None if created_at_ is None else from_iso(created_at_)
        except (TypeError, ValueError):
            self.created_at = read_datetime(created_at_, "created_at")
        self.exception_type = (
            exception_type_
            if exception_type_.__class__ is str or exception_type_ is None
            else read_text(exception_type_, "exception_type")
        )
        self.exception = (
            exception_ if exception_.__class__ is str or exception_ is None else read_text(exception_, "exception")
        )
        self.protected = (
            protected_ if protected_.__class__ is bool or protected_ is None else read_boolean(protected_, "protected")
        )
        self.additional_data = (
            additional_data_
            if additional_data_.__class__ is dict or additional_data_.__class__ is str or additional_data_ is None
            else read_union(
                additional_data_,
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
