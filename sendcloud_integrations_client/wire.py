"""What generated models are made of: the unset mark, open enums, lenient reading, lossless writing.

Reading takes what comes: a null or a missing field never raises, a number where text is declared becomes text, an
unknown enum value stays text, unknown fields are kept. Only a value that cannot be what the contract says (text where
an object is declared, a timestamp that is none) raises `FieldMismatchError`, which names the field.

A model that was read holds on to the JSON object it came from. So reading copies nothing, and `to_dict()` gives back
exactly what came, except where an attribute was changed.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final, NoReturn, Self, TypeVar, cast
from uuid import UUID

import attrs

__all__ = [
    "UNSET",
    "FieldMismatchError",
    "Model",
    "OpenEnum",
    "Unset",
    "encode",
    "from_iso",
    "hidden",
    "mismatch",
    "new",
    "read_boolean",
    "read_date",
    "read_datetime",
    "read_enum",
    "read_given_list",
    "read_integer",
    "read_list",
    "read_model",
    "read_number",
    "read_object",
    "read_text",
    "read_union",
    "read_uuid",
    "source_of",
]

# Bound once: generated code calls them for every record.
new: Final = object.__new__
from_iso: Final = datetime.fromisoformat

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound="Model")


class Unset(enum.Enum):
    """The type of `UNSET`: an optional field of a request that is left out, as against one that is null."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET


class OpenEnum(enum.StrEnum):
    """Text with known values. A value that the contract does not list is kept as text and compares equal to it.

    Example:
        >>> from sendcloud_integrations_client import Language
        >>> Language("en-gb") is Language.EN_GB
        True
        >>> Language("pl-pl") == "pl-pl", Language("pl-pl").is_known
        (True, False)
    """

    @property
    def is_known(self) -> bool:
        """Whether the contract lists this value."""
        return self._name_ in type(self)._member_map_

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member


class FieldMismatchError(ValueError):
    """A value that cannot be read as what the contract declares for its field.

    Attributes:
        field: Where the value stands, such as `response.headers`.
        expected: What the contract declares, such as `an integer`.
        got: Name of the type that came.
    """

    def __init__(self, field: str, expected: str, got: str) -> None:
        super().__init__(field, expected, got)
        self.field = field
        self.expected = expected
        self.got = got

    def within(self, outer: str) -> FieldMismatchError:
        """This error as seen from the record that holds `field` under the name `outer`."""
        field = f"{outer}.{self.field}" if self.field and not self.field.startswith("[") else outer + self.field
        return FieldMismatchError(field, self.expected, self.got)

    def __str__(self) -> str:
        return f"{self.field or 'the record'} should be {self.expected}, and is {self.got}"


