"""Decoding models is lenient and keeps all data; validating them names the invalid field and the rule."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sendcloud_integrations_client as sendcloud
from sendcloud_integrations_client import (
    FieldMismatchError,
    Integration,
    IntegrationLog,
    IntegrationLogCreate,
    IntegrationUpdate,
    InvalidInputError,
    Language,
    LoggedRequest,
    ShopOrderStatus,
    ShopOrderStatusesReplace,
    ShopOrderStatusInput,
    StatusMapping,
    StatusMappingEntryInput,
    StatusMappingReplace,
    StatusTranslationInput,
)
from sendcloud_integrations_client.runtime.models import UNSET, Model, encode, hide_value
from tests.support.contract_samples import build_model_schema, list_examples, model_values

ALL_MODELS = sorted(
    (model for name in sendcloud.models.__all__ if issubclass(model := getattr(sendcloud.models, name), Model)),
    key=lambda model: model.__name__,
)

LOG: dict[str, Any] = {
    "id": 5,
    "base_url": "https://shop.example",
    "created_at": "2023-03-01T02:02:00+01:00",
    "request": {"headers": {"Authorization": "Bearer shop-secret"}, "payload": None},
    "new_field": {"deep": [1, 2]},
}


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.__name__)
@given(data=st.data())
def test_any_object_that_the_document_allows_is_decoded_and_written_back_unchanged(
    model: type[Model], data: st.DataObject
) -> None:
    source = data.draw(model_values(model.__name__))
    before = copy.deepcopy(source)
    assert model.from_dict(source).to_dict() == before
    assert source == before


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.__name__)
@given(data=st.data())
def test_missing_and_null_fields_never_raise(model: type[Model], data: st.DataObject) -> None:
    source = data.draw(model_values(model.__name__))
    names = list(build_model_schema(model.__name__)["properties"])
    changes = data.draw(st.fixed_dictionaries({name: st.sampled_from(["keep", "remove", "null"]) for name in names}))
    for name, change in changes.items():
        if change == "remove":
            source.pop(name, None)
        elif change == "null":
            source[name] = None
    assert model.from_dict(source).to_dict() == source


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.__name__)
def test_empty_object_is_decoded(model: type[Model]) -> None:
    assert model.from_dict({}).to_dict() == {}


def test_every_response_example_is_decoded_and_written_back_unchanged() -> None:
    models = {
        "list_integrations": Integration,
        "retrieve_integration": Integration,
        "list_logs": IntegrationLog,
        "list_integration_logs": IntegrationLog,
        "create_integration_log": IntegrationLog,
        "list_shop_order_statuses": ShopOrderStatus,
        "retrieve_status_mapping": StatusMapping,
    }
    seen = set()
    for name, status, value in list_examples():
        if status.startswith("2") and value is not None:
            records = value["data"] if isinstance(value["data"], list) else [value["data"]]
            assert [models[name].from_dict(record).to_dict() for record in records] == records
            seen.add(name)
    assert seen == set(models)


def test_every_request_example_is_valid() -> None:
    models: dict[str, Any] = {
        "update_integration": IntegrationUpdate,
        "create_integration_log": IntegrationLogCreate,
        "replace_shop_order_statuses": ShopOrderStatusesReplace,
        "replace_status_mapping": StatusMappingReplace,
    }
    seen = set()
    for name, status, value in list_examples():
        if status == "request":
            model = models[name].from_dict(value)
            model.validate()
            assert model.to_dict() == value
            seen.add(name)
    assert seen == set(models)


def test_unknown_fields_are_kept_and_can_be_modified() -> None:
    log = IntegrationLog.from_dict(LOG)
    assert log.additional_properties == {"new_field": {"deep": [1, 2]}}
    log.additional_properties["another"] = True
    del log.additional_properties["new_field"]
    written = log.to_dict()
    assert written["another"] is True
    assert "new_field" not in written


def test_unknown_fields_of_nested_models_are_kept() -> None:
    log = IntegrationLog.from_dict({**LOG, "request": {"headers": None, "cookies": "x"}})
    assert log.request is not None
    assert log.request.additional_properties == {"cookies": "x"}
    log.request.payload = "changed"
    assert log.to_dict()["request"] == {"headers": None, "cookies": "x", "payload": "changed"}


def test_unknown_enum_value_is_kept_and_equals_its_text() -> None:
    status = ShopOrderStatus.from_dict({"translations": [{"status": "Wysłane", "language": "pl-pl"}]})
    language = status.translations[0].language
    assert language == "pl-pl"
    assert hash(language) == hash("pl-pl")
    assert f"{language}" == "pl-pl"
    assert isinstance(language, Language)
    assert not language.is_known
    assert Language.EN_GB.is_known
    assert pickle.loads(pickle.dumps(language)) == "pl-pl"


def test_number_in_a_text_field_is_decoded_as_text_and_written_back_as_a_number() -> None:
    integration = Integration.from_dict({"id": 1, "shop_name": 4711})
    assert integration.shop_name == "4711"
    assert integration.to_dict() == {"id": 1, "shop_name": 4711}


@pytest.mark.parametrize(
    "text",
    [
        "2023-11-10T16:16:42Z",
        "2023-11-10T16:16:42+00:00",
        "2023-03-01T02:02:00+01:00",
        "2023-03-01T02:02:00.120-05:30",
        "2023-03-01T02:02:00",
    ],
)
def test_timestamps_keep_their_offset_and_their_text(text: str) -> None:
    log = IntegrationLog.from_dict({"id": 1, "created_at": text})
    assert log.created_at == datetime.fromisoformat(text)
    assert log.to_dict() == {"id": 1, "created_at": text}


@given(st.datetimes(timezones=st.timedeltas(-timedelta(hours=23), timedelta(hours=23)).map(timezone) | st.just(UTC)))
def test_assigned_timestamp_is_written_with_its_offset(timestamp: datetime) -> None:
    log = IntegrationLog.from_dict({"id": 1, "created_at": "2023-03-01T02:02:00+01:00"})
    log.created_at = timestamp
    assert datetime.fromisoformat(log.to_dict()["created_at"]) == timestamp


def test_changed_attributes_are_written_and_the_others_stay_unchanged() -> None:
    log = IntegrationLog.from_dict(LOG)
    log.exception = "new"
    log.base_url = "https://other.example"
    assert log.to_dict() == {**LOG, "exception": "new", "base_url": "https://other.example"}


def test_to_dict_returns_a_copy() -> None:
    log = IntegrationLog.from_dict(LOG)
    log.to_dict()["request"]["headers"]["Authorization"] = "changed"
    log.to_dict()["new_field"]["deep"].append(3)
    assert log.to_dict() == LOG


def test_models_are_equal_by_value() -> None:
    log, other = IntegrationLog.from_dict(LOG), IntegrationLog.from_dict(LOG)
    assert log == other
    other.additional_properties["new_field"] = 1
    assert log != other
    assert log != Integration.from_dict({"id": 5})
    assert IntegrationLog.from_dict({"id": 1}) == IntegrationLog(id=1, base_url=None)  # type: ignore[arg-type]


def test_models_can_be_pickled_and_copied() -> None:
    log = IntegrationLog.from_dict(LOG)
    assert pickle.loads(pickle.dumps(log)).to_dict() == LOG
    assert copy.deepcopy(log) == log


def test_assigning_an_unknown_attribute_raises() -> None:
    with pytest.raises(AttributeError):
        IntegrationLog.from_dict(LOG).exeption = "misspelt"  # type: ignore[attr-defined]


def test_repr_shows_no_header_and_no_body() -> None:
    shown = repr(IntegrationLog.from_dict({**LOG, "additional_data": "shop-secret"}))
    assert "shop-secret" not in shown
    assert "https://shop.example" in shown
    assert "Bearer" not in repr(LoggedRequest.from_dict(LOG["request"]))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "five"}, "id"),
        ({"id": True}, "id"),
        ({"base_url": []}, "base_url"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": 5}, "created_at"),
        ({"protected": "no"}, "protected"),
        ({"request": "GET"}, "request"),
        ({"request": {"headers": 5}}, "request.headers"),
        ({"additional_data": 5}, "additional_data"),
    ],
)
def test_decoding_error_names_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldMismatchError) as caught:
        IntegrationLog.from_dict({**LOG, **change})
    assert caught.value.field == field
    assert field in str(caught.value)


def test_decoding_error_in_a_list_names_the_index() -> None:
    with pytest.raises(FieldMismatchError) as caught:
        ShopOrderStatus.from_dict({"translations": [{}, {"status": {}}]})
    assert caught.value.field == "translations[1].status"


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (IntegrationUpdate(), "body", "at least 1 field"),
        (IntegrationUpdate(shop_name=""), "shop_name", "at least 1 character"),
        (IntegrationUpdate(shop_name="x" * 251), "shop_name", "at most 250 characters"),
        (IntegrationUpdate(shop_name=None), "shop_name", "must be text, not NoneType"),  # type: ignore[arg-type]
        (IntegrationUpdate(feedback_type="later"), "feedback_type", "eager, delayed, none"),  # type: ignore[arg-type]
        (IntegrationUpdate(service_point_carriers=["ups", 5]), "service_point_carriers[1]", "text"),  # type: ignore[list-item]
        (IntegrationLogCreate(base_url=""), "base_url", "at least 1 character"),
        (IntegrationLogCreate.from_dict({}), "base_url", "required"),
        (IntegrationLogCreate(base_url="x", response_code=-1), "response_code", "at least 0"),
        (IntegrationLogCreate.from_dict({"base_url": "x", "colour": "red"}), "colour", "not a field"),
        (IntegrationLogCreate(base_url="x", created_at=datetime(2023, 1, 1)), "created_at", "offset"),
        (StatusMappingReplace(integration_id=7, mapping=[]), "mapping", "at least 4 items"),
        (
            ShopOrderStatusesReplace(
                integration_id=7, statuses=[ShopOrderStatusInput(external_id="1", translations=[])]
            ),
            "statuses[0].translations",
            "at least 1 item",
        ),
    ],
)
def test_validation_error_names_the_field_and_the_rule(body: Any, field: str, rule: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        body.validate()
    assert caught.value.field == field
    assert rule in caught.value.rule
    assert "\n" not in str(caught.value)


def test_repeated_item_is_invalid() -> None:
    translation = StatusTranslationInput(status="Sent", language=Language.EN_GB)
    status = ShopOrderStatusInput(external_id="1", translations=[translation, translation])
    with pytest.raises(InvalidInputError, match=r"statuses\[0\]\.translations .*: must not repeat an item"):
        ShopOrderStatusesReplace(integration_id=7, statuses=[status]).validate()


def test_validation_error_does_not_show_text_values() -> None:
    secret = "s3cret" * 50
    with pytest.raises(InvalidInputError) as caught:
        IntegrationUpdate(shop_name=secret).validate()
    assert "s3cret" not in str(caught.value)
    with pytest.raises(InvalidInputError) as caught:
        IntegrationUpdate(feedback_type=secret).validate()  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


def test_unset_fields_are_omitted_and_none_is_written_as_null() -> None:
    assert IntegrationUpdate(shop_name="x", webhook_url=None).to_dict() == {"shop_name": "x", "webhook_url": None}


def test_mapping_of_four_categories_is_valid() -> None:
    entries = [
        StatusMappingEntryInput(status_category=category, external_id="1") for category in sendcloud.StatusCategory
    ]
    StatusMappingReplace(integration_id=7, mapping=entries).validate()


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (datetime(2023, 3, 1, 2, 2, tzinfo=UTC), "2023-03-01T02:02:00Z"),
        (datetime(2023, 3, 1, 2, 2, 0, 5, tzinfo=UTC), "2023-03-01T02:02:00.000005Z"),
        (datetime(2023, 3, 1, 2, 2, tzinfo=timezone(timedelta(0), "GMT")), "2023-03-01T02:02:00+00:00"),
        (datetime(2023, 3, 1, 2, 2, tzinfo=timezone(timedelta(hours=-5))), "2023-03-01T02:02:00-05:00"),
        (datetime(2023, 3, 1, 2, 2), "2023-03-01T02:02:00"),
        (date(2023, 3, 1), "2023-03-01"),
        (UUID("12345678-1234-5678-1234-567812345678"), "12345678-1234-5678-1234-567812345678"),
        (Language.EN_GB, "en-gb"),
        ({Language.EN_GB: (1, None)}, {"en-gb": [1, None]}),
        (frozenset({1}), [1]),
        ({2}, [2]),
        ([UNSET], ["UNSET"]),
        (b"x", b"x"),
    ],
)
def test_value_is_encoded_as_json_ready_data(value: object, encoded: object) -> None:
    assert encode(value) == encoded
    assert type(encode(value)) is type(encoded)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "None"), (UNSET, "UNSET"), ("", "''"), ("secret", "<str, not shown>"), ({}, "<dict, not shown>")],
)
def test_hidden_value_shows_its_type_unless_it_is_empty(value: object, shown: str) -> None:
    assert hide_value(value) == shown


def test_unset_is_false() -> None:
    assert not UNSET


def test_attribute_that_is_set_to_unset_is_removed() -> None:
    update = IntegrationUpdate.from_dict({"shop_name": "x", "webhook_url": "y"})
    update.shop_name = UNSET
    assert update.to_dict() == {"webhook_url": "y"}


def test_source_is_the_decoded_object_or_what_would_be_written() -> None:
    source = {"id": 5, "new_field": 1}
    log = IntegrationLog.decode_object(source)
    log.id = 6
    assert log.get_source() is source
    assert IntegrationUpdate(shop_name="x").get_source() == {"shop_name": "x"}
