"""Request bodies, read from a JSON file or from stdin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import orjson
import typer

from sendcloud_integrations_client.cli.terminal.errors import InputError
from sendcloud_integrations_client.errors import FieldMismatchError

__all__ = ["FileOption", "build_model", "is_stdin", "read_json", "read_json_object"]

T = TypeVar("T")

_STDIN: Final = Path("-")

FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="FILE", help="JSON file with the request body, or - for stdin."),
]


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
        name = "stdin" if is_stdin(path) else str(path)
        raise InputError(
            f"Invalid input in {name}: not valid JSON at line {error.lineno}, column {error.colno}."
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
        raise InputError("Invalid input: must be a JSON object.")
    return body


def build_model(from_dict: Callable[[Mapping[str, Any]], T], body: Mapping[str, Any]) -> T:
    """Build the model of a request body.

    Args:
        from_dict: Method `from_dict` of the model.
        body: Fields of the request body.

    Returns:
        The model.

    Raises:
        InputError: If a field has the wrong type or is missing.
    """
    try:
        return from_dict(body)
    except FieldMismatchError as error:
        raise InputError(f"Invalid input: {error}. Nothing was changed.") from None
