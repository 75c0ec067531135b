"""Readers of JSON values accept null and missing values, and raise `FieldMismatchError` for values of another type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from sendcloud_integrations_client import UNSET, FieldMismatchError, Integration, IntegrationLog, Language
from sendcloud_integrations_client.runtime import readers

OPTIONS: Any = (
    ((int,), readers.read_integer),
    ((str,), readers.read_date),
    ((str, dict), readers.read_uuid),
)
READERS: dict[str, Callable[[Any, str], Any]] = {
    "boolean": readers.read_boolean,
    "date": readers.read_date,
    "datetime": readers.read_datetime,
    "enum": lambda value, field: readers.read_enum(value, field, Language),
    "any of": lambda value, field: readers.read_any_of(value, field, OPTIONS, "an integer, a date or a UUID"),
    "integer": readers.read_integer,
    "map": lambda value, field: readers.read_map(value, field, readers.read_integer),
    "model": lambda value, field: readers.read_model(value, field, Integration),
    "number": readers.read_number,
    "object": readers.read_object,
    "optional list": lambda value, field: readers.read_optional_list(value, field, readers.read_integer),
    "text": readers.read_text,
    "union": lambda value, field: readers.read_union(value, field, (dict, str), "an object or text"),
    "uuid": readers.read_uuid,
}


@pytest.mark.parametrize("name", READERS)
def test_null_and_missing_values_are_kept(name: str) -> None:
    assert READERS[name](None, "field") is None
    assert READERS[name](UNSET, "field") is UNSET


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("any of", 7, 7),
        ("any of", "2023-03-01", date(2023, 3, 1)),
        ("any of", "12345678123456781234567812345678", UUID("12345678-1234-5678-1234-567812345678")),
        ("boolean", False, False),
        ("map", {"a": 1, "b": 2.0}, {"a": 1, "b": 2}),
        ("map", {}, {}),
        ("date", "2023-03-01", date(2023, 3, 1)),
        ("datetime", "2023-03-01t02:02:00z", datetime(2023, 3, 1, 2, 2, tzinfo=UTC)),  # RFC 3339 allows it
        ("enum", "en-gb", Language.EN_GB),
        ("enum", 7, "7"),
        ("integer", 7, 7),
        ("integer", 7.0, 7),
        ("number", 7, 7),
        ("number", 7.5, 7.5),
        ("object", {"a": 1}, {"a": 1}),
        ("optional list", [1, 2.0], [1, 2]),
        ("text", "a", "a"),
        ("text", 7, "7"),
        ("text", 7.5, "7.5"),
        ("union", "a", "a"),
        ("union", {}, {}),
        ("uuid", "12345678123456781234567812345678", UUID("12345678-1234-5678-1234-567812345678")),
    ],
)
def test_value_is_read(name: str, value: object, expected: object) -> None:
    read = READERS[name](value, "field")
    assert read == expected
    assert isinstance(read, type(expected))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("any of", "soon", "field must be a UUID, not other text"),
        ("any of", {}, "field must be a UUID, not an object"),
        ("any of", True, "field must be an integer, a date or a UUID, not true or false"),
        ("boolean", 1, "field must be true or false, not an integer"),
        ("map", [], "field must be an object, not a list"),
        ("map", {"a": "1"}, "field.a must be an integer, not text"),
        ("model", {"id": "x"}, "field.id must be an integer, not text"),
        ("date", 7, "field must be a date (ISO 8601), not an integer"),
        ("date", "soon", "field must be a date (ISO 8601), not other text"),
        ("datetime", "soon", "field must be a timestamp (ISO 8601), not other text"),
        ("enum", True, "field must be text, not true or false"),
        ("integer", 7.5, "field must be an integer, not a number"),
        ("integer", True, "field must be an integer, not true or false"),
        ("integer", "7", "field must be an integer, not text"),
        ("model", [], "field must be an object, not a list"),
        ("number", True, "field must be a number, not true or false"),
        ("number", "7", "field must be a number, not text"),
        ("object", [], "field must be an object, not a list"),
        ("optional list", {}, "field must be a list, not an object"),
        ("optional list", [1, "2"], "field[1] must be an integer, not text"),
        ("text", True, "field must be text, not true or false"),
        ("text", {}, "field must be text, not an object"),
        ("union", 7, "field must be an object or text, not an integer"),
        ("uuid", "soon", "field must be a UUID, not other text"),
    ],
)
def test_value_of_another_type_raises(name: str, value: object, message: str) -> None:
    with pytest.raises(FieldMismatchError) as caught:
        READERS[name](value, "field")
    assert str(caught.value) == message


def test_null_becomes_an_empty_list() -> None:
    assert readers.read_list(None, "field", readers.read_text) == []


def test_type_of_a_value_in_an_error_has_its_name_in_json() -> None:
    for value, name in ((None, "null"), (1, "an integer"), (1.5, "a number"), (b"", "bytes")):
        with pytest.raises(FieldMismatchError, match=f"^field must be text, not {name}$"):
            readers.raise_mismatch(value, "field", "text")


KNOWN = readers.Variant(Integration, required=("id",), constants={"system": ("api", "custom")})
LOG = readers.Variant(IntegrationLog, required=("id", "base_url"), constants={})


@pytest.mark.parametrize(
    ("value", "model"),
    [
        ({"system": "custom", "id": 1, "shop_name": "x"}, Integration),  # both fit; this one has all required fields
        ({"system": "api", "id": 1, "base_url": "x", "exception": "y"}, IntegrationLog),  # it knows more fields
        ({"system": "other", "id": 1, "shop_name": "x"}, IntegrationLog),  # the only one that fits
        ({"id": 1, "shop_name": "x", "shop_url": "x"}, IntegrationLog),
    ],
)
def test_object_of_a_union_is_read_as_the_model_that_fits_best(value: dict[str, Any], model: type) -> None:
    assert type(readers.read_variant(value, "field", (KNOWN, LOG))) is model
    assert type(readers.read_variant(value, "field", (LOG, KNOWN))) is model


def test_object_that_fits_no_model_of_a_union_stays_plain_data() -> None:
    value = {"system": "other"}
    assert readers.read_variant(value, "field", (KNOWN,)) is value
