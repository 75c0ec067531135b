"""Errors about undecodable records name page, index and field; the other records can still be used."""

from __future__ import annotations

import pickle
from typing import Any

import httpx
import orjson
import pytest

from sendcloud_integrations_client import Integration, IntegrationLog, ResponseDecodeError
from sendcloud_integrations_client.generated.api.logs.list_logs import OPERATION
from sendcloud_integrations_client.runtime.decoding import decode_record, decode_records, decode_value
from sendcloud_integrations_client.runtime.operations import CALL_EXTENSION, Call

RECORDS: list[Any] = [{"id": 1}, {"id": 2, "request": {"headers": 5}}, {"id": 3}, "nonsense", {"id": 5}]


def build_http_response(content: Any, *, cursor: str = "", content_type: str = "application/json") -> httpx.Response:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    call = Call(OPERATION, attempts=2)
    request = httpx.Request(
        "GET",
        "https://panel.sendcloud.sc/api/v3/integrations/logs",
        params={"cursor": cursor} if cursor else None,
        extensions={CALL_EXTENSION: call},
    )
    return httpx.Response(200, content=body, request=request, headers={"content-type": content_type})


def test_error_names_page_index_and_field_of_the_record() -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode_records(
            build_http_response({"data": RECORDS}, cursor="2023-03-01T02:02:00+01:00"), "data", IntegrationLog
        )
    error = caught.value
    assert (error.index, error.field) == (1, "data[1].request.headers")
    assert error.page_cursor == "2023-03-01T02:02:00+01:00"
    assert (error.operation, error.method, error.attempts, error.status_code) == ("list_logs", "GET", 2, 200)
    assert error.record == RECORDS[1]
    assert "record 1 of the page at cursor 2023-03-01T02:02:00+01:00 cannot be decoded" in str(error)
    assert "request.headers must be an object or text, not an integer" in str(error)


def test_skip_drops_undecodable_records() -> None:
    logs = decode_records(build_http_response({"data": RECORDS}), "data", IntegrationLog, "skip")
    assert [log.id for log in logs] == [1, 3, 5]


def test_callback_receives_the_errors_of_undecodable_records() -> None:
    errors: list[ResponseDecodeError] = []
    logs = decode_records(build_http_response({"data": RECORDS}), "data", IntegrationLog, errors.append)
    assert [log.id for log in logs] == [1, 3, 5]
    assert [error.index for error in errors] == [1, 3]
    assert [error.record for error in errors] == [RECORDS[1], "nonsense"]


@pytest.mark.parametrize("record", [None, True, 4.5, 7, "text", [], [1]])
def test_record_that_is_not_an_object_is_reported_separately(record: Any) -> None:
    errors: list[ResponseDecodeError] = []
    logs = decode_records(build_http_response({"data": [record, {"id": 1}]}), "data", IntegrationLog, errors.append)
    assert [log.id for log in logs] == [1]
    assert [(error.index, error.field) for error in errors] == [(0, "data[0]")]
    assert "must be an object" in str(errors[0])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "an empty body"),
        (b'{"data": [', "10 bytes of application/json"),
        (b"<html>", "6 bytes of application/json"),
        ([], "no `data`"),
        ({"other": []}, "no `data`"),
        ({"data": {}}, "expected a list of records, got dict"),
        ({"error": "x"}, "no `data`"),
        ({"data": "text"}, "expected a list of records, got str"),
    ],
)
def test_body_without_a_list_of_records_raises(content: Any, text: str) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode_records(build_http_response(content), "data", IntegrationLog)
    assert text in str(caught.value)
    assert "list_logs (GET /api/v3/integrations/logs)" in str(caught.value)


def test_null_in_place_of_the_list_is_an_empty_list() -> None:
    assert decode_records(build_http_response({"data": None}), "data", IntegrationLog) == []


