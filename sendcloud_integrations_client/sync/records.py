"""From records as they came to rows of the store, secrets taken out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

import attrs
import orjson

from sendcloud_integrations_client.errors import ResponseDecodeError
from sendcloud_integrations_client.generated.models.integration import Integration
from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.sync.redaction import Redaction
from sendcloud_integrations_client.wire import source_of

__all__ = ["LogRow", "Misfit", "integration_row", "is_storable", "misfit_of", "misfit_without_id", "utc"]

_MOST: Final = 2**63 - 1
_TEXTS: Final = ("exception_type", "exception", "method", "base_url", "full_url")


@attrs.frozen(eq=False)
class LogRow:
    """A log on its way into the store. What it takes to write it is done only for those that are new.

    Attributes:
        id: The log's id.
        created_at_utc: When it was made, if it says so.
    """

    id: int
    created_at_utc: datetime | None
    _log: IntegrationLog = attrs.field(repr=False)
    _redaction: Redaction | None

    def columns(self) -> dict[str, Any]:
        """Its columns, but for the account, the integration and the moment of storing."""
        one, source = self._log, source_of(self._log)
        content, read = _redacted(source, self._redaction)
        code = _field(one, "response_code")
        return {
            "id": self.id,
            "created_at": read(source.get("created_at")),
            "created_at_utc": self.created_at_utc,
            **{name: read(_field(one, name)) for name in _TEXTS},
            "response_code": code if is_storable(code) else None,
            "protected": _field(one, "protected"),
            "record": content.decode(),
        }


@attrs.frozen
class Misfit:
    """A record that could not be read, as it goes into quarantine; its attributes are columns."""

    key: str
    error: str
    field: str
    page_cursor: str | None
    page_index: int | None
    created_at_utc: datetime | None
    raw: str = attrs.field(repr=False)


def misfit_of(error: ResponseDecodeError, redaction: Redaction | None) -> Misfit:
    """The record that an error is about."""
    return _misfit(error.record, redaction, error.reason, error.field, error.page_cursor, error.index)


def misfit_without_id(log: IntegrationLog, redaction: Redaction | None, page_cursor: str | None) -> Misfit:
    """A log that can be read, and has no id to store it under."""
    reason = "sent a log that has no id, or one beyond 64 bits"
    return _misfit(source_of(log), redaction, reason, "id", page_cursor, None)


def integration_row(one: Integration, redaction: Redaction | None, seen_at: datetime) -> dict[str, Any]:
    """An integration's columns, but for the account."""
    content, read = _redacted(source_of(one), redaction)
    return {
        "id": one.id,
        **{name: read(_field(one, name)) for name in ("shop_name", "shop_url", "type")},
        **{name: utc(_field(one, name)) for name in ("started_failing_at", "last_fetched_at")},
        "seen_at": seen_at,
        "record": content.decode(),
    }


def is_storable(number: object) -> TypeGuard[int]:
    """Whether a number, such as a record's id, fits into a column of 64 bits; one that is missing does not."""
    return isinstance(number, int) and -_MOST <= number <= _MOST


def utc(moment: datetime | None) -> datetime | None:
    """A moment in UTC; one without an offset is taken to be in UTC, one that UTC has no date for is none."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def _field(model: Integration | IntegrationLog, name: str) -> Any:
    # A contract that no longer has a field leaves its column empty, and this module as it is.
    return getattr(model, name, None)


def _misfit(
    record: Any, redaction: Redaction | None, reason: str, field: str, page_cursor: str | None, index: int | None
) -> Misfit:
    content, _ = _redacted(record, redaction)
    fields: dict[str, Any] = record if record.__class__ is dict else {}
    given = fields.get("id")
    # By what is stored: a key made of the record as it came would let its secrets be guessed.
    key = f"id:{given}" if given.__class__ is int else f"sha256:{hashlib.sha256(content).hexdigest()}"
    return Misfit(key, reason, field, page_cursor, index, _moment(fields.get("created_at")), content.decode())


def _moment(text: Any) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(text))
    except (TypeError, ValueError):
        return None


def _redacted(record: Any, redaction: Redaction | None) -> tuple[bytes, Callable[[Any], str | None]]:
    """A record's JSON without its secrets, and what makes a text of the record a column."""
    if redaction is None:
        return _json(record), _storable
    clean, content = redaction.record(record)
    if clean is record:
        return content, _storable
    return content, lambda value: _storable(redaction.text(value) if isinstance(value, str) else None)


def _json(record: Any) -> bytes:
    try:
        return orjson.dumps(record)
    except orjson.JSONEncodeError:  # nested more than 254 deep
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def _storable(value: Any) -> str | None:
    # PostgreSQL keeps no NUL in a text.
    return value.replace("\0", "\ufffd") if isinstance(value, str) else None
