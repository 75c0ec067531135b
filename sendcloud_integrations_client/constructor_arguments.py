"""Unknown arguments of a constructor: the `TypeError` names the class, says what to pass, and shows no value."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

__all__ = ["reject_unknown_arguments"]

Init = TypeVar("Init", bound=Callable[..., None])


def reject_unknown_arguments(advise: Callable[[type, Sequence[str]], str]) -> Callable[[Init], Init]:
    """Return a decorator for an `__init__` with keyword-only arguments, whose `TypeError`s then say what to pass.

    The error names the class that was called, and no traceback contains the values, which can be secrets. The
    signature stays the same, for type checkers and for `inspect`.

    Args:
        advise: Returns what to pass instead, for the class and the unknown names; without names if positional
            arguments were passed. Empty text selects a similar name, or lists the arguments.
    """

    def decorate(init: Init) -> Init:
        known = tuple(cast("Any", init).__kwdefaults__)

        @functools.wraps(init)
        def check_arguments(self: object, /, *positional: object, **options: object) -> None:
            unknown = [name for name in options if name not in known]
            if positional or unknown:
                del positional  # so that a traceback with local variables does not show the values
                options.clear()
                kind = type(self)
                advice = advise(kind, unknown) or _list_arguments(unknown, known)
                raise TypeError(f"{kind.__name__}() {_describe_mistake(unknown)}. {advice}")
            try:
                init(self, **options)
            finally:
                options.clear()

        return cast(Init, check_arguments)

    return decorate


def _describe_mistake(unknown: Sequence[str]) -> str:
    if not unknown:
        return "takes keyword arguments only"
    if len(unknown) == 1:
        return f"has no argument {unknown[0]}"
    return f"has no arguments {', '.join(unknown[:-1])} and {unknown[-1]}"


def _list_arguments(unknown: Sequence[str], known: Sequence[str]) -> str:
    from difflib import get_close_matches

    similar = get_close_matches(unknown[0], known, n=1) if len(unknown) == 1 else []
    return f"Did you mean {similar[0]}?" if similar else f"Its arguments: {', '.join(known)}."
