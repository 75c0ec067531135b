"""Equivalent mutants: changes that no test can detect. They are not drawn, so they do not count in the kill rate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

from mutants.mutant import Mutant
from mutants.targets import PACKAGE

__all__ = ["EQUIVALENTS", "Equivalent", "check_equivalents", "is_equivalent"]


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


_SHIELD: Final = "`asyncio.shield` retrieves the exception of a task whose caller was cancelled."
_STOPS: Final = "At a position beyond the end of the header, the parser finds no further link."
_NEVER_ABOVE: Final = "The left side is never greater than the right side."
_NOT_NEXT: Final = "Only the word next is searched for, and the additional characters cannot be a part of it."
_AT_BRACKET: Final = "The character at `start` is `<`, so the search can begin there."
_TWO_PRIORITIES: Final = "There are two priorities, and background comes first in the order of texts."
_IN_1970: Final = "Both times are in 1970, before the current time and the expiry of every usable token."
_DIFFERENCE: Final = "Only the difference of the size before and after is used."
_OTHER_PLATFORM: Final = "The tests and the code run on Linux; its name is before that of Windows."
_REPLACED: Final = "The replacement character is greater than the characters that it replaces: NUL and surrogates."
_CHANGES: Final = "Only changes of the number are noticed, not the number itself."
_OS_NAMES: Final = "The only other name is `nt`, which is before `posix`."
_EQUAL_TIMES: Final = "If both times are equal, it does not matter which one is stored."
_INTERNAL: Final = "The class is internal, and all of its callers pass keywords."

EQUIVALENTS: Final = (
    Equivalent("auth/oauth2.py", "(0.0, None)", "(1.0, None)", _IN_1970),
    Equivalent("auth/oauth2.py", "(0.0, None)", "(-1.0, None)", _IN_1970),
    Equivalent("auth/oauth2.py", "self._renew_from = 0.0", "self._renew_from = 1.0", _IN_1970),
    Equivalent("auth/oauth2.py", "self._renew_from = 0.0", "self._renew_from = -1.0", _IN_1970),
    Equivalent("auth/origin.py", "(url.port or 0)", "(url.port or 1)", "Both are below the highest port."),
    Equivalent("auth/origin.py", "(url.port or 0)", "(url.port or -1)", "Both are below the highest port."),
    Equivalent(
        "pagination.py", "len(prefetched) < _PREFETCH_PAGES", "len(prefetched) != _PREFETCH_PAGES", _NEVER_ABOVE
    ),
    Equivalent("pagination.py", "index < len(self._hashes)", "index != len(self._hashes)", _NEVER_ABOVE),
    Equivalent(
        "pagination.py",
        "@attrs.define(eq=False)",
        "",
        "A class without this decorator has the same attribute with the same default.",
    ),
    Equivalent("pipeline/rate_limits.py", "self.paused_until = 0.0", "self.paused_until = -1.0", "No time is below 0."),
    Equivalent("pipeline/rate_limits.py", "delay < math.inf", "delay != math.inf", _NEVER_ABOVE),
    Equivalent("pipeline/rate_limits.py", 'priority == "background"', 'priority <= "background"', _TWO_PRIORITIES),
    Equivalent(
        "pipeline/rate_limits.py",
        "if len(self._waiters) < 2:",
        "if len(self._waiters) < 1:",
        "The check saves time: with one loop, the following line finds no other one, either.",
    ),
    Equivalent("runtime/link_header.py", "while position < length:", "while position != length:", _STOPS),
    Equivalent("runtime/link_header.py", "header[end + 1 : position]", "header[end * 1 : position]", _NOT_NEXT),
    Equivalent("runtime/link_header.py", "header[end + 1 : position]", "header[end // 1 : position]", _NOT_NEXT),
    Equivalent("runtime/link_header.py", "header[end + 1 : position]", "header[end ** 1 : position]", _NOT_NEXT),
    Equivalent("runtime/link_header.py", "header[end + 1 : position]", "header[end | 1 : position]", _NOT_NEXT),
    Equivalent("runtime/link_header.py", "header[end + 1 : position]", "header[end ^ 1 : position]", _NOT_NEXT),
    Equivalent("runtime/link_header.py", "header[end + 1 : position]", "header[end - 1 : position]", _NOT_NEXT),
    Equivalent("runtime/link_header.py", 'header.find(">", start + 1)', 'header.find(">", start * 1)', _AT_BRACKET),
    Equivalent("runtime/link_header.py", 'header.find(">", start + 1)', 'header.find(">", start // 1)', _AT_BRACKET),
    Equivalent("runtime/link_header.py", 'header.find(">", start + 1)', 'header.find(">", start ** 1)', _AT_BRACKET),
    Equivalent("runtime/link_header.py", 'header.find(">", start + 1)', 'header.find(">", start | 1)', _AT_BRACKET),
    Equivalent("runtime/link_header.py", "else -1", "else -2", "Every negative number means that there is no end."),
    Equivalent(
        "runtime/models.py",
        "value is None or type(value) in _JSON_SCALARS",
        "value is None and type(value) in _JSON_SCALARS",
        "The check saves time: the last line returns these values unchanged, too.",
    ),
    Equivalent("sync/unfinished_writes.py", "if not task.cancelled():", "if task.cancelled():", _SHIELD),
    Equivalent("sync/unfinished_writes.py", "if not task.cancelled():", "if not not task.cancelled():", _SHIELD),
    Equivalent("sync/account_writer.py", "@attrs.frozen(kw_only=True)", "@attrs.frozen(kw_only=False)", _INTERNAL),
    Equivalent(
        "sync/account_writer.py",
        '_SELECT_STORED[connection.dialect.name == "sqlite"',
        '_SELECT_STORED[connection.dialect.name <= "sqlite"',
        "In PostgreSQL, both queries return the same rows; the query for PostgreSQL is only faster.",
    ),
    Equivalent("sync/bulk_insert.py", "list(rows[0])", "list(rows[ -1])", "The rows have the same columns."),
    Equivalent("sync/faults.py", "self._successes = 0", "self._successes = 1", _CHANGES),
    Equivalent("sync/faults.py", "self._successes = 0", "self._successes = -1", _CHANGES),
    Equivalent("sync/list_order.py", "@attrs.define(kw_only=True)", "@attrs.define(kw_only=False)", _INTERNAL),
    Equivalent("sync/list_sync.py", "@attrs.frozen(kw_only=True)", "@attrs.frozen(kw_only=False)", _INTERNAL),
    Equivalent(
        "sync/accounts.py", "to_storable_text(new_name) != new_name", "to_storable_text(new_name) > new_name", _REPLACED
    ),
    Equivalent(
        "sync/list_sync.py",
        "to_storable_text(page.next_cursor) != page.next_cursor",
        "to_storable_text(page.next_cursor) > page.next_cursor",
        _REPLACED,
    ),
    Equivalent("sync/list_sync.py", "cursor=readable[0]", "cursor=readable[ -1]", "The list has one element."),
    Equivalent("sync/private_files.py", 'os.name == "posix"', 'os.name >= "posix"', _OS_NAMES),
    Equivalent("sync/problem_keys.py", "(new_first < first)", "(new_first <= first)", _EQUAL_TIMES),
    Equivalent("sync/problem_keys.py", "(new_last > last)", "(new_last >= last)", _EQUAL_TIMES),
    Equivalent("sync/problem_keys.py", "@lru_cache(maxsize=1_000)", "", "The caches save time; results are the same."),
    Equivalent("sync/pruning.py", "if store.is_sqlite else 0", "if store.is_sqlite else 1", _DIFFERENCE),
    Equivalent("sync/pruning.py", "if store.is_sqlite else 0", "if store.is_sqlite else -1", _DIFFERENCE),
    Equivalent("sync/run_lock.py", 'sys.platform == "win32"', 'sys.platform >= "win32"', _OTHER_PLATFORM),
    Equivalent("sync/run_lock.py", 'sys.platform == "win32"', 'sys.platform > "win32"', _OTHER_PLATFORM),
    Equivalent("sync/run_options.py", "@attrs.frozen(kw_only=True)", "@attrs.frozen(kw_only=False)", _INTERNAL),
)


def check_equivalents(sources: Mapping[str, str]) -> list[str]:
    """Return a message for each listed equivalent mutant whose original line no longer exists."""
    return [
        f"{PACKAGE}/{equivalent.file} no longer contains: {equivalent.original}. Update mutants/equivalents.py."
        for equivalent in EQUIVALENTS
        if equivalent.file in sources and _normalize(equivalent.original) not in _normalize(sources[equivalent.file])
    ]


def is_equivalent(mutant: Mutant, equivalent: Equivalent) -> bool:
    """Return whether a mutant makes a listed change."""
    if mutant.file != equivalent.file:
        return False
    removed, added = mutant.changed_lines
    original, mutated = _normalize(equivalent.original), _normalize(equivalent.mutated)
    return any(
        f"{removed[: found.start()]}{mutated}{removed[found.end() :]}" == added
        for found in re.finditer(re.escape(original), removed)
    )


def _normalize(text: str) -> str:
    return " ".join(text.split())
