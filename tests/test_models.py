"""Reading is lenient and loses nothing; writing is strict and says what is wrong."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

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
from sendcloud_integrations_client.wire import Model
from tests.contract_samples import answers_of, examples, schema_of

ALL_MODELS = sorted(
    (one for name in sendcloud.models.__all__ if issubclass(one := getattr(sendcloud.models, name), Model)),
    key=lambda one: one.__name__,
)
READ_MODELS = [Integration, IntegrationLog, ShopOrderStatus, StatusMapping]

LOG: dict[str, Any] = {
    "id": 5,
    "base_url": "https://shop.example",
    "created_at": "2023-03-01T02:02:00+01:00",
    "request": {"headers": {"Authorization": "Bearer shop-secret"}, "payload": None},
    "new_field": {"deep": [1, 2]},
}


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.__name__)
@given(data=st.data())
def test_what_the_contract_allows_is_read_and_written_back_unchanged(model: type[Model], data: st.DataObject) -> None:
    answer = data.draw(answers_of(model.__name__))
    before = copy.deepcopy(answer)
    assert model.from_dict(answer).to_dict() == before
    assert answer == before


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.__name__)
@given(data=st.data())
def test_missing_and_null_fields_never_raise(model: type[Model], data: st.DataObject) -> None:
    answer = data.draw(answers_of(model.__name__))
    names = list(schema_of(model.__name__)["properties"])
    fates = data.draw(st.fixed_dictionaries({name: st.sampled_from(["keep", "drop", "null"]) for name in names}))
    for name, fate in fates.items():
        if fate == "drop":
            answer.pop(name, None)
        elif fate == "null":
            answer[name] = None
    assert model.from_dict(answer).to_dict() == answer


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.__name__)
def test_an_empty_object_is_read(model: type[Model]) -> None:
    assert model.from_dict({}).to_dict() == {}


def test_every_example_of_a_success_goes_round() -> None:
    of = {
        "list_integrations": Integration,
        "retrieve_integration": Integration,
        "list_logs": IntegrationLog,
        "list_integration_logs": IntegrationLog,
        "create_integration_log": IntegrationLog,
        "list_shop_order_statuses": ShopOrderStatus,
        "retrieve_status_mapping": StatusMapping,
    }
    seen = set()
    for name, status, value in examples():
        if status.startswith("2") and value is not None:
            records = value["data"] if isinstance(value["data"], list) else [value["data"]]
            assert [of[name].from_dict(record).to_dict() for record in records] == records
            seen.add(name)
    assert seen == set(of)


def test_every_example_of_a_request_is_allowed() -> None:
    of: dict[str, Any] = {
        "update_integration": IntegrationUpdate,
        "create_integration_log": IntegrationLogCreate,
        "replace_shop_order_statuses": ShopOrderStatusesReplace,
        "replace_status_mapping": StatusMappingReplace,
    }
    seen = set()
    for name, status, value in examples():
        if status == "request":
            model = of[name].from_dict(value)
            model.validate()
            assert model.to_dict() == value
            seen.add(name)
    assert seen == set(of)


def test_unknown_fields_are_kept_and_can_be_changed() -> None:
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


def test_an_unknown_enum_value_is_text_that_compares_equal() -> None:
    status = ShopOrderStatus.from_dict({"translations": [{"status": "Wysłane", "language": "pl-pl"}]})
    language = status.translations[0].language
    assert language == "pl-pl"
    assert hash(language) == hash("pl-pl")
    assert f"{language}" == "pl-pl"
    assert isinstance(language, Language)
    assert not language.is_known
    assert Language.EN_GB.is_known
    assert pickle.loads(pickle.dumps(language)) == "pl-pl"


def test_a_number_where_text_is_declared_is_taken_and_written_back_as_a_number() -> None:
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
def test_a_timestamp_that_is_set_is_written_with_its_offset(moment: datetime) -> None:
    log = IntegrationLog.from_dict({"id": 1, "created_at": "2023-03-01T02:02:00+01:00"})
    log.created_at = moment
    assert datetime.fromisoformat(log.to_dict()["created_at"]) == moment


def test_changes_are_written_and_the_rest_stays_as_it_came() -> None:
    log = IntegrationLog.from_dict(LOG)
    log.exception = "new"
    log.base_url = "https://other.example"
    assert log.to_dict() == {**LOG, "exception": "new", "base_url": "https://other.example"}


def test_writing_gives_a_copy() -> None:
    log = IntegrationLog.from_dict(LOG)
    log.to_dict()["request"]["headers"]["Authorization"] = "changed"
    log.to_dict()["new_field"]["deep"].append(3)
    assert log.to_dict() == LOG


def test_models_are_equal_by_value() -> None:
    one, other = IntegrationLog.from_dict(LOG), IntegrationLog.from_dict(LOG)
    assert one == other
    other.additional_properties["new_field"] = 1
    assert one != other
    assert one != Integration.from_dict({"id": 5})
    assert IntegrationLog.from_dict({"id": 1}) == IntegrationLog(id=1, base_url=None)  # type: ignore[arg-type]


def test_models_survive_pickling_and_copying() -> None:
    log = IntegrationLog.from_dict(LOG)
    assert pickle.loads(pickle.dumps(log)).to_dict() == LOG
    assert copy.deepcopy(log) == log


def test_models_have_slots() -> None:
    with pytest.raises(AttributeError):
        IntegrationLog.from_dict(LOG).exeption = "misspelt"  # type: ignore[attr-defined]


def test_the_repr_shows_no_header_and_no_body() -> None:
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
def test_what_cannot_be_read_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldMismatchError) as caught:
        IntegrationLog.from_dict({**LOG, **change})
    assert caught.value.field == field
    assert field in str(caught.value)


def test_what_cannot_be_read_in_a_list_names_its_index() -> None:
    with pytest.raises(FieldMismatchError) as caught:
        ShopOrderStatus.from_dict({"translations": [{}, {"status": {}}]})
    assert caught.value.field == "translations[1].status"


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (IntegrationUpdate(), "the body", "at least 1 field"),
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
def test_what_the_contract_forbids_is_refused_with_its_field_and_rule(body: Any, field: str, rule: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        body.validate()
    assert caught.value.field == field
    assert rule in caught.value.rule
    assert "\n" not in str(caught.value)


def test_an_item_that_is_repeated_is_refused() -> None:
    translation = StatusTranslationInput(status="Sent", language=Language.EN_GB)
    status = ShopOrderStatusInput(external_id="1", translations=[translation, translation])
    with pytest.raises(InvalidInputError, match=r"statuses\[0\]\.translations must not repeat an item"):
        ShopOrderStatusesReplace(integration_id=7, statuses=[status]).validate()


def test_a_refusal_never_shows_the_value() -> None:
    secret = "s3cret" * 50
    with pytest.raises(InvalidInputError) as caught:
        IntegrationUpdate(shop_name=secret).validate()
    assert "s3cret" not in str(caught.value)
    with pytest.raises(InvalidInputError) as caught:
        IntegrationUpdate(feedback_type=secret).validate()  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


def test_left_out_is_not_sent_and_none_is_null() -> None:
    assert IntegrationUpdate(shop_name="x", webhook_url=None).to_dict() == {"shop_name": "x", "webhook_url": None}


def test_a_mapping_of_four_categories_is_allowed() -> None:
    entries = [
        StatusMappingEntryInput(status_category=category, external_id="1") for category in sendcloud.StatusCategory
    ]
    StatusMappingReplace(integration_id=7, mapping=entries).validate()
