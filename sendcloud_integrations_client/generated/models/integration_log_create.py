"""Model `IntegrationLogCreate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.runtime.models import UNSET, Model, Unset, new
from sendcloud_integrations_client.runtime.readers import read_datetime, read_integer, read_model, read_text
from sendcloud_integrations_client.runtime.validation import Rule, validate_value

from .logged_request_create import LoggedRequestCreate
from .logged_response_create import LoggedResponseCreate


@attrs.define(eq=False, kw_only=True)
class IntegrationLogCreate(Model):
    """Failed request to or from a shop, to be reported to Sendcloud.

    Omitted fields (`UNSET`) are not sent; a field with the value None is sent as null. `validate()` and the operation
    check the constraints of the OpenAPI document before a request is sent.

    Args:
        base_url: URL of the shop. Not empty. Example: `https://example.com`.
        full_url: URL of the requested resource. Example: `https://example.com/order-note.json`.
        method: HTTP method of the request that failed. Example: `POST`.
        response_code: HTTP status of the response, including unregistered codes; null if there was no response.
            Example: `495`.
        response: Response to the failed request; null if there was no response. Remove secrets before
            sending.
        request: The failed request; null if it was not recorded. Remove secrets before sending.
        created_at: Time of the failed request, with UTC offset. Defaults to the time of receipt, also if null.
            Example: `2023-03-01T02:02:00+01:00`.
        exception_type: Exception class in the reporting code. It can help to find the cause. Example:
            `requests.exceptions.SSLError`.
        exception: Error message of the exception. Example: `An SSL error occurred`.
    """

    wire_names: ClassVar[Mapping[str, str]] = {
        "base_url": "base_url",
        "full_url": "full_url",
        "method": "method",
        "response_code": "response_code",
        "response": "response",
        "request": "request",
        "created_at": "created_at",
        "exception_type": "exception_type",
        "exception": "exception",
    }
    validation_rule: ClassVar[Rule] = Rule(
        types=("object",),
        required=("base_url",),
        closed=True,
        properties={
            "base_url": Rule(types=("string",), min_length=1),
            "full_url": Rule(types=("string", "null")),
            "method": Rule(types=("string", "null")),
            "response_code": Rule(types=("integer", "null"), minimum=0),
            "response": LoggedResponseCreate.validation_rule.or_none(),
            "request": LoggedRequestCreate.validation_rule.or_none(),
            "created_at": Rule(types=("string", "null"), format="date-time"),
            "exception_type": Rule(types=("string", "null")),
            "exception": Rule(types=("string", "null")),
        },
    )

    base_url: str
    full_url: str | Unset | None = UNSET
    method: str | Unset | None = UNSET
    response_code: int | Unset | None = UNSET
    response: LoggedResponseCreate | Mapping[str, Any] | Unset | None = UNSET
    request: LoggedRequestCreate | Mapping[str, Any] | Unset | None = UNSET
    created_at: datetime | Unset | None = UNSET
    exception_type: str | Unset | None = UNSET
    exception: str | Unset | None = UNSET

    def validate(self) -> None:
        """Check this model against the constraints of the OpenAPI document.

        Raises:
            InvalidInputError: A field violates a constraint. The error names the field and the constraint.
        """
        validate_value("IntegrationLogCreate", "", self.to_dict(), self.validation_rule)

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        get: Callable[..., Any] = source.get
        self = new(cls)
        value = get("base_url", UNSET)
        self.base_url = value if value.__class__ is str else read_text(value, "base_url")
        value = get("full_url", UNSET)
        self.full_url = value if value.__class__ is str else read_text(value, "full_url")
        value = get("method", UNSET)
        self.method = value if value.__class__ is str else read_text(value, "method")
        value = get("response_code", UNSET)
        self.response_code = value if value.__class__ is int else read_integer(value, "response_code")
        value = get("response", UNSET)
        self.response = read_model(value, "response", LoggedResponseCreate)
        value = get("request", UNSET)
        self.request = read_model(value, "request", LoggedRequestCreate)
        value = get("created_at", UNSET)
        self.created_at = read_datetime(value, "created_at")
        value = get("exception_type", UNSET)
        self.exception_type = value if value.__class__ is str else read_text(value, "exception_type")
        value = get("exception", UNSET)
        self.exception = value if value.__class__ is str else read_text(value, "exception")
        self._source = source
        self._unknown = None
        return self
