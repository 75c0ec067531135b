"""Lenient readers of JSON values, one per kind of field; generated models call them.

A null or missing value never raises, a number in place of text becomes text, and an enum value that the document does
not list stays text. A value of a different kind raises `FieldMismatchError`, which names the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

import attrs

from sendcloud_integrations_client.errors import FieldMismatchError
from sendcloud_integrations_client.runtime.models import UNSET, Model, OpenEnum

__all__ = [
    "Variant",
    "from_iso",
    "raise_mismatch",
    "read_any_of",
    "read_boolean",
    "read_date",
    "read_datetime",
    "read_enum",
    "read_integer",
    "read_list",
    "read_map",
    "read_model",
    "read_number",
    "read_object",
    "read_optional_list",
    "read_text",
    "read_union",
    "read_uuid",
    "read_variant",
]

from_iso: Final = datetime.fromisoformat
"""Parses an ISO 8601 timestamp. Bound once, because generated code calls it for every record."""

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=Model)


def raise_mismatch(value: object, field: str, expected: str) -> NoReturn:
    """Raise an error for a value of the wrong type.

    Args:
        value: The value; the error shows its type only.
        field: Path of the field.
        expected: The declared type, such as `an integer`.

    Raises:
        FieldMismatchError: Always.
    """
    got = "null" if value is None else _JSON_NAMES.get(type(value), type(value).__name__)
    raise FieldMismatchError(field, expected, got)


def read_text(value: object, field: str) -> Any:
    """Read text; a number is converted to text."""
    if value is None or value is UNSET or isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return raise_mismatch(value, field, "text")


def read_integer(value: object, field: str) -> Any:
    """Read an integer; a float without fractional part is converted."""
    if value is None or value is UNSET or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return raise_mismatch(value, field, "an integer")


def read_number(value: object, field: str) -> Any:
    """Read an integer or a float."""
    if value is None or value is UNSET or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    return raise_mismatch(value, field, "a number")


def read_boolean(value: object, field: str) -> Any:
    """Read a boolean."""
    return (
        value
        if value is None or value is UNSET or isinstance(value, bool)
        else raise_mismatch(value, field, "true or false")
    )


def read_object(value: Any, field: str) -> Any:
    """Read a JSON object with any fields."""
    return (
        value
        if value is None or value is UNSET or value.__class__ is dict
        else raise_mismatch(value, field, "an object")
    )


def read_datetime(value: object, field: str) -> Any:
    """Read a timestamp (ISO 8601). The datetime has the offset of the text; without an offset it is naive."""
    try:
        return from_iso(value)  # type: ignore[arg-type]  # a value of another type raises TypeError
    except (TypeError, ValueError):
        # RFC 3339 allows a lower-case `t` and `z`, which Python does not read.
        return _read_iso(value, field, lambda text: from_iso(text.upper()), "a timestamp (ISO 8601)")


def read_date(value: object, field: str) -> Any:
    """Read a date (ISO 8601)."""
    return _read_iso(value, field, date.fromisoformat, "a date (ISO 8601)")


def read_uuid(value: object, field: str) -> Any:
    """Read a UUID."""
    return _read_iso(value, field, UUID, "a UUID")


def read_enum(value: object, field: str, values: type[OpenEnum]) -> Any:
    """Read a member of an enum; a value that the enum does not list is kept as text."""
    return value if value is None or value is UNSET else values(read_text(value, field))


def read_union(value: object, field: str, types: tuple[type, ...], expected: str) -> Any:
    """Read a value that has one of several JSON types."""
    return value if value is None or value is UNSET or type(value) in types else raise_mismatch(value, field, expected)


def read_list(value: Any, field: str, read: Callable[[Any, str], T]) -> list[T]:
    """Read a list, each item with `read`; null and missing become an empty list."""
    if value is None:
        return []
    if value.__class__ is not list:
        return raise_mismatch(value, field, "a list")
    return [read(item, f"{field}[{index}]") for index, item in enumerate(value)]


def read_optional_list(value: object, field: str, read: Callable[[Any, str], Any]) -> Any:
    """Read a list of a request model, in which null, missing and empty are different."""
    return value if value is None or value is UNSET else read_list(value, field, read)


def read_map(value: Any, field: str, read: Callable[[Any, str], T]) -> Any:
    """Read a JSON object whose fields have any names and one type, each value with `read`; null stays None."""
    if value is None or value is UNSET:
        return value
    if value.__class__ is not dict:
        return raise_mismatch(value, field, "an object")
    return {name: read(item, f"{field}.{name}") for name, item in value.items()}


def read_any_of(
    value: object, field: str, options: tuple[tuple[tuple[type, ...], Callable[[Any, str], Any]], ...], expected: str
) -> Any:
    """Read a value that has one of several types: the first option that can read it.

    Args:
        value: The JSON value; null stays None.
        field: Path of the field.
        options: Classes of JSON values, and the function that reads such a value.
        expected: Description of the types.

    Raises:
        FieldMismatchError: If no option can read the value.
    """
    if value is None or value is UNSET:
        return value
    mismatch: FieldMismatchError | None = None
    for types, read in options:
        if type(value) in types:
            try:
                return read(value, field)
            except FieldMismatchError as error:
                mismatch = error
    if mismatch is not None:
        raise mismatch
    return raise_mismatch(value, field, expected)


@attrs.frozen
class Variant:
    """One model of a union of models.

    Attributes:
        model: The model.
        required: Names in JSON of its required fields.
        constants: Name in JSON to the values that a field of this model can have.
    """

    model: type[Model]
    required: tuple[str, ...]
    constants: Mapping[str, tuple[Any, ...]]

    def matches(self, value: Mapping[str, Any]) -> bool:
        """Return whether the fields that identify this model have its values."""
        return all(name in value and value[name] in values for name, values in self.constants.items())

    def rate(self, value: Mapping[str, Any]) -> tuple[bool, int]:
        """Return how well an object fits: whether all required fields exist, and how many fields are known."""
        known = self.model.wire_names.values()
        return all(name in value for name in self.required), sum(name in value for name in known)


def read_variant(value: Any, field: str, variants: tuple[Variant, ...]) -> Any:
    """Read an object as the model of a union that fits it best; an object that no model fits stays plain data.

    A model fits if the fields that identify it have its values: the discriminator, and fields with one known value. Of
    several, the one whose required fields exist and that knows the most fields is used.
    """
    matching = [variant for variant in variants if variant.matches(value)]
    if not matching:
        return value
    return read_model(value, field, max(matching, key=lambda variant: variant.rate(value)).model)


def read_model(value: Any, field: str, model: type[ModelT]) -> Any:
    """Read a nested model; null stays None."""
    if value is None or value is UNSET:
        return value
    if value.__class__ is not dict:
        return raise_mismatch(value, field, "an object")
    try:
        return model.decode_object(value)
    except FieldMismatchError as error:
        raise error.with_prefix(field) from None


_JSON_NAMES: Final[Mapping[type, str]] = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "an integer",
    float: "a number",
}


def _read_iso(value: object, field: str, parse: Callable[[str], T], expected: str) -> T | Any:
    if value is None or value is UNSET:
        return value
    if not isinstance(value, str):
        return raise_mismatch(value, field, expected)
    try:
        return parse(value)
    except ValueError:
        raise FieldMismatchError(field, expected, "other text") from None
