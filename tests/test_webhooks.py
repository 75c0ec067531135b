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

from sendcloud_integrations_client import WebhookAction, WebhookError, WebhookEvent, parse_webhook, verify_webhook
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
