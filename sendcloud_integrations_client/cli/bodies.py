"""What a command sends, read from a JSON file or from stdin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import orjson
import typer

from sendcloud_integrations_client.cli.reporting import InputError
from sendcloud_integrations_client.wire import FieldMismatchError

__all__ = ["FileOption", "is_stdin", "read_as", "read_body", "read_object"]

T = TypeVar("T")

_STDIN: Final = Path("-")

FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="FILE", help="A JSON file with what to send; - for stdin."),
]


def is_stdin(path: Path | None) -> bool:
    """Whether the input is stdin."""
    return path == _STDIN


def read_body(path: Path) -> Any:
    """The JSON value of a file, or of stdin.

    Raises:
        InputError: It is no JSON.
        OSError: It cannot be read.
    """
    content = sys.stdin.buffer.read() if is_stdin(path) else path.read_bytes()
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        name = "stdin" if is_stdin(path) else str(path)
        raise InputError(f"{name} is no JSON: line {error.lineno}, column {error.colno}") from None


def read_object(path: Path | None) -> dict[str, Any]:
    """The JSON object of a file, or of stdin; empty without a file.

    Raises:
        InputError: It is no JSON object.
        OSError: It cannot be read.
    """
    if path is None:
        return {}
    body = read_body(path)
    if body.__class__ is not dict:
        raise InputError("the input must be a JSON object")
    return body


def read_as(read: Callable[[Mapping[str, Any]], T], body: Mapping[str, Any]) -> T:
    """`body` as a model.

    Args:
        read: The model's `from_dict`.
        body: What was given.

    Raises:
        InputError: A field holds what it cannot hold.
    """
    try:
        return read(body)
    except FieldMismatchError as fault:
        raise InputError(f"{fault}. Nothing was sent") from None
