"""A record that cannot be read names its page, index and field, and need not cost the others."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from sendcloud_integrations_client import Integration, IntegrationLog, ResponseDecodeError
from sendcloud_integrations_client.decoding import decode_record, decode_records, decode_value
from sendcloud_integrations_client.generated.api.logs.list_logs import OPERATION
from sendcloud_integrations_client.operations import Call

RECORDS: list[Any] = [{"id": 1}, {"id": 2, "request": {"headers": 5}}, {"id": 3}, "nonsense", {"id": 5}]


def response(content: Any, *, cursor: str = "", kind: str = "application/json") -> httpx.Response:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    call = Call(OPERATION, attempts=2)
    request = httpx.Request(
        "GET",
        "https://panel.sendcloud.sc/api/v3/integrations/logs",
        params={"cursor": cursor} if cursor else None,
        extensions=call.extensions(),
    )
    return httpx.Response(200, content=body, request=request, headers={"content-type": kind})


def test_one_bad_record_names_page_index_and_field() -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode_records(response({"data": RECORDS}, cursor="2023-03-01T02:02:00+01:00"), "data", IntegrationLog)
    error = caught.value
    assert (error.index, error.field) == (1, "data[1].request.headers")
    assert error.page_cursor == "2023-03-01T02:02:00+01:00"
    assert (error.operation, error.method, error.attempts, error.status_code) == ("list_logs", "GET", 2, 200)
    assert error.record == RECORDS[1]
    assert "record 1 of the page at cursor 2023-03-01T02:02:00+01:00" in str(error)
    assert "request.headers should be an object or text, and is an integer" in str(error)


def test_bad_records_can_be_skipped() -> None:
    logs = decode_records(response({"data": RECORDS}), "data", IntegrationLog, "skip")
    assert [log.id for log in logs] == [1, 3, 5]


def test_bad_records_can_be_handed_to_a_callback() -> None:
    errors: list[ResponseDecodeError] = []
    logs = decode_records(response({"data": RECORDS}), "data", IntegrationLog, errors.append)
    assert [log.id for log in logs] == [1, 3, 5]
    assert [error.index for error in errors] == [1, 3]
    assert [error.record for error in errors] == [RECORDS[1], "nonsense"]


@pytest.mark.parametrize("record", [None, True, 4.5, 7, "text", [], [1]])
def test_a_record_that_is_no_object_is_told_from_the_others(record: Any) -> None:
    errors: list[ResponseDecodeError] = []
    logs = decode_records(response({"data": [record, {"id": 1}]}), "data", IntegrationLog, errors.append)
    assert [log.id for log in logs] == [1]
    assert [(error.index, error.field) for error in errors] == [(0, "data[0]")]
    assert "should be an object" in str(errors[0])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "an empty body"),
        (b'{"data": [', "10 bytes of application/json"),
        (b"<html>", "6 bytes of application/json"),
        ([], "no `data`"),
        ({"other": []}, "no `data`"),
        ({"data": {}}, "dict where a list of records belongs"),
        ({"data": None}, "NoneType where a list of records belongs"),
    ],
)
def test_a_body_that_is_no_page_is_one_error(content: Any, text: str) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode_records(response(content), "data", IntegrationLog)
    assert text in str(caught.value)
    assert "list_logs (GET /api/v3/integrations/logs)" in str(caught.value)


def test_a_single_record_names_its_field() -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode_record(response({"data": {"id": 1, "created_at": "never"}}), "data", Integration)
    assert caught.value.field == "data.created_at"
    assert decode_record(response({"data": {"id": 1}}), "data", Integration).id == 1
    assert decode_record(response({"id": 1}), None, Integration).id == 1


def test_a_value_is_taken_out_of_its_envelope() -> None:
    assert decode_value(response({"data": 5}), "data") == 5
    assert decode_value(response([1]), None) == [1]
