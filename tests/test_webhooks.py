"""Webhooks require a valid signature, and events keep all data of the body."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import (
    ConfigurationError,
    WebhookAction,
    WebhookError,
    WebhookEvent,
    WebhookIntegration,
    parse_webhook,
    verify_webhook,
)
from tests.support.contract_samples import json_values

EVENT: dict[str, Any] = {
    "action": "integration_connected",
    "timestamp": 1525271885993,
    "integration": {
        "id": 1,
        "shop_name": "Shop",
        "system": "api",
        "failing_since": "2019-02-03T06:48:07",
        "last_fetch": "",
        "service_point_carriers": None,
        "webhook_active": True,
        "colour": "blue",
    },
    "carrier": {"name": "ups"},
}


def sign(body: bytes, secret: str = "key") -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def sign_and_parse(content: Any) -> WebhookEvent:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return parse_webhook(body, signature=sign(body), secret="key")


def test_known_signature_is_valid() -> None:
    known = "1eed4b3d41f4653ac64fd56f1bf1cbfd349e4482cbc11dff7134bd93e5da4b0a"
    assert verify_webhook(b'{"key": "value"}', known, "secretkey")
    assert verify_webhook(b'{"key": "value"}', f" {known.upper()} ", "secretkey")
    assert not verify_webhook(b'{"key":"value"}', known, "secretkey")
    assert not verify_webhook(b'{"key": "value"}', known, "other")


@pytest.mark.parametrize("signature", [None, "", "ä", "0" * 64, "0" * 63, "\udcff"])
def test_missing_or_malformed_signature_is_invalid(signature: str | None) -> None:
    assert not verify_webhook(b"{}", signature, "key")


@given(st.binary(), st.text(min_size=1, max_size=9), st.integers(0, 63))
def test_signature_with_one_changed_character_is_invalid(body: bytes, secret: str, index: int) -> None:
    valid = sign(body, secret)
    assert verify_webhook(body, valid, secret)
    changed = valid[:index] + ("0" if valid[index] != "0" else "1") + valid[index + 1 :]
    assert not verify_webhook(body, changed, secret)


def test_parsed_body_and_empty_secret_raise() -> None:
    with pytest.raises(TypeError, match="raw body as bytes, not dict"):
        verify_webhook({}, "x", "key")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="empty"):
        verify_webhook(b"", "x", "")


def test_event_has_typed_attributes() -> None:
    event = sign_and_parse(EVENT)
    assert event.action is WebhookAction.INTEGRATION_CONNECTED
    assert event.sent_at == datetime(2018, 5, 2, 14, 38, 5, 993000, tzinfo=UTC)
    assert event.integration is not None
    assert (event.integration.id, event.integration.shop_name, event.integration.system) == (1, "Shop", "api")
    assert event.integration.failing_since == datetime(2019, 2, 3, 6, 48, 7)
    assert event.integration.last_fetch is None
    assert event.integration.service_point_carriers == []


def test_unknown_action_and_unknown_fields_are_kept() -> None:
    event = sign_and_parse({**EVENT, "action": "integration_paused"})
    assert event.action == "integration_paused"
    assert event.additional_properties == {"carrier": {"name": "ups"}}
    assert event.integration is not None
    assert event.integration.additional_properties == {"colour": "blue"}
    assert event.to_dict() == {**EVENT, "action": "integration_paused"}


def test_parcel_event_is_parsed() -> None:
    event = sign_and_parse({"action": "parcel_status_changed", "timestamp": 1, "parcel": {"id": 5}})
    assert event.action is WebhookAction.PARCEL_STATUS_CHANGED
    assert event.additional_properties["parcel"] == {"id": 5}


def test_wrong_signature_raises_before_the_body_is_decoded() -> None:
    with pytest.raises(WebhookError, match="wrong signature"):
        parse_webhook(b"no json at all", signature="0" * 64, secret="key")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b'"x"', {"timestamp": "x"}, {"timestamp": 10**17}, {"integration": 5}]
)
def test_signed_body_that_is_not_an_event_raises(content: Any) -> None:
    with pytest.raises(WebhookError, match=r"^Webhook rejected: "):
        sign_and_parse(content)


@given(json_values())
def test_any_json_is_parsed_or_raises_webhook_error(value: Any) -> None:
    try:
        event = sign_and_parse(value)
    except WebhookError:
        return
    assert event.to_dict() == value


@pytest.mark.parametrize(
    ("timestamp", "sent_at"),
    [
        (None, None),
        ("", None),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (1.5, datetime(1970, 1, 1, 0, 0, 0, 1500, tzinfo=UTC)),
        ("1525271885993", datetime(2018, 5, 2, 14, 38, 5, 993000, tzinfo=UTC)),
        ("2018-05-02T14:38:05+02:00", datetime(2018, 5, 2, 12, 38, 5, tzinfo=UTC)),
        ("2018-05-02T14:38:05", datetime(2018, 5, 2, 14, 38, 5, tzinfo=UTC)),
    ],
)
def test_timestamp_is_milliseconds_or_iso_8601(timestamp: object, sent_at: datetime | None) -> None:
    found = sign_and_parse({"timestamp": timestamp}).sent_at
    assert found == sent_at
    assert found is None or found.utcoffset() is not None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"timestamp": True}, "the body.timestamp must be milliseconds since 1970, not true or false."),
        ({"timestamp": []}, "the body.timestamp must be milliseconds since 1970, not a list."),
        ({"timestamp": 10**17}, "the body.timestamp must be milliseconds since 1970, not a number out of range."),
        ({"timestamp": "nan"}, "the body.timestamp must be milliseconds since 1970, not a number out of range."),
        ({"timestamp": "soon"}, "the body.timestamp must be a timestamp (ISO 8601), not other text."),
        ({"integration": {"id": "x"}}, "the body.integration.id must be an integer, not text."),
        (
            {"integration": {"webhook_active": 1}},
            "the body.integration.webhook_active must be true or false, not an integer.",
        ),
        ([], "the body must be an object, not a list."),
        (b"null", "the body is null."),
        (b"{", "the body is not JSON."),
    ],
)
def test_error_about_a_webhook_names_the_problem(content: Any, message: str) -> None:
    with pytest.raises(WebhookError) as caught:
        sign_and_parse(content)
    assert str(caught.value) == f"Webhook rejected: {message}"


def test_error_about_a_wrong_signature_says_what_to_check() -> None:
    with pytest.raises(WebhookError) as caught:
        parse_webhook(b"{}", signature=sign(b"{ }"), secret="key")
    assert str(caught.value) == "Webhook rejected: wrong signature. Check the signing key, and ignore the content."


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (b"key", "Invalid secret: must be str, not bytes."),
        ("", "Invalid secret: must not be empty."),
        ("\udcff", "Invalid secret: must not contain lone surrogates."),
    ],
)
def test_unusable_secret_is_a_configuration_error(secret: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        verify_webhook(b"{}", "x", secret)
    assert str(caught.value) == message


def test_signature_that_is_not_text_is_rejected() -> None:
    with pytest.raises(WebhookError, match=r"^Webhook rejected: the signature must be str, not bytes\.$"):
        verify_webhook(b"{}", b"x", "key")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_body_can_be_any_kind_of_bytes(kind: Any) -> None:
    assert verify_webhook(kind(b"{}"), sign(b"{}"), "key")
    assert parse_webhook(kind(b"{}"), signature=sign(b"{}"), secret="key").action is None


def test_every_field_of_the_integration_is_decoded() -> None:
    texts = {name: f"text of {name}" for name in ("shop_name", "shop_url", "system", "webhook_url")}
    times = dict.fromkeys(("failing_since", "last_fetch", "last_updated_at"), "2019-02-03T06:48:07")
    flags = {"service_point_enabled": False, "webhook_active": True}
    source = {"id": 7, "service_point_carriers": ["ups"], **texts, **times, **flags}
    integration = sign_and_parse({"integration": source}).integration
    assert integration is not None
    expected = source | dict.fromkeys(times, datetime(2019, 2, 3, 6, 48, 7))
    assert {name: getattr(integration, name) for name in integration.wire_names} == expected
    assert integration.additional_properties == {}


@pytest.mark.parametrize("model", [WebhookEvent, WebhookIntegration])
def test_events_are_equal_if_known_and_unknown_fields_are_equal(model: type[WebhookEvent | WebhookIntegration]) -> None:
    assert model.from_dict({"x": 1}) == model.from_dict({"x": 1})
    assert model.from_dict({"x": 1}) != model.from_dict({"x": 2})
    assert model.from_dict({}) == model()
    with pytest.raises(TypeError, match="positional"):
        model(None)  # type: ignore[call-arg, misc]
