"""Equivalent mutants: changes that no test can detect. They are not drawn, so they do not count in the kill rate."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["EQUIVALENTS", "Equivalent"]


@attrs.frozen
class Equivalent:
    """One change, identified by its file and the changed text. It can occur in several lines of the file.

    Attributes:
        file: The file within the package.
        original: The replaced text: a line, or the part of it that makes the change unambiguous. White space is not
            significant.
        mutated: The replacement; empty if the text is removed.
        reason: Why the behaviour is the same.
    """

    file: str
    original: str
    mutated: str
    reason: str


_CLASS: Final = "Classes are equal only if they are identical."
_UNSET: Final = "No JSON value, model or enum member is equal to UNSET, except UNSET itself."
_SHIELD: Final = "`asyncio.shield` retrieves the exception of a task whose caller was cancelled."
_STOPS: Final = "At a position beyond the end of the header, the parser finds no further link."
_NEVER_ABOVE: Final = "The left side is never greater than the right side."
_INTERNAL: Final = "The class is internal, and all of its callers pass keywords."

EQUIVALENTS: Final = (
    Equivalent(
        "auth/oauth2.py",
        "self._failure is not failure_before",
        "self._failure != failure_before",
        "Exceptions are equal only if they are identical.",
    ),
    Equivalent("auth/origin.py", "(url.port or 0)", "(url.port or 1)", "Both are below the highest port."),
    Equivalent("auth/origin.py", "(url.port or 0)", "(url.port or -1)", "Both are below the highest port."),
    Equivalent(
        "pagination.py", "len(prefetched) < _PREFETCH_PAGES", "len(prefetched) != _PREFETCH_PAGES", _NEVER_ABOVE
    ),
    Equivalent("pagination.py", "index < len(self._hashes)", "index != len(self._hashes)", _NEVER_ABOVE),
    Equivalent("runtime/arguments.py", "value is UNSET", "value == UNSET", _UNSET),
    Equivalent("runtime/arguments.py", "value is not UNSET", "value != UNSET", _UNSET),
    Equivalent("runtime/arguments.py", "entries.__class__ is dict", "entries.__class__ == dict", _CLASS),
    Equivalent("runtime/arguments.py", "value.__class__ is list", "value.__class__ == list", _CLASS),
    Equivalent("runtime/decoding.py", "body.__class__ is not dict", "body.__class__ != dict", _CLASS),
    Equivalent("runtime/decoding.py", "values.__class__ is not list", "values.__class__ != list", _CLASS),
    Equivalent("runtime/decoding.py", "record.__class__ is dict", "record.__class__ == dict", _CLASS),
    Equivalent("runtime/error_responses.py", "entries.__class__ is dict", "entries.__class__ == dict", _CLASS),
    Equivalent("runtime/error_responses.py", "entries.__class__ is list", "entries.__class__ == list", _CLASS),
    Equivalent("runtime/error_responses.py", "messages.__class__ is dict", "messages.__class__ == dict", _CLASS),
    Equivalent("runtime/error_responses.py", "messages.__class__ is list", "messages.__class__ == list", _CLASS),
    Equivalent("runtime/error_responses.py", "message.__class__ is dict", "message.__class__ == dict", _CLASS),
    Equivalent("runtime/error_responses.py", "error.__class__ is dict", "error.__class__ == dict", _CLASS),
    Equivalent("runtime/error_responses.py", "body.__class__ is list", "body.__class__ == list", _CLASS),
    Equivalent("runtime/link_header.py", "while position < length:", "while position != length:", _STOPS),
    Equivalent("runtime/models.py", "value is UNSET", "value == UNSET", _UNSET),
    Equivalent("runtime/models.py", "type(other) is not type(self)", "type(other) != type(self)", _CLASS),
    Equivalent("runtime/readers.py", "value is UNSET", "value == UNSET", _UNSET),
    Equivalent("runtime/readers.py", "value.__class__ is dict", "value.__class__ == dict", _CLASS),
    Equivalent("runtime/readers.py", "value.__class__ is not dict", "value.__class__ != dict", _CLASS),
    Equivalent("runtime/readers.py", "value.__class__ is not list", "value.__class__ != list", _CLASS),
    Equivalent("sync/account_writer.py", "if not task.cancelled():", "if task.cancelled():", _SHIELD),
    Equivalent("sync/account_writer.py", "if not task.cancelled():", "if not not task.cancelled():", _SHIELD),
    Equivalent("sync/account_run.py", "error.record.__class__ is dict", "error.record.__class__ == dict", _CLASS),
    Equivalent("sync/records.py", "record.__class__ is dict", "record.__class__ == dict", _CLASS),
    Equivalent("sync/records.py", "record_id.__class__ is int", "record_id.__class__ == int", _CLASS),
    Equivalent("sync/redaction.py", "value.__class__ is str", "value.__class__ == str", _CLASS),
    Equivalent("sync/redaction.py", "value.__class__ is dict", "value.__class__ == dict", _CLASS),
    Equivalent("sync/redaction.py", "value.__class__ is list", "value.__class__ == list", _CLASS),
    Equivalent("sync/redaction.py", "value.__class__ is bool", "value.__class__ == bool", _CLASS),
    Equivalent("sync/redaction.py", "item.__class__ is str", "item.__class__ == str", _CLASS),
    Equivalent("sync/redaction.py", "item.__class__ is dict", "item.__class__ == dict", _CLASS),
    Equivalent("sync/redaction.py", "item.__class__ is list", "item.__class__ == list", _CLASS),
    Equivalent("sync/account_writer.py", "@attrs.frozen(kw_only=True)", "@attrs.frozen(kw_only=False)", _INTERNAL),
    Equivalent("sync/list_order.py", "@attrs.define(kw_only=True)", "@attrs.define(kw_only=False)", _INTERNAL),
    Equivalent("sync/list_sync.py", "@attrs.frozen(kw_only=True)", "@attrs.frozen(kw_only=False)", _INTERNAL),
    Equivalent("sync/run_options.py", "@attrs.frozen(kw_only=True)", "@attrs.frozen(kw_only=False)", _INTERNAL),
)
