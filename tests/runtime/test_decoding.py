"""Errors about undecodable records name page, index and field; the other records can still be used."""

from __future__ import annotations

import pickle
from typing import Any

import httpx
import orjson
import pytest

from sendcloud_integrations_client import Integration, IntegrationLog, InvalidInputError, ResponseDecodeError
from sendcloud_integrations_client.generated.api.logs.list_logs import OPERATION
from sendcloud_integrations_client.runtime.decoding import (
    UndecodedPage,
    UndecodedValues,
    check_on_decode_error,
    decode_record,
    decode_records,
    decode_typed,
    decode_value,
)
from sendcloud_integrations_client.runtime.operations import CALL_EXTENSION, Call
from sendcloud_integrations_client.runtime.readers import read_integer

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


@pytest.mark.parametrize("on_decode_error", ["raise", "skip", print])
def test_on_decode_error_is_raise_skip_or_a_callable(on_decode_error: Any) -> None:
    check_on_decode_error(OPERATION, on_decode_error)


@pytest.mark.parametrize("on_decode_error", ["ignore", None, 5])
def test_other_value_of_on_decode_error_raises(on_decode_error: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_on_decode_error(OPERATION, on_decode_error)
    assert (caught.value.operation, caught.value.field) == ("list_logs", "on_decode_error")
    assert caught.value.rule == 'must be "raise", "skip" or a callable'


def test_undecoded_page_has_the_status_headers_and_attempts_of_its_response() -> None:
    page = UndecodedPage(build_http_response({"data": [{"id": 1}]}), "data", IntegrationLog, "raise", next_cursor="c")
    assert (page.status_code, page.attempts, page.next_cursor) == (200, 2, "c")
    assert page.headers["content-type"] == "application/json"
    assert [log.id for log in page.parsed] == [1]
    request = httpx.Request("GET", "https://x.example/")
    assert UndecodedPage(httpx.Response(200, request=request), None, IntegrationLog, "raise").attempts == 1


def test_undecoded_values_are_read_one_by_one() -> None:
    assert UndecodedValues(build_http_response(["a", None]), None).parsed == ["a", None]
    assert UndecodedValues(build_http_response({"ids": [1, 2.0]}), "ids", read_integer).parsed == [1, 2]
    assert UndecodedValues(build_http_response([3.0]), None, read_integer).parsed == [3]


@pytest.mark.parametrize(
    ("content", "key", "reason", "field"),
    [
        ({"ids": "x"}, "ids", "expected a list, got str", "ids"),
        ({}, None, "expected a list, got dict", ""),
        ({"ids": [1, "x"]}, "ids", "the value cannot be decoded: ids[1] must be an integer, not text", "ids[1]"),
        (["x"], None, "the value cannot be decoded: [0] must be an integer, not text", "[0]"),
    ],
)
def test_error_about_a_list_of_values_names_the_value(content: Any, key: str | None, reason: str, field: str) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        UndecodedValues(build_http_response(content), key, read_integer).parsed  # noqa: B018
    assert (caught.value.reason, caught.value.field) == (reason, field)


def test_single_value_is_read_with_its_field() -> None:
    assert decode_typed(build_http_response({"count": 7.0}), "count", read_integer) == 7
    assert decode_typed(build_http_response(7), None, read_integer) == 7
    with pytest.raises(ResponseDecodeError) as caught:
        decode_typed(build_http_response({"count": "x"}), "count", read_integer)
    assert caught.value.reason == "the value cannot be decoded: count must be an integer, not text"
    assert caught.value.field == "count"


def test_error_about_a_record_of_a_body_without_a_key_names_its_index() -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode_records(build_http_response([{"id": 1}, {"id": "x"}]), None, IntegrationLog)
    assert caught.value.reason == "record 1 cannot be decoded: id must be an integer, not text"
    assert (caught.value.field, caught.value.page_cursor) == ("[1].id", None)
    with pytest.raises(ResponseDecodeError) as caught:
        decode_record(build_http_response([]), None, Integration)
    assert caught.value.reason == "the record cannot be decoded: the record must be an object, not a list"
    assert (caught.value.field, caught.value.record) == ("", [])


def test_null_body_is_no_list_of_records() -> None:
    with pytest.raises(ResponseDecodeError, match="expected a list of records, got NoneType"):
        decode_records(build_http_response(None), None, IntegrationLog)


def test_unreadable_page_in_a_callback_has_its_cursor() -> None:
    errors: list[ResponseDecodeError] = []
    response = build_http_response(b"<html>", cursor="c7")
    response.headers["link"] = '<https://x.example/?cursor=c8>; rel="next"'
    assert decode_records(response, "data", IntegrationLog, errors.append) == []
    assert [error.page_cursor for error in errors] == ["c7"]
    with pytest.raises(ResponseDecodeError):
        decode_records(response, "data", IntegrationLog, "raise")


def test_error_about_a_response_without_a_call_has_method_and_path() -> None:
    request = httpx.Request("PUT", "https://x.example/a/b?c=d")
    with pytest.raises(ResponseDecodeError) as caught:
        decode_value(httpx.Response(202, content=b"abc", request=request), None)
    error = caught.value
    assert (error.operation, error.method, error.path, error.attempts) == ("", "PUT", "/a/b", 1)
    assert error.reason == "expected JSON in the 202 response, got 3 bytes of unknown type"
