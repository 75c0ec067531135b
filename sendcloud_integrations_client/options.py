"""Checks of the types and ranges of options. No message shows a value other than a number."""

from __future__ import annotations

from collections.abc import Callable

from sendcloud_integrations_client.errors import ConfigurationError

__all__ = ["validate_flag", "validate_integer", "validate_number", "validate_type"]


def validate_type(name: str, value: object, kind: type, rule: str) -> None:
    """Check the type of an option.

    Args:
        name: Name of the option.
        value: The value.
        kind: Type of valid values.
        rule: What is valid, such as `must be callable or None`.

    Raises:
        ConfigurationError: If the value has another type.
    """
    if not isinstance(value, kind):
        raise ConfigurationError(f"Invalid {name}: {rule}, not {type(value).__name__}.")


def validate_flag(name: str, value: object) -> None:
    """Check that an option is True or False.

    Raises:
        ConfigurationError: If it is not.
    """
    validate_type(name, value, bool, "must be True or False")


def validate_integer(name: str, value: object, *, minimum: int = 1) -> None:
    """Check that an option is an integer.

    Args:
        name: Name of the option.
        value: The value.
        minimum: Minimum. Defaults to 1.

    Raises:
        ConfigurationError: If it has another type, or is less than the minimum.
    """
    rule = f"must be an integer of at least {minimum}"
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigurationError(f"Invalid {name}: {rule}, not {type(value).__name__}.")
    if value < minimum:
        raise ConfigurationError(f"Invalid {name}: {rule}, got {value}.")


def validate_number(name: str, value: object, rule: str, is_valid: Callable[[float], bool]) -> None:
    """Check that an option is a number in a range.

    Args:
        name: Name of the option.
        value: The value.
        rule: What is valid, such as `must be a number of seconds greater than 0`.
        is_valid: Whether a number is in the range. NaN must not be.

    Raises:
        ConfigurationError: If it has another type, or is out of range.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ConfigurationError(f"Invalid {name}: {rule}, not {type(value).__name__}.")
    if not is_valid(value):
        raise ConfigurationError(f"Invalid {name}: {rule}, got {value}.")
