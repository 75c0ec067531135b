"""Consoles for tables and progress: their width and their colors."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from contextvars import ContextVar
from typing import Final, Literal, TextIO

from rich.console import Console

__all__ = ["ColorMode", "create_console", "use_color"]

ColorMode = Literal["auto", "always", "never"]
"""`auto`: colors on a terminal, unless the environment variable NO_COLOR is set. `always` and `never` ignore both."""

_WIDTH_OF_PIPES: Final = 160
_color_mode: ContextVar[ColorMode] = ContextVar("_color_mode", default="auto")


@contextlib.contextmanager
def use_color(mode: ColorMode) -> Generator[None]:
    """Set the color mode of the consoles that are created while the block runs."""
    token = _color_mode.set(mode)
    try:
        yield
    finally:
        _color_mode.reset(token)


def create_console(*, stderr: bool = False) -> Console:
    """Create a console that writes plain text: markup, emoji codes and numbers in it have no effect.

    It is as wide as the environment variable COLUMNS says. Without it, it is as wide as the terminal, or 160 columns if
    the stream is not a terminal.

    Args:
        stderr: Write to stderr. Defaults to False, stdout.
    """
    mode = _color_mode.get()
    if mode == "auto" and os.environ.get("NO_COLOR"):
        mode = "never"
    width, height = _get_size(sys.stderr if stderr else sys.stdout)
    return _PipeableConsole(
        stderr=stderr,
        width=width,
        height=height,
        # Without a color system, Rich omits bold and dim text, too.
        color_system=None if mode == "never" else "standard" if mode == "always" else "auto",
        force_terminal=True if mode == "always" else None,
        no_color=False if mode == "always" else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


class _PipeableConsole(Console):
    """A console that raises BrokenPipeError instead of exiting, so that `report_errors` handles it."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _get_size(stream: TextIO) -> tuple[int | None, int | None]:
    """Return the width and height of a console. None follows the size of the terminal."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and len(columns) <= 6 and int(columns) > 0:
        return int(columns), None
    width, height = _WIDTH_OF_PIPES, None
    if stream.isatty():
        if not columns:
            return None, None
        with contextlib.suppress(OSError, ValueError):
            width, height = os.get_terminal_size(stream.fileno())
    # Rich does not read COLUMNS, which is unusable here, if both values are set.
    return width or 80, (height or 25) if columns else None
