"""Conversion of API records to rows of the store, with secrets redacted."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard, cast

import attrs
import orjson

from sendcloud_integrations_client.errors import ResponseDecodeError
from sendcloud_integrations_client.generated.models.integration import Integration
from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.sync.problem_keys import build_problem_key
from sendcloud_integrations_client.sync.redaction import Redaction, encode_json

__all__ = [
    "InvalidRecord",
    "LogRow",
    "build_integration_row",
    "build_integration_without_id",
    "build_invalid_record",
    "build_page_key",
    "build_redaction_key",
    "build_record_without_id",
    "build_stable_content",
    "build_unreadable_page",
    "is_int64",
    "is_integration_id",
    "is_same_record",
    "to_storable_text",
    "to_text_column",
    "to_utc",
]

_MAX_INT64: Final = 2**63 - 1
_VOLATILE_FIELDS: Final = frozenset({"started_failing_at", "last_fetched_at", "updated_at"})
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_TEXT_COLUMNS: Final = ("exception_type", "exception", "method", "base_url", "full_url")
_REDACTION_REVISION: Final = 1  # increase it if `Redaction` with the same names replaces other parts of a record


@attrs.frozen(eq=False)
class LogRow:
    """A log to store. Its columns are built only if they are needed, because redaction is expensive.

    Attributes:
        id: Id of the log.
        integration_id: Id of its integration; None if unknown.
        created_at_utc: Time when the log was created; None if unknown.
        redaction_key: Fingerprint of the redaction rules.
    """

    id: int
    integration_id: int | None
    created_at_utc: datetime | None
    redaction_key: str
    _log: IntegrationLog = attrs.field(repr=False)
    _redaction: Redaction | None

    def build_columns(self) -> dict[str, Any]:
        """Return the columns of the row that depend on the log itself."""
        log = self._log
        content, redacted = _redact(log.get_source(), self._redaction)
        texts = {name: to_text_column(redacted.get(name)) for name in _TEXT_COLUMNS}
        code = _get_field(log, "response_code")
        code = code if is_int64(code) else None
        return {
            "id": self.id,
            "integration_id": self.integration_id,
            "created_at": to_text_column(redacted.get("created_at")),
            "created_at_utc": self.created_at_utc,
            **texts,
            "response_code": code,
            "protected": _get_field(log, "protected"),
            # The redacted texts, because the migration of an older store has no others.
            "problem_key": build_problem_key(
                texts["exception_type"], code, texts["exception"], texts["method"], texts["full_url"]
            ),
            "redaction_key": self.redaction_key,
            "record": content.decode(),
        }


@attrs.frozen
class InvalidRecord:
    """A record or page that could not be decoded. Its attributes are columns of the table `quarantine`.

    `integration_id` is the one in the record; None if it has none.
    """

    key: str
    error: str
    field: str
    page_cursor: str | None
    page_index: int | None
    created_at_utc: datetime | None
    raw: str = attrs.field(repr=False)
    integration_id: int | None = None

    def build_columns(self) -> dict[str, Any]:
        """Return the columns of the row that depend on the record itself."""
        return attrs.asdict(self, filter=lambda attribute, _: attribute.name != "integration_id")


def build_invalid_record(error: ResponseDecodeError, redaction: Redaction | None) -> InvalidRecord:
    """Return the quarantine record for a decode error.

    Args:
        error: The decode error of one record.
        redaction: Redaction of secrets; None to keep the record unchanged.

    Returns:
        The record, with the reason and the position of the error.
    """
    return _build_invalid_record(error.record, redaction, error.reason, error.field, error.page_cursor, error.index)


def build_record_without_id(log: IntegrationLog, redaction: Redaction | None, page_cursor: str | None) -> InvalidRecord:
    """Return the quarantine record for a log that has no usable id, so that it cannot be stored as a log.

    Args:
        log: The log.
        redaction: Redaction of secrets; None to keep the record unchanged.
        page_cursor: Cursor of its page; None for the first page.

    Returns:
        The record.
    """
    reason = "the log has no id, or an id of more than 64 bits"
    return _build_invalid_record(log.get_source(), redaction, reason, "id", page_cursor, None)


def build_integration_without_id(integration: Integration, redaction: Redaction | None) -> InvalidRecord:
    """Return the quarantine record for an integration that has no usable id, so that its logs cannot be listed.

    Args:
        integration: The integration.
        redaction: Redaction of secrets; None to keep the record unchanged.

    Returns:
        The record. Its key stays the same when timestamps of the integration change.
    """
    source = integration.get_source()
    reason = "the integration has no id, or an id that is not between 1 and 2**63 - 1"
    record = _build_invalid_record(source, redaction, reason, "id", None, None)
    redacted = source if redaction is None else redaction.redact_record(source)[0]
    return attrs.evolve(record, key=_build_hash_key("sha256", build_stable_content(redacted)))


def build_stable_content(record: dict[str, Any]) -> bytes:
    """Return the JSON of an integration without the timestamps that change, from which its key is built."""
    return encode_json({name: value for name, value in record.items() if name not in _VOLATILE_FIELDS})


def build_unreadable_page(
    error: ResponseDecodeError, redaction: Redaction | None, page_cursor: str | None
) -> InvalidRecord:
    """Return the quarantine record for a page that cannot be read as a whole.

    Args:
        error: The decode error of the page. Its `record` is the body as text.
        redaction: Redaction of secrets; None to keep the body unchanged.
        page_cursor: Cursor of the page; None for the first page.

    Returns:
        The record. `raw` is the body as text.
    """
    body = error.record if isinstance(error.record, str) else ""
    raw = body if redaction is None else redaction.redact_text(body)
    return InvalidRecord(
        key=build_page_key(page_cursor),
        error=to_storable_text(error.reason),
        field=error.field,
        page_cursor=page_cursor,
        page_index=None,
        created_at_utc=None,
        raw=to_storable_text(raw),
    )


def build_page_key(page_cursor: str | None) -> str:
    """Return the key of an unreadable page in the quarantine: `page:` and the hash of its cursor."""
    return (
        "page:first" if page_cursor is None else _build_hash_key("page", page_cursor.encode("utf-8", "surrogatepass"))
    )


def build_redaction_key(redaction: Redaction | None) -> str:
    """Return the fingerprint of redaction rules; equal rules have equal fingerprints.

    Args:
        redaction: The rules; None for no redaction.
    """
    if redaction is None:
        return "none"
    values = {field.name: getattr(redaction, field.name) for field in attrs.fields(Redaction) if field.init}
    rules = {
        name: sorted(map(str, cast("frozenset[object]", value))) if isinstance(value, frozenset) else value
        for name, value in values.items()
    }
    return hashlib.sha256(ascii((_REDACTION_REVISION, rules)).encode()).hexdigest()[:16]


def is_same_record(stored: str, received: str) -> bool:
    """Whether two records as JSON are equal. The order of their fields does not matter."""
    if stored == received:
        return True
    try:
        return bool(orjson.loads(stored) == orjson.loads(received))
    except orjson.JSONDecodeError:
        return False


def build_integration_row(integration: Integration, redaction: Redaction | None, listed_at: datetime) -> dict[str, Any]:
    """Return the columns of an integration, without `account`.

    Args:
        integration: The integration.
        redaction: Redaction of secrets; None to keep the record unchanged.
        listed_at: Time when the integration was listed.

    Returns:
        The values by column name.
    """
    content, redacted = _redact(integration.get_source(), redaction)
    return {
        "id": integration.id,
        **{name: to_text_column(redacted.get(name)) for name in ("shop_name", "shop_url", "type")},
        **{name: to_utc(_get_field(integration, name)) for name in ("started_failing_at", "last_fetched_at")},
        "listed_at": listed_at,
        "record": content.decode(),
    }


def is_int64(value: object) -> TypeGuard[int]:
    """Whether a value is an integer that fits in a 64-bit column."""
    return isinstance(value, int) and not isinstance(value, bool) and -_MAX_INT64 <= value <= _MAX_INT64


def is_integration_id(value: object) -> TypeGuard[int]:
    """Whether a value can be the id of an integration, which the API requires to be at least 1."""
    return is_int64(value) and value >= 1


def to_storable_text(text: str) -> str:
    """Replace what a text column cannot store: NUL characters (PostgreSQL) and lone surrogates, each by U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text  # nearly all texts, and the regular expression takes ten times as long
    return _UNSTORABLE.sub("\ufffd", text)


