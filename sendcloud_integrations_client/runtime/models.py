"""Base classes of generated models: `Model`, `OpenEnum` and `UNSET`.

Decoding is lenient: null and missing fields never raise, a number in place of text becomes text, and unknown enum
values and unknown fields are kept. A value of a different kind raises `FieldMismatchError`, which names the field.

A decoded model keeps the JSON object that it was decoded from. Decoding therefore copies nothing, and `to_dict()`
returns the original data with the changes that were made to attributes.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final, Self, cast
from uuid import UUID

import attrs

__all__ = [
    "UNSET",
    "Model",
    "OpenEnum",
    "Unset",
    "encode",
    "hide_value",
    "new",
]

new: Final = object.__new__
"""Creates a model without calling `__init__`. Bound once, because generated code calls it for every record."""


class Unset(enum.Enum):
    """Type of `UNSET`, the value of an optional request field that is not sent; None is sent as null."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET


class OpenEnum(enum.StrEnum):
    """An enum of text that accepts unknown values: each is kept as text and compares equal to it.

    Example:
        >>> from sendcloud_integrations_client import Language
        >>> Language("en-gb") is Language.EN_GB
        True
        >>> Language("pl-pl") == "pl-pl", Language("pl-pl").is_known
        (True, False)
    """

    @property
    def is_known(self) -> bool:
        """Whether the OpenAPI document lists this value."""
        return self.name in type(self).__members__

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member


@attrs.define(eq=False)
class Model:
    """Base class of generated models.

    Two models are equal if they have the same class, equal attributes and equal unknown fields.
    """

    wire_names: ClassVar[Mapping[str, str]] = {}
    """Attribute name to field name in JSON."""

    _source: dict[str, Any] | None = attrs.field(default=None, init=False, repr=False)
    _unknown: dict[str, Any] | None = attrs.field(default=None, init=False, repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Decode a parsed JSON object.

        Args:
            data: The object; it is not modified.

        Returns:
            The model.

        Raises:
            FieldMismatchError: If the value of a field cannot be decoded as its declared type.
        """
        return cls.decode_object(dict(data))

    def to_dict(self) -> dict[str, Any]:
        """Return this model as a new JSON-ready object.

        Returns:
            The JSON object that the model was decoded from, unknown fields included, with all later changes.
        """
        source = self._source or {}
        original = self.decode_object(source)
        written: dict[str, Any] = encode(source)
        for attribute, name in self.wire_names.items():
            value = getattr(self, attribute)
            if value == getattr(original, attribute):
                continue
            if value is UNSET:
                written.pop(name, None)
            else:
                written[name] = encode(value)
        if self._unknown is not None:
            for name in self._find_unknown(source):
                del written[name]
            written.update(encode(self._unknown))
        return written

    def get_source(self) -> dict[str, Any]:
        """Return the JSON object that this model was decoded from, without later changes. Do not modify it.

        Returns:
            The object itself, not a copy. For a model that was not decoded, the result of `to_dict()`.
        """
        return self.to_dict() if self._source is None else self._source

    @property
    def additional_properties(self) -> dict[str, Any]:
        """Unknown fields: field name in JSON to value. Changes to this dict are written by `to_dict()`."""
        if self._unknown is None:
            self._unknown = self._find_unknown(self._source or {})
        return self._unknown

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model) or type(other) is not type(self):
            return NotImplemented
        return (
            all(getattr(self, name) == getattr(other, name) for name in self.wire_names)
            and self.additional_properties == other.additional_properties
        )

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def decode_object(cls, source: dict[str, Any]) -> Self:
        """Decode a JSON object. The model keeps the object itself, so the caller must not modify it."""
        raise NotImplementedError

    def _find_unknown(self, source: Mapping[str, Any]) -> dict[str, Any]:
        known = set(self.wire_names.values())
        return {name: value for name, value in source.items() if name not in known}


def encode(value: object) -> Any:
    """Convert a value to JSON-ready data.

    Args:
        value: A JSON value, model, enum member, date, datetime or UUID, or a mapping or sequence of them.

    Returns:
        The data, without references to mutable parts of `value`. Values of other types are returned unchanged.
    """
    if value is None or type(value) in _JSON_SCALARS:
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


def hide_value(value: object) -> str:
    """Return the repr of a field that can contain secrets or personal data: the type in place of the value."""
    return repr(value) if value is None or value is UNSET or value == "" else f"<{type(value).__name__}, not shown>"


_JSON_SCALARS: Final = frozenset({str, int, bool, float})
