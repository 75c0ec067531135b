"""Request bodies, read from a JSON file or from stdin."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import orjson

from sendcloud_integrations_client.cli.terminal.error_messages import describe_rule
from sendcloud_integrations_client.cli.terminal.errors import InputError
from sendcloud_integrations_client.cli.terminal.secrets import quote_value
from sendcloud_integrations_client.errors import FieldMismatchError, InvalidInputError
from sendcloud_integrations_client.runtime.models import Model
from sendcloud_integrations_client.runtime.validation import Rule

__all__ = ["build_model", "describe_fields", "is_stdin", "read_json", "read_json_object"]

M = TypeVar("M", bound=Model)

_STDIN: Final = Path("-")


def is_stdin(path: Path | None) -> bool:
    """Return whether `path` is `-`, which means stdin."""
    return path == _STDIN


def read_json(path: Path) -> Any:
    """Read a JSON value from a file or from stdin.

    Args:
        path: Path of the file, or `-` for stdin.

    Returns:
        The decoded value.

    Raises:
        InputError: If the content is not valid JSON.
        OSError: If the file cannot be read.
    """
    content = sys.stdin.buffer.read() if is_stdin(path) else path.read_bytes()
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"Invalid input in {_describe(path)}: not valid JSON at line {error.lineno}, column {error.colno}."
        ) from None


def read_json_object(path: Path | None) -> dict[str, Any]:
    """Read a JSON object from a file or from stdin.

    Args:
        path: Path of the file, or `-` for stdin. None returns an empty object.

    Returns:
        The decoded object.

    Raises:
        InputError: If the content is not a JSON object.
        OSError: If the file cannot be read.
    """
    if path is None:
        return {}
    body = read_json(path)
    if body.__class__ is not dict:
        raise InputError(f"Invalid input in {_describe(path)}: must be a JSON object.")
    return body


def _describe(path: Path) -> str:
    return "stdin" if is_stdin(path) else str(path)


def build_model(model: type[M], body: Mapping[str, Any]) -> M:
    """Build the model of a request body.

    Args:
        model: Class of the model.
        body: Fields of the request body.

    Returns:
        The model.

    Raises:
        InputError: If a field is unknown, has the wrong type or is missing.
    """
    try:
        built = model.from_dict(body)
    except FieldMismatchError as error:
        raise InputError(f"Invalid input: {describe_rule(str(error))}. Nothing was changed.") from None
    _reject_unknown_keys(body, cast("Any", model).validation_rule, "")
    return built


@contextlib.contextmanager
def describe_fields(options: Mapping[str, str]) -> Generator[None]:
    """In the errors of the block about invalid fields, name the option instead of the field.

    Args:
        options: Name of the field to name of the option. Other fields keep their names.

    Raises:
        InputError: If the block raises `InvalidInputError`.
    """
    try:
        yield
    except InvalidInputError as error:
        first_name = re.split(r"[.\[]", error.field)[0]
        name = options.get(first_name, error.field)
        raise InputError(f"Invalid input: {name} {describe_rule(error.rule)}. Nothing was changed.") from None


def _reject_unknown_keys(value: Any, rule: Rule, path: str) -> None:
    # Models keep unknown keys for later versions of the API. In a file, an unknown key is most likely a typing error.
    if value.__class__ is list and rule.items is not None:
        for index, item in enumerate(value):
            _reject_unknown_keys(item, rule.items, f"{path}[{index}]")
    elif value.__class__ is dict and rule.properties:
        for key, item in value.items():
            if key not in rule.properties:
                place = f" in {path}" if path else ""
                raise InputError(
                    f"Invalid input: unknown key {quote_value(key)}{place}. "
                    f"Allowed keys: {', '.join(rule.properties)}. Nothing was changed."
                )
            _reject_unknown_keys(item, rule.properties[key], f"{path}.{key}" if path else key)