def to_text_column(value: object) -> str | None:
    """Return a value of a record for a text column; None if it is not text."""
    return to_storable_text(value) if isinstance(value, str) else None


def to_utc(timestamp: datetime | None) -> datetime | None:
    """Convert a timestamp to UTC.

    Args:
        timestamp: The timestamp. One without an offset is assumed to be in UTC.

    Returns:
        The timestamp in UTC, or None for None and for timestamps that UTC cannot represent.
    """
    if timestamp is None:
        return None
    if timestamp.tzinfo is None:
        return timestamp.replace(tzinfo=UTC)
    try:
        return timestamp.astimezone(UTC)
    except OverflowError:
        return None


def _get_field(model: Integration | IntegrationLog, name: str) -> Any:
    # If a later OpenAPI document drops a field, its column stays empty and this module needs no change.
    return getattr(model, name, None)


def _build_invalid_record(
    record: Any, redaction: Redaction | None, reason: str, field: str, page_cursor: str | None, index: int | None
) -> InvalidRecord:
    content, _ = _redact(record, redaction)
    fields: dict[str, Any] = record if record.__class__ is dict else {}
    record_id = fields.get("id")
    # Hash the redacted content: with a hash of the original record, its secrets could be guessed.
    key = f"id:{record_id}" if record_id.__class__ is int else _build_hash_key("sha256", content)
    created_at = _parse_timestamp(fields.get("created_at"))
    integration_id = fields.get("integration_id")
    return InvalidRecord(
        key,
        to_storable_text(reason),
        to_storable_text(field),
        page_cursor,
        index,
        created_at,
        content.decode(),
        integration_id if is_integration_id(integration_id) else None,
    )


def _build_hash_key(prefix: str, content: bytes) -> str:
    return f"{prefix}:{hashlib.sha256(content).hexdigest()}"


def _parse_timestamp(text: Any) -> datetime | None:
    try:
        return to_utc(datetime.fromisoformat(text))
    except (TypeError, ValueError):
        return None


def _redact(record: Any, redaction: Redaction | None) -> tuple[bytes, Any]:
    """Return the redacted record, as JSON and parsed."""
    if redaction is None:
        return encode_json(record), record
    redacted, content = redaction.redact_record(record)
    return content, redacted