@attrs.define(eq=False)
class Model:
    """Base of every generated model.

    Two models are equal when they are of one class, their attributes are equal, and so are their unknown fields.
    """

    __wire_names__: ClassVar[Mapping[str, str]] = {}
    """Attribute name to name on the wire."""

    _source: dict[str, Any] | None = attrs.field(default=None, init=False, repr=False)
    _unknown: dict[str, Any] | None = attrs.field(default=None, init=False, repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a JSON object that was parsed already.

        Args:
            data: The object; it is not changed.

        Raises:
            FieldMismatchError: A field holds what cannot be read as its declared type.
        """
        return cls.__read__(dict(data))

    def to_dict(self) -> dict[str, Any]:
        """This model as a new JSON-ready object: what was read comes back as it came, changes included."""
        source = self._source or {}
        original = self.__read__(source)
        written: dict[str, Any] = encode(source)
        for attribute, name in self.__wire_names__.items():
            value = getattr(self, attribute)
            if value == getattr(original, attribute):
                continue
            if value is UNSET:
                written.pop(name, None)
            else:
                written[name] = encode(value)
        if self._unknown is not None:
            for name in self._unknown_in(source):
                del written[name]
            written.update(encode(self._unknown))
        return written

    @property
    def additional_properties(self) -> dict[str, Any]:
        """Fields that the contract does not know, by their name on the wire; change it to change what is written."""
        if self._unknown is None:
            self._unknown = self._unknown_in(self._source or {})
        return self._unknown

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model) or type(other) is not type(self):
            return NotImplemented
        return (
            all(getattr(self, name) == getattr(other, name) for name in self.__wire_names__)
            and self.additional_properties == other.additional_properties
        )

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def __read__(cls, source: dict[str, Any]) -> Self:
        """Read `source`, which the new model keeps."""
        raise NotImplementedError

    @classmethod
    def _unknown_in(cls, source: Mapping[str, Any]) -> dict[str, Any]:
        known = set(cls.__wire_names__.values())
        return {name: value for name, value in source.items() if name not in known}


def encode(value: object) -> Any:
    """`value` as JSON-ready data, built anew: models, enums, dates, UUIDs, mappings and sequences of them."""
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        text = value.isoformat()
        return f"{text[:-6]}Z" if value.tzinfo is UTC else text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {encode(name): encode(item) for name, item in cast(Mapping[object, object], value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode(item) for item in cast(Iterable[object], value)]
    return value


def source_of(model: Model) -> dict[str, Any]:
    """The JSON object that a model was read from: itself, so it is not to be changed, and without later changes."""
    source = model._source  # pyright: ignore[reportPrivateUsage]
    return model.to_dict() if source is None else source


def hidden(value: object) -> str:
    """What the repr of a model shows of a field that may hold secrets or personal data."""
    return repr(value) if value is None or value is UNSET or value == "" else f"<{type(value).__name__}, not shown>"


def mismatch(value: object, at: str, expected: str) -> NoReturn:
    """Raise for a `value` at `at` that is not what is `expected`."""
    got = "null" if value is None else _JSON_NAMES.get(type(value), type(value).__name__)
    raise FieldMismatchError(at, expected, got)


def read_text(value: object, at: str) -> Any:
    """Text; a number becomes its text."""
    if value is None or value is UNSET or isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return mismatch(value, at, "text")


def read_integer(value: object, at: str) -> Any:
    """A whole number; 7.0 is one."""
    if value is None or value is UNSET or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return mismatch(value, at, "an integer")


def read_number(value: object, at: str) -> Any:
    """A number."""
    if value is None or value is UNSET or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    return mismatch(value, at, "a number")


def read_boolean(value: object, at: str) -> Any:
    """True or false."""
    return value if value is None or value is UNSET or isinstance(value, bool) else mismatch(value, at, "true or false")


def read_object(value: Any, at: str) -> Any:
    """A JSON object of free form."""
    return value if value is None or value is UNSET or value.__class__ is dict else mismatch(value, at, "an object")


def read_datetime(value: object, at: str) -> Any:
    """A timestamp, its offset kept; naive where the text has none."""
    try:
        return from_iso(value)  # type: ignore[arg-type]  # anything else is a TypeError
    except (TypeError, ValueError):
        return _read_iso(value, at, from_iso, "a timestamp (ISO 8601)")


def read_date(value: object, at: str) -> Any:
    """A date."""
    return _read_iso(value, at, date.fromisoformat, "a date (ISO 8601)")


def read_uuid(value: object, at: str) -> Any:
    """A UUID."""
    return _read_iso(value, at, UUID, "a UUID")


def read_enum(value: object, at: str, values: type[OpenEnum]) -> Any:
    """A value of `values`; one that the contract does not list is kept as text."""
    return value if value is None or value is UNSET else values(read_text(value, at))


def read_union(value: object, at: str, types: tuple[type, ...], expected: str) -> Any:
    """A value of one of several JSON types."""
    return value if value is None or value is UNSET or type(value) in types else mismatch(value, at, expected)


def read_list(value: Any, at: str, read: Callable[[Any, str], T]) -> list[T]:
    """A list, each item by `read`; null or missing is an empty list."""
    if value is None:
        return []
    if value.__class__ is not list:
        return mismatch(value, at, "a list")
    return [read(item, f"{at}[{index}]") for index, item in enumerate(value)]


def read_given_list(value: object, at: str, read: Callable[[Any, str], Any]) -> Any:
    """A list of a model that is sent, where null and missing are not the same as empty."""
    return value if value is None or value is UNSET else read_list(value, at, read)


def read_model(value: Any, at: str, model: type[ModelT]) -> Any:
    """A model, or None where there is none."""
    if value is None or value is UNSET:
        return value
    if value.__class__ is not dict:
        return mismatch(value, at, "an object")
    try:
        return model.__read__(value)
    except FieldMismatchError as fault:
        raise fault.within(at) from None


_PLAIN: Final = frozenset({str, int, bool, float})
_JSON_NAMES: Final[Mapping[type, str]] = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "an integer",
    float: "a number",
}


def _read_iso(value: object, at: str, parse: Callable[[str], T], expected: str) -> T | Any:
    if value is None or value is UNSET:
        return value
    if not isinstance(value, str):
        return mismatch(value, at, expected)
    try:
        return parse(value)
    except ValueError:
        raise FieldMismatchError(at, expected, "text that is none") from None