@pytest.mark.parametrize("content", [b"<html>", {"other": []}, {"data": {}}], ids=["HTML", "no data", "no list"])
def test_on_decode_error_covers_a_page_that_cannot_be_read(content: Any) -> None:
    errors: list[ResponseDecodeError] = []
    response = build_http_response(content)
    assert decode_records(response, "data", IntegrationLog, errors.append) == []
    (error,) = errors
    assert error.index is None
    assert error.record == response.text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"data": [{"id": 1, "base_url": "\\ud83d!"}]}', "\ufffd!"),
        (b'\xef\xbb\xbf{"data": [{"id": 1, "base_url": "x"}]}', "x"),
        (b'{"data": [{"id": 1, "base_url": "\xff"}]}', "\ufffd"),
        (b'{"data": [{"id": 1, "base_url": "a\x01\n"}]}', "a\x01\n"),
        (b'{"data": [{"id": 1, "base_url": "x", "unknown": [NaN, -Infinity, 1e999]}]}', "x"),
    ],
    ids=["lone surrogate", "byte order mark", "invalid byte", "control characters", "NaN"],
)
def test_body_that_is_almost_json_is_read(content: bytes, text: str) -> None:
    (log,) = decode_records(build_http_response(content), "data", IntegrationLog)
    assert log.base_url == text
    assert log.additional_properties.get("unknown", [None]) in ([None], [None, None, None])


def test_error_about_a_single_record_names_the_field() -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode_record(build_http_response({"data": {"id": 1, "created_at": "never"}}), "data", Integration)
    assert caught.value.field == "data.created_at"
    assert decode_record(build_http_response({"data": {"id": 1}}), "data", Integration).id == 1
    assert decode_record(build_http_response({"id": 1}), None, Integration).id == 1


def test_decode_value_returns_the_value_of_a_key_or_the_whole_body() -> None:
    assert decode_value(build_http_response({"data": 5}), "data") == 5
    assert decode_value(build_http_response([1]), None) == [1]


def test_json_string_that_contains_the_key_is_not_an_object() -> None:
    with pytest.raises(ResponseDecodeError, match="no `data`"):
        decode_value(build_http_response("data"), "data")


def test_error_of_an_unreadable_page_keeps_at_most_one_mebibyte() -> None:
    errors: list[ResponseDecodeError] = []
    response = build_http_response(b"<" * 1_048_577, content_type="text/html")
    assert decode_records(response, "data", IntegrationLog, errors.append) == []
    assert errors[0].record == "<" * 1_048_576


def test_skip_raises_for_an_unreadable_page_without_a_link_header() -> None:
    with pytest.raises(ResponseDecodeError, match="expected JSON"):
        decode_records(build_http_response(b"<html>", content_type="text/html"), "data", IntegrationLog, "skip")


def test_skip_logs_a_warning_for_an_unreadable_page_that_links_to_the_next(caplog: pytest.LogCaptureFixture) -> None:
    response = build_http_response(b"<html>", content_type="text/html")
    response.headers["link"] = '<https://x.example/?cursor=c>; rel="next"'
    assert decode_records(response, "data", IntegrationLog, "skip") == []
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "A page was skipped" in record.getMessage()


@pytest.mark.parametrize(
    ("content", "index", "advice"),
    [
        (b"<html>", None, "Check base_url, and proxies between this client and Sendcloud."),
        ({"data": [5]}, 0, "Report it to the maintainers; pass on_decode_error= to skip such records."),
    ],
)
def test_advice_of_a_decode_error_fits_a_page_or_a_record(content: Any, index: int | None, advice: str) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode_records(build_http_response(content), "data", IntegrationLog)
    assert caught.value.index == index
    assert str(caught.value).endswith(advice)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_advice_of_an_error_about_a_single_record_names_no_argument() -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode_record(build_http_response({"data": {"id": "x"}}), "data", Integration)
    assert str(caught.value).endswith("Report it to the maintainers.")
