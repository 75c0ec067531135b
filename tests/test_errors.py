"""Every error prints as one line, can be pickled, and is built from any response body."""

from __future__ import annotations

import pickle
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sendcloud_integrations_client as sendcloud
from sendcloud_integrations_client.runtime.error_responses import build_status_error, parse_error_details
from tests.support.contract_samples import list_examples

CONTEXT = {"operation": "retrieve_integration", "method": "GET", "path": "/integrations/7"}


def build_error(status: int, content: bytes = b"", **context: Any) -> sendcloud.APIStatusError:
    return build_status_error(
        status, content, headers={"X-A": "1", "Set-Cookie": "session=s3cret"}, **{**CONTEXT, **context}
    )


@pytest.mark.parametrize(
    ("status", "error_class"),
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
def test_status_code_selects_the_error_class(status: int, error_class: type[Exception]) -> None:
    error = build_error(status)
    assert type(error) is error_class
    assert isinstance(error, sendcloud.SendcloudError)
    assert error.status_code == status


def test_every_error_example_of_the_document_is_parsed() -> None:
    parsed_count = 0
    for _, status, value in list_examples():
        if status.startswith("4"):
            details = parse_error_details(value)
            assert [detail.code for detail in details] == [entry["code"] for entry in value["errors"]]
            assert [detail.status for detail in details] == [str(entry["status"]) for entry in value["errors"]]
            parsed_count += 1
    assert parsed_count >= 8


def test_message_names_the_operation_the_reason_and_what_to_do() -> None:
    body = {"errors": [{"status": 404, "code": "not_found", "title": "Not Found", "detail": "No such thing"}]}
    assert str(build_error(404, orjson.dumps(body), attempts=3, elapsed=4.24)) == (
        "retrieve_integration (GET /integrations/7) failed after 3 attempts in 4.2 s: 404 Not Found: not_found: "
        "No such thing. Check the id, that it belongs to these credentials, and base_url."
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
        ("text", [""]),
        (None, []),
    ],
)
def test_error_details_are_parsed_in_any_shape(errors: Any, codes: list[str]) -> None:
    assert [detail.code for detail in parse_error_details({"errors": errors})] == codes


def test_error_details_by_field_name_have_the_field_as_pointer() -> None:
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
        (b"[]", "no details provided"),
        (b'{"error": {"webhook_url": ["Enter a valid URL."]}}', "(webhook_url): Enter a valid URL."),
        (b'{"data": {"errors": [{"detail": "Unknown shop"}]}}', "Unknown shop"),
        (b'[{}, {"name": ["Required."]}]', "([1].name): Required."),
        (b'{"errors": [{}, {"name": ["Required."]}]}', "([1].name): Required."),
        (b'{"errors": [{"title": ["Too long"], "detail": {"x": 1}}]}', ": Too long"),
        (b'{"detail": [{"loc": ["body", "shop", 0], "msg": "Field required"}]}', "(body.shop.0): Field required"),
    ],
)
def test_body_that_is_not_a_json_api_error_is_summarized(content: bytes, text: str) -> None:
    message = str(build_error(502, content))
    assert text in message
    assert "\n" not in message


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
def test_any_body_produces_a_printable_error(status: int, content: bytes) -> None:
    error = build_error(status, content)
    assert str(error).isprintable()
    assert len(str(error)) <= 1000
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert (copy.status_code, copy.errors, copy.body) == (error.status_code, error.errors, error.body)


def test_headers_contain_no_cookies() -> None:
    assert build_error(400).headers == {"x-a": "1"}


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
def test_errors_can_be_pickled(error: Exception) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            sendcloud.InvalidInputError("list_logs", "page_size", "must be at most 100, got 101"),
            "Invalid argument page_size for list_logs: must be at most 100, got 101. No request was sent.",
        ),
        (sendcloud.FieldMismatchError("id", "an integer", "text"), "id must be an integer, not text"),
        (sendcloud.APIStatusError("reason", status_code=599), "reason."),
        (build_error(499), "retrieve_integration (GET /integrations/7) failed: 499: empty body."),
    ],
)
def test_message_of_error(error: Exception, message: str) -> None:
    assert str(error) == message


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (301, "Redirects are not followed. Check base_url."),
        (308, "Redirects are not followed. Check base_url."),
        (400, "Correct the request before you send it again."),
        (402, "Check the plan of the account."),
        (408, "Try again later."),
        (409, "Read the record again before you change it."),
        (413, "Send less data."),
        (422, "Correct the request before you send it again."),
        (425, "Try again later."),
        (500, "Try again later."),
        (501, "Check base_url."),
        (505, "Check base_url."),
    ],
)
def test_message_of_a_status_ends_with_what_to_do(status: int, advice: str) -> None:
    error = build_error(status)
    assert str(error).endswith(f": empty body. {advice}")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_message_states_the_retry_delay_after_the_attempts() -> None:
    assert str(build_error(429, retry_after=20, attempts=5, elapsed=31)).startswith(
        "retrieve_integration (GET /integrations/7) failed after 5 attempts in 31.0 s: 429 Too Many Requests: "
        "empty body. The server asks to retry after 20 s. Send fewer calls"
    )


def test_headers_contain_no_echoed_credentials() -> None:
    headers = {"Authorization": "Basic s3cret", "Proxy-Authorization": "s3cret", "SET-COOKIE": "s3cret", "X-A": "1"}
    assert build_status_error(401, b"", headers=headers).headers == {"x-a": "1"}


def test_message_counts_attempts_from_the_second_one_on() -> None:
    once, twice = (sendcloud.APIConnectionError("broke", attempts=number, elapsed=1.5) for number in (1, 2))
    assert str(once) == "broke. Check the network and base_url."
    assert str(twice) == "broke. Check the network and base_url."
    named = sendcloud.APIConnectionError("broke", operation="list_logs", attempts=2, elapsed=1.5)
    assert str(named) == "list_logs failed after 2 attempts in 1.5 s: broke. Check the network and base_url."


@pytest.mark.parametrize(
    ("count", "text"), [(2, "e0; e1"), (3, "e0; e1; e2"), (4, "e0; e1; e2; and 1 more"), (5, "e0; e1; e2; and 2 more")]
)
def test_message_shows_the_first_three_error_details(count: int, text: str) -> None:
    error = build_error(400, orjson.dumps({"errors": [{"code": f"e{number}"} for number in range(count)]}))
    assert error.reason == f"400 Bad Request: {text}"
    assert len(error.errors) == count


def test_json_string_as_body_is_decoded() -> None:
    error = build_error(400, b'"say \\"please\\""')
    assert error.body == 'say "please"'
    assert error.reason == '400 Bad Request: say "please"'
