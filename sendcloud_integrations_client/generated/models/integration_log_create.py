"""`IntegrationLogCreate`: a model of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

import attrs

from sendcloud_integrations_client.rules import Rule, check
from sendcloud_integrations_client.wire import (
    UNSET,
    Model,
    Unset,
    new,
    read_datetime,
    read_integer,
    read_model,
    read_text,
)

from .logged_request_create import LoggedRequestCreate
from .logged_response_create import LoggedResponseCreate


@attrs.define(eq=False, kw_only=True)
class IntegrationLogCreate(Model):
    """A failed exchange with a shop, to be reported to Sendcloud.

    A field that is left out is not sent; one that is None is sent as null. What the contract forbids is refused by
    `validate()`, and by the operation before anything is sent.

    Args:
        base_url: Address of the shop. Not empty. Example: `https://example.com`.
        full_url: Address of the very resource that was asked for. Example:
            `https://example.com/order-note.json`.
        method: HTTP method of the request that failed. Example: `POST`.
        response_code: HTTP status that came back, beyond the registered ones too; null if nothing did. Example:
            `495`.
        response: What the other side answered; null if nothing came. Take secrets out before it is sent.
        request: What was sent; null where it was not kept. Take secrets out before it is sent.
        created_at: When it happened, with its offset from UTC. Left out or null, it is the moment of arrival.
            Example: `2023-03-01T02:02:00+01:00`.
        exception_type: Class of the error in the code that reports it, from which a remedy may be guessed. Example:
            `requests.exceptions.SSLError`.
        exception: The error in words. Example: `An SSL error occurred`.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {
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
    __rule__: ClassVar[Rule] = Rule(
        types=("object",),
        required=("base_url",),
        closed=True,
        properties={
            "base_url": Rule(types=("string",), min_length=1),
            "full_url": Rule(types=("string", "null")),
            "method": Rule(types=("string", "null")),
            "response_code": Rule(types=("integer", "null"), minimum=0),
            "response": Rule(
                types=("object", "null"),
                properties={
                    "headers": Rule(types=("object", "null")),
                    "body": Rule(types=("string", "object", "null")),
                },
            ),
            "request": Rule(
                types=("object", "null"),
                properties={
                    "headers": Rule(types=("object", "string", "null")),
                    "payload": Rule(types=("object", "string", "null")),
                },
            ),
            "created_at": Rule(types=("string", "null"), format="date-time"),
            "exception_type": Rule(types=("string", "null")),
            "exception": Rule(types=("string", "null")),
        },
    )

    base_url: str
    full_url: str | Unset | None = UNSET
    method: str | Unset | None = UNSET
    response_code: int | Unset | None = UNSET
    response: LoggedResponseCreate | Unset | None = UNSET
    request: LoggedRequestCreate | Unset | None = UNSET
    created_at: datetime | Unset | None = UNSET
    exception_type: str | Unset | None = UNSET
    exception: str | Unset | None = UNSET

    def validate(self) -> None:
        """Hold this model against the contract.

        Raises:
            InvalidInputError: A field breaks a rule; the error names the field and the rule.
        """
        check("IntegrationLogCreate", "", self.to_dict(), self.__rule__)

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
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
