"""Tests of the conversion of records to rows of the store and of the quarantine."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from sendcloud_integrations_client import ResponseDecodeError
from sendcloud_integrations_client.generated.models.integration import Integration
from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.sync import Redaction
from sendcloud_integrations_client.sync.problem_keys import build_problem_key
from sendcloud_integrations_client.sync.records import (
    LogRow,
    build_integration_row,
    build_integration_without_id,
    build_invalid_record,
    build_page_key,
    build_record_without_id,
    build_redaction_key,
    build_unreadable_page,
    is_int64,
    is_integration_id,
    is_same_record,
    to_storable_text,
    to_text_column,
    to_utc,
)

MAX = 2**63 - 1
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
REDACTION = Redaction()


def build_error(record: Any, **values: Any) -> ResponseDecodeError:
    return ResponseDecodeError("invalid date", field="data[3].created_at", record=record, **values)


@pytest.mark.parametrize(
    ("value", "is_stored", "is_id"),
    [
        (1, True, True),
        (MAX, True, True),
        (0, True, False),
        (-1, True, False),
        (-MAX, True, False),
        (MAX + 1, False, False),
        (-MAX - 1, False, False),
        (True, False, False),
        (1.0, False, False),
        ("1", False, False),
        (None, False, False),
    ],
)
def test_ids_are_integers_of_64_bits(value: Any, is_stored: bool, is_id: bool) -> None:
    assert is_int64(value) is is_stored
    assert is_integration_id(value) is is_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\udfff\0", "\ufffd\ufffd"),
        ("\ud7ff\ue000\x01", "\ud7ff\ue000\x01"),
        ("", ""),
    ],
)
def test_characters_that_no_database_stores_are_replaced(text: str, expected: str) -> None:
    assert to_storable_text(text) == to_text_column(text) == expected


@pytest.mark.parametrize("value", [None, 1, True, ["a"], {"a": "b"}])
def test_value_that_is_not_text_leaves_a_text_column_empty(value: Any) -> None:
    assert to_text_column(value) is None


def test_missing_timestamp_stays_missing() -> None:
    assert to_utc(None) is None


def test_log_becomes_a_row_with_redacted_texts() -> None:
    record = {
        "id": 5,
        "integration_id": 2,
        "created_at": "2024-05-01T14:00:00+02:00",
        "exception_type": "shop.Error",
        "exception": "rejected password=hunter2 for user",
        "method": "POST",
        "base_url": "https://shop.example",
        "full_url": "https://shop.example/orders/17",
        "response_code": 503,
        "protected": True,
    }
    row = LogRow(5, 3, NOON, "key", IntegrationLog.from_dict(record), REDACTION)
    columns = row.build_columns()
    content = orjson.loads(columns.pop("record"))
    assert columns == {
        "id": 5,
        "integration_id": 3,
        "created_at": "2024-05-01T14:00:00+02:00",
        "created_at_utc": NOON,
        "exception_type": "shop.Error",
        "exception": "rejected password=[redacted] for user",
        "method": "POST",
        "base_url": "https://shop.example",
        "full_url": "https://shop.example/orders/17",
        "response_code": 503,
        "protected": True,
        "problem_key": build_problem_key(
            "shop.Error",
            503,
            "rejected password=[redacted] for user",
            "POST",
            "https://shop.example/orders/17",
        ),
        "redaction_key": "key",
    }
    assert content == record | {"exception": "rejected password=[redacted] for user"}


@pytest.mark.parametrize(("code", "stored"), [(MAX, MAX), (MAX + 1, None), (-MAX, -MAX), (None, None)])
def test_response_code_of_more_than_64_bits_leaves_its_column_empty(code: int | None, stored: int | None) -> None:
    log = IntegrationLog.from_dict({"id": 5, "response_code": code})
    columns = LogRow(5, None, None, "none", log, None).build_columns()
    assert columns["response_code"] == stored
    assert columns["problem_key"] == build_problem_key(None, stored, None, None, None)
    assert orjson.loads(columns["record"])["response_code"] == code


def test_undecodable_record_keeps_its_position_and_reason() -> None:
    record = {"id": 7, "integration_id": 3, "created_at": "2024-05-01T14:00:00+02:00", "password": "hunter2"}
    found = build_invalid_record(build_error(record, index=3, page_cursor="abc"), REDACTION)
    assert found.build_columns() == {
        "key": "id:7",
        "error": "invalid date",
        "field": "data[3].created_at",
        "page_cursor": "abc",
        "page_index": 3,
        "created_at_utc": NOON,
        "raw": found.raw,
    }
    assert found.integration_id == 3
    assert orjson.loads(found.raw) == record | {"password": "[redacted]"}


@pytest.mark.parametrize("record_id", [None, "7", True, 7.0])
def test_key_of_a_record_without_an_integer_id_is_the_hash_of_its_redacted_content(record_id: Any) -> None:
    records = [{"id": record_id, "password": password} for password in ("hunter2", "letmein")]
    first, second = (build_invalid_record(build_error(record), REDACTION) for record in records)
    assert first.key == second.key == f"sha256:{hashlib.sha256(first.raw.encode()).hexdigest()}"
    assert first.key != build_invalid_record(build_error(records[0] | {"name": "other"}), REDACTION).key


@pytest.mark.parametrize("record", [None, "text", ["id"], 5])
def test_record_that_is_no_object_is_quarantined_without_fields(record: Any) -> None:
    found = build_invalid_record(build_error(record), None)
    assert (orjson.loads(found.raw), found.integration_id, found.created_at_utc) == (record, None, None)
    assert found.key.startswith("sha256:")


@pytest.mark.parametrize("created_at", [None, 5, "yesterday", "", "0001-01-01T00:00:00+01:00"])
def test_unusable_time_of_an_undecodable_record_is_unknown(created_at: Any) -> None:
    assert build_invalid_record(build_error({"created_at": created_at}), None).created_at_utc is None


@pytest.mark.parametrize("integration_id", [0, -1, MAX + 1, "3", None])
def test_unusable_integration_of_an_undecodable_record_is_unknown(integration_id: Any) -> None:
    assert build_invalid_record(build_error({"integration_id": integration_id}), None).integration_id is None


def test_log_without_usable_id_is_quarantined_with_the_reason() -> None:
    log = IntegrationLog.from_dict({"id": 2**70, "exception": "secret=hunter2"})
    found = build_record_without_id(log, REDACTION, "abc")
    assert (found.key, found.field, found.page_cursor, found.page_index) == (f"id:{2**70}", "id", "abc", None)
    assert found.error == "the log has no id, or an id of more than 64 bits"
    assert "hunter2" not in found.raw
    assert "hunter2" in build_record_without_id(log, None, None).raw


def test_integration_without_usable_id_keeps_its_key_when_its_timestamps_change() -> None:
    def build(**changes: Any) -> Any:
        record = {"id": 0, "shop_name": "One", "last_fetched_at": "2024-05-01T12:00:00Z", "password": "hunter2"}
        return build_integration_without_id(Integration.from_dict(record | changes), REDACTION)

    found = build()
    assert found.error == "the integration has no id, or an id that is not between 1 and 2**63 - 1"
    assert (found.field, found.page_cursor, found.page_index) == ("id", None, None)
    assert "hunter2" not in found.raw
    for name in ("last_fetched_at", "started_failing_at", "updated_at"):
        assert build(**{name: "2024-05-02T12:00:00Z"}).key == found.key
    assert build(password="letmein").key == found.key  # otherwise the secret could be guessed
    assert build(shop_name="Two").key != found.key
    assert found.key.startswith("sha256:")


def test_unreadable_page_keeps_its_body_without_secrets() -> None:
    error = ResponseDecodeError("expected JSON\0", field="", record="<html>\0password=hunter2</html>")
    found = build_unreadable_page(error, REDACTION, "abc")
    assert (found.raw, found.error) == ("<html>\ufffdpassword=[redacted]</html>", "expected JSON\ufffd")
    assert (found.page_cursor, found.page_index, found.created_at_utc) == ("abc", None, None)
    assert found.key == build_page_key("abc") == f"page:{hashlib.sha256(b'abc').hexdigest()}"
    assert build_unreadable_page(error, None, None).raw == "<html>\ufffdpassword=hunter2</html>"
    assert build_unreadable_page(ResponseDecodeError("expected JSON", record={"a": 1}), REDACTION, None).raw == ""


def test_content_is_not_in_a_repr() -> None:
    record = {"id": 5, "password": "hunter2"}
    row = LogRow(5, 3, NOON, "key", IntegrationLog.from_dict(record), None)
    invalid = build_invalid_record(build_error(record), None)
    assert "hunter2" in invalid.raw
    assert "hunter2" not in repr(row) + repr(invalid)


def test_keys_of_pages_depend_on_the_cursor() -> None:
    assert build_page_key(None) == "page:first"
    assert len({build_page_key(cursor) for cursor in (None, "", "a", "\ud800")}) == 4


def test_redaction_keys_are_equal_for_equal_rules() -> None:
    assert build_redaction_key(None) == "none"
    key = build_redaction_key(Redaction(fields=frozenset({"a", "b"})))
    assert len(key) == 16
    assert key == build_redaction_key(Redaction(fields=frozenset({"b", "a"})))
    others = [
        Redaction(),
        Redaction(fields=frozenset({"a"})),
        Redaction(fields=frozenset({"a", "b"}), personal_data=True),
    ]
    assert len({key, *map(build_redaction_key, others)}) == 4


@pytest.mark.parametrize(
    ("stored", "received", "expected"),
    [
        ("broken", "broken", True),
        ("broken", "{}", False),
        ("{}", "broken", False),
        ('{"a": 1}', '{"a": 1.0}', True),
    ],
)
def test_records_that_are_no_json_are_compared_as_text(stored: str, received: str, expected: bool) -> None:
    assert is_same_record(stored, received) is expected


def test_integration_becomes_a_row_with_redacted_texts() -> None:
    record = {
        "id": 4,
        "shop_name": "One",
        "shop_url": "https://shop.example/?token=hunter2",
        "type": "shopify",
        "started_failing_at": "2024-05-01T14:00:00+02:00",
        "last_fetched_at": "2024-05-01T12:00:00",
    }
    integration = Integration.from_dict(record)
    listed_at = datetime(2024, 6, 1, tzinfo=timezone(timedelta(hours=2)))
    row = build_integration_row(integration, REDACTION, listed_at)
    content = orjson.loads(row.pop("record"))
    url = "https://shop.example/?token=[redacted]"
    assert row == {
        "id": 4,
        "shop_name": "One",
        "shop_url": url,
        "type": "shopify",
        "started_failing_at": NOON,
        "last_fetched_at": NOON,
        "listed_at": listed_at,
    }
    assert content == record | {"shop_url": url}
    assert build_integration_row(integration, None, listed_at)["shop_url"] == record["shop_url"]
