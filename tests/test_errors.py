"""Every error is one readable line, survives pickling, and makes the most of whatever body came."""

from __future__ import annotations

import pickle
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sendcloud_integrations_client as sendcloud
from sendcloud_integrations_client.errors import parse_error_details, status_error
from tests.contract_samples import examples

CALL = {"operation": "retrieve_integration", "method": "GET", "path": "/integrations/7"}


def error_for(status: int, content: bytes = b"", **more: Any) -> sendcloud.APIStatusError:
    return status_error(status, content, headers={"X-A": "1", "Set-Cookie": "session=s3cret"}, **{**CALL, **more})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, sendcloud.BadRequestError),
        (401, sendcloud.AuthenticationError),
        (403, sendcloud.PermissionDeniedError),
        (404, sendcloud.NotFoundError),
        (409, sendcloud.ConflictError),
        (418, sendcloud.APIStatusError),
        (422, sendcloud.UnprocessableEntityError),
        (429, sendcloud.RateLimitError),
        (500, sendcloud.ServerError),
        (503, sendcloud.ServerError),
        (302, sendcloud.APIStatusError),
    ],
)
def test_the_class_is_chosen_by_status(status: int, kind: type[Exception]) -> None:
    error = error_for(status)
    assert type(error) is kind
    assert isinstance(error, sendcloud.SendcloudError)
    assert error.status_code == status


def test_every_error_of_the_contracts_examples_is_parsed() -> None:
    seen = 0
    for _, status, value in examples():
        if status.startswith("4"):
            details = parse_error_details(value)
            assert [detail.code for detail in details] == [entry["code"] for entry in value["errors"]]
            assert [detail.status for detail in details] == [str(entry["status"]) for entry in value["errors"]]
            seen += 1
    assert seen >= 8


def test_the_line_says_what_happened_to_which_operation_and_what_to_do() -> None:
    body = {"errors": [{"status": 404, "code": "not_found", "title": "Not Found", "detail": "No such thing"}]}
    assert str(error_for(404, orjson.dumps(body), attempts=3, elapsed=4.24)) == (
        "retrieve_integration (GET /integrations/7): answered 404: not_found: No such thing, "
        "after 3 attempts in 4.2 s. Check the id, and that it belongs to these credentials."
    )


@pytest.mark.parametrize(
    ("errors", "codes"),
    [
        ([{"code": "extra_forbidden", "status": "400", "source": {"pointer": "body/x"}}], ["extra_forbidden"]),
        ({"code": "invalid", "detail": "d"}, ["invalid"]),
        ({"shop_name": ["too long", "not text"]}, [""]),
        (["just text"], [""]),
        ([None, 5], ["", ""]),
        ([], []),
        ("text", []),
        (None, []),
    ],
)
def test_errors_are_parsed_whatever_their_shape(errors: Any, codes: list[str]) -> None:
    assert [detail.code for detail in parse_error_details({"errors": errors})] == codes


def test_an_object_of_fields_names_each_field() -> None:
    (detail,) = parse_error_details({"errors": {"shop_name": ["too long", "not text"]}})
    assert (detail.pointer, detail.detail) == ("shop_name", "too long, not text")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty body"),
        (b"<!doctype html>\n<html><body>Bad gateway</body></html>", "an HTML page instead of JSON"),
        (b'{"errors": [{"code": "inv', '{"errors": [{"code": "inv'),
        (b"\xff\xfe\x00", "\ufffd\ufffd"),
        (b"upstream\n\nconnect error", "upstream connect error"),
        (b'{"message": "slow down"}', "slow down"),
        (b"[]", "no details given"),
    ],
)
def test_a_body_that_is_no_json_api_error_still_says_something(content: bytes, text: str) -> None:
    line = str(error_for(502, content))
    assert text in line
    assert "\n" not in line


@given(
    st.integers(300, 599),
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers(-9, 999) | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["errors", "code", "source", "x"]), inner)
        ),
    ).map(orjson.dumps),
)
def test_no_body_breaks_the_error(status: int, content: bytes) -> None:
    error = error_for(status, content)
    assert str(error).isprintable()
    assert len(str(error)) <= 1000
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert (again.status_code, again.errors, again.body) == (error.status_code, error.errors, error.body)


def test_cookies_stay_out() -> None:
    assert error_for(400).headers == {"x-a": "1"}


@pytest.mark.parametrize(
    "error",
    [
        sendcloud.APIConnectionError("broke", operation="list_logs", attempts=2),
        sendcloud.APITimeoutError("slow", elapsed=3.0),
        sendcloud.ResponseDecodeError("odd", field="data[3].id", index=3, record={"id": "x"}),
        sendcloud.InvalidInputError("update_integration", "shop_name", "must not be empty"),
        sendcloud.ConfigurationError("no credentials"),
        sendcloud.ClientClosedError("closed"),
    ],
)
def test_errors_survive_pickling(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
