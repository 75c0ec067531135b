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
_CACHE: Final = "The size of a cache does not change results."
_SEARCHED_AGAIN: Final = "The check saves time: without it, the search or the redaction that follows finds the same."
_PATTERN_LIMITS: Final = "The pattern that is matched in the slice limits the length, too."
_AT_SIGN: Final = "The character at `end` is `@`, and the search is for a dot."
_NEVER_FIRST: Final = "The position is after the beginning of the text, so it is never 0."
_BRACKET_ENDS: Final = (
    "An assignment that begins before the bracket ends at most one character after it; others are dropped."
)
_AFTER_VALUE: Final = "Each position is after a name, a sign and a value, so it is at least 3."
_SHORTER_THAN_TEXT: Final = "`end` is at most `limit`, and `limit` is at most the length of the text."
_GROWING: Final = "The positions grow, so a search that is not skipped finds the same."
_MORE_PASSES: Final = "If nothing changes a text, further rounds leave it unchanged, too."

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
    Equivalent(
        "sync/redaction/credentials.py",
        "_MAX_BARE_PASSWORD: Final = 100",
        "_MAX_BARE_PASSWORD: Final = 101",
        _PATTERN_LIMITS,
    ),
    Equivalent("sync/redaction/credentials.py", "_MAX_BARE_PASSWORD - 1", "_MAX_BARE_PASSWORD - 2", _PATTERN_LIMITS),
    Equivalent(
        "sync/redaction/credentials.py", "_MAX_BARE_USER: Final = 61", "_MAX_BARE_USER: Final = 62", _PATTERN_LIMITS
    ),
    *(
        Equivalent("sync/redaction/credentials.py", "start - _MAX_BARE_USER - 2", mutated, _PATTERN_LIMITS)
        for mutated in ("start - _MAX_BARE_USER - 3", "start // _MAX_BARE_USER - 2")
    ),
    *(
        Equivalent("sync/redaction/credentials.py", "_MIN_LONG_TEXT: Final = 200", mutated, _SEARCHED_AGAIN)
        for mutated in ("_MIN_LONG_TEXT: Final = 201", "_MIN_LONG_TEXT: Final = 199")
    ),
    *(
        Equivalent("sync/redaction/credentials.py", "if len(text) > _MIN_LONG_TEXT", mutated, _SEARCHED_AGAIN)
        for mutated in (
            "if len(text) >= _MIN_LONG_TEXT",
            "if len(text) == _MIN_LONG_TEXT",
            "if len(text) != _MIN_LONG_TEXT",
            "if len(text) < _MIN_LONG_TEXT",
            "if len(text) <= _MIN_LONG_TEXT",
            "if not len(text) > _MIN_LONG_TEXT",
        )
    ),
    *(
        Equivalent("sync/redaction/credentials.py", "end + 1 : end + 101", mutated, _AT_SIGN)
        for mutated in (
            "end + 0 : end + 101",
            "end * 1 : end + 101",
            "end // 1 : end + 101",
            "end ** 1 : end + 101",
            "end | 1 : end + 101",
        )
    ),
    *(
        Equivalent("sync/redaction/encodings.py", "@lru_cache(maxsize=1000)", mutated, _CACHE)
        for mutated in ("@lru_cache(maxsize= 1001)", "@lru_cache(maxsize= 999)", "")
    ),
    Equivalent(
        "sync/redaction/encodings.py",
        'elif sign and "%" in value',
        'elif sign or "%" in value',
        "A token contains a percent sign, and without a sign, its value is empty.",
    ),
    *(
        Equivalent("sync/redaction/encodings.py", "(-len(plain) % 4)", mutated, "The decoder ignores excess padding.")
        for mutated in ("(len(plain) % 4)", "(+len(plain) % 4)")
    ),
    Equivalent(
        "sync/redaction/named_values.py",
        "kind & _SECRET_OR_HEADER == _SECRET:",
        "kind ** _SECRET_OR_HEADER == _SECRET:",
        "The kind of a secret is SECRET, with or without HEADER. Both are true for SECRET alone.",
    ),
    *(
        Equivalent("sync/redaction/named_values.py", "_MAX_VALUE_NAME: Final = 50", mutated, _BRACKET_ENDS)
        for mutated in ("_MAX_VALUE_NAME: Final = 51", "_MAX_VALUE_NAME: Final = 49")
    ),
    *(
        Equivalent("sync/redaction/named_values.py", "bracket + 1 + _MAX_VALUE_NAME", mutated, _BRACKET_ENDS)
        for mutated in (
            "bracket + 2 + _MAX_VALUE_NAME",
            "bracket + 0 + _MAX_VALUE_NAME",
            "bracket + 1 * _MAX_VALUE_NAME",
        )
    ),
    *(
        Equivalent("sync/redaction/named_values.py", "len(text) if end < 0 else end", mutated, _NEVER_FIRST)
        for mutated in ("len(text) if end <= 0 else end", "len(text) if end < 1 else end")
    ),
    Equivalent("sync/redaction/named_values.py", "max(indent, 0)", "max(indent, -1)", "The indent is never negative."),
    *(
        Equivalent("sync/redaction/named_values.py", "self._position = self._found = -1", mutated, _AFTER_VALUE)
        for mutated in (
            "self._position = self._found = - 0",
            "self._position = self._found = - 2",
            "self._position = self._found = +1",
            "self._position = self._found = not 1",
            "self._position = self._found = ~1",
            "self._position = self._found = 1",
        )
    ),
    *(
        Equivalent("sync/redaction/names.py", "_MAX_CACHED_NAMES: Final = 10_000", mutated, _CACHE)
        for mutated in ("_MAX_CACHED_NAMES: Final = 10001", "_MAX_CACHED_NAMES: Final = 9999")
    ),
    *(
        Equivalent("sync/redaction/names.py", "len(self) >= _MAX_CACHED_NAMES", mutated, _CACHE)
        for mutated in ("len(self) > _MAX_CACHED_NAMES", "len(self) == _MAX_CACHED_NAMES")
    ),
    *(
        Equivalent("sync/redaction/quick_check.py", "len(self._harmless_tokens) >= _MAX_KNOWN_WORDS", mutated, _CACHE)
        for mutated in (
            "len(self._harmless_tokens) > _MAX_KNOWN_WORDS",
            "len(self._harmless_tokens) == _MAX_KNOWN_WORDS",
            "len(self._harmless_tokens) != _MAX_KNOWN_WORDS",
            "len(self._harmless_tokens) < _MAX_KNOWN_WORDS",
            "len(self._harmless_tokens) <= _MAX_KNOWN_WORDS",
        )
    ),
    *(
        Equivalent("sync/redaction/quick_check.py", "len(token) <= _MAX_CACHED_RUN", mutated, _CACHE)
        for mutated in (
            "len(token) < _MAX_CACHED_RUN",
            "len(token) == _MAX_CACHED_RUN",
            "len(token) != _MAX_CACHED_RUN",
            "len(token) >= _MAX_CACHED_RUN",
            "len(token) > _MAX_CACHED_RUN",
        )
    ),
    *(
        Equivalent("sync/redaction/names.py", "lru_cache(maxsize=2000)", mutated, _CACHE)
        for mutated in ("lru_cache(maxsize= 2001)", "lru_cache(maxsize= 1999)")
    ),
    *(
        Equivalent("sync/redaction/names.py", "found or 0", mutated, "The other number is at least 1.")
        for mutated in ("found or 1", "found or -1")
    ),
    *(
        Equivalent("sync/redaction/patterns.py", "default=0", mutated, "All are below the minimum.")
        for mutated in ("default= -1", "default=1")
    ),
    *(
        Equivalent("sync/redaction/quick_check.py", "_MAX_KNOWN_WORDS: Final = 20_000", mutated, _CACHE)
        for mutated in ("_MAX_KNOWN_WORDS: Final = 20001", "_MAX_KNOWN_WORDS: Final = 19999")
    ),
    *(
        Equivalent("sync/redaction/quick_check.py", "_MAX_SPLIT_LENGTH: Final = 20_000", mutated, _SEARCHED_AGAIN)
        for mutated in ("_MAX_SPLIT_LENGTH: Final = 20001", "_MAX_SPLIT_LENGTH: Final = 19999")
    ),
    Equivalent(
        "sync/redaction/quick_check.py",
        "self._find_notations(record) != Hint.NONE",
        "self._find_notations(record) > Hint.NONE",
        "Hints are never negative.",
    ),
    *(
        Equivalent("sync/redaction/redactor.py", "_MAX_CACHED_LENGTH: Final = 200", mutated, _CACHE)
        for mutated in ("_MAX_CACHED_LENGTH: Final = 201", "_MAX_CACHED_LENGTH: Final = 199")
    ),
    *(
        Equivalent("sync/redaction/redactor.py", "_MAX_CACHED_RESULT: Final = 300", mutated, _CACHE)
        for mutated in ("_MAX_CACHED_RESULT: Final = 301", "_MAX_CACHED_RESULT: Final = 299")
    ),
    *(
        Equivalent("sync/redaction/redactor.py", "len(value) > _MAX_CACHED_RESULT", mutated, _CACHE)
        for mutated in ("len(value) >= _MAX_CACHED_RESULT", "len(value) != _MAX_CACHED_RESULT")
    ),
    *(
        Equivalent("sync/redaction/redactor.py", "len(item) > _MAX_CACHED_LENGTH", mutated, _SEARCHED_AGAIN)
        for mutated in (
            "len(item) >= _MAX_CACHED_LENGTH",
            "len(item) != _MAX_CACHED_LENGTH",
            "len(item) == _MAX_CACHED_LENGTH",
            "len(item) < _MAX_CACHED_LENGTH",
            "len(item) <= _MAX_CACHED_LENGTH",
        )
    ),
    *(
        Equivalent("sync/redaction/redactor.py", "len(name) > _MAX_CACHED_LENGTH", mutated, _SEARCHED_AGAIN)
        for mutated in (
            "len(name) >= _MAX_CACHED_LENGTH",
            "len(name) != _MAX_CACHED_LENGTH",
            "len(name) == _MAX_CACHED_LENGTH",
            "len(name) < _MAX_CACHED_LENGTH",
            "len(name) <= _MAX_CACHED_LENGTH",
        )
    ),
    *(
        Equivalent("sync/redaction/redactor.py", "len(value) <= _MAX_CACHED_LENGTH", mutated, _CACHE)
        for mutated in (
            "len(value) >= _MAX_CACHED_LENGTH",
            "len(value) != _MAX_CACHED_LENGTH",
            "len(value) == _MAX_CACHED_LENGTH",
            "len(value) < _MAX_CACHED_LENGTH",
            "len(value) > _MAX_CACHED_LENGTH",
        )
    ),
    *(
        Equivalent("sync/redaction/redactor.py", "lru_cache(maxsize=10_000)", mutated, _CACHE)
        for mutated in ("lru_cache(maxsize= 10001)", "lru_cache(maxsize= 9999)")
    ),
    *(
        Equivalent("sync/redaction/redactor.py", "lru_cache(maxsize=2000)", mutated, _CACHE)
        for mutated in ("lru_cache(maxsize= 2001)", "lru_cache(maxsize= 1999)")
    ),
    *(
        Equivalent(
            "sync/redaction/redactor.py",
            "len(item) <= MAX_NAME_LENGTH",
            mutated,
            "Only names of at most 100 characters are classified as those of secrets.",
        )
        for mutated in ("len(item) < MAX_NAME_LENGTH", "len(item) != MAX_NAME_LENGTH")
    ),
    *(
        Equivalent(
            "sync/redaction/redactor.py",
            "kinds & _ANY_VALUE",
            mutated,
            "Without a name of a value, nothing is replaced below.",
        )
        for mutated in (
            "kinds / _ANY_VALUE",
            "kinds | _ANY_VALUE",
            "kinds + _ANY_VALUE",
            "kinds * _ANY_VALUE",
            "kinds ** _ANY_VALUE",
            "kinds << _ANY_VALUE",
        )
    ),
    *(
        Equivalent("sync/redaction/tables.py", "len(text) if end < 0 else end", mutated, _NEVER_FIRST)
        for mutated in ("len(text) if end <= 0 else end", "len(text) if end < 1 else end")
    ),
    *(
        Equivalent("sync/redaction/tables.py", "if first < last and not", mutated, "An empty value is harmless.")
        for mutated in ("if first <= last and not", "if first != last and not")
    ),
    *(
        Equivalent("sync/redaction/text_redactor.py", "lru_cache(maxsize=10)", mutated, _CACHE)
        for mutated in ("lru_cache(maxsize= 11)", "lru_cache(maxsize= 9)")
    ),
    *(
        Equivalent("sync/redaction/text_redactor.py", "_MAX_PLAIN_LENGTH: Final = 200", mutated, _SEARCHED_AGAIN)
        for mutated in ("_MAX_PLAIN_LENGTH: Final = 201", "_MAX_PLAIN_LENGTH: Final = 199")
    ),
    *(
        Equivalent("sync/redaction/text_redactor.py", "len(text) < _MAX_PLAIN_LENGTH", mutated, _SEARCHED_AGAIN)
        for mutated in ("len(text) <= _MAX_PLAIN_LENGTH", "len(text) == _MAX_PLAIN_LENGTH")
    ),
    *(
        Equivalent(
            "sync/redaction/text_redactor.py",
            "hints == Hint.NAME | Hint.PERCENT",
            mutated,
            "The flags have no bit in common.",
        )
        for mutated in ("hints == Hint.NAME + Hint.PERCENT", "hints == Hint.NAME ^ Hint.PERCENT")
    ),
    Equivalent(
        "sync/redaction/text_redactor.py", '"<" in text and ">" in text', '"<" in text or ">" in text', _SEARCHED_AGAIN
    ),
    *(
        Equivalent(
            "sync/redaction/text_redactor.py",
            'layer >= _MAX_LAYERS or "%" not in text',
            mutated,
            "No layer is deeper, and the last one decodes all levels.",
        )
        for mutated in ('layer == _MAX_LAYERS or "%" not in text', 'layer >= _MAX_LAYERS and "%" not in text')
    ),
    Equivalent("sync/redaction/text_redactor.py", "unchanged = 0 # number", "unchanged = -1 # number", _MORE_PASSES),
    Equivalent("sync/redaction/text_redactor.py", "if clean == text else 0", "if clean == text else -1", _MORE_PASSES),
    Equivalent(
        "sync/redaction/tries.py",
        "parts[0] if len(parts) == 1",
        "parts[ -1] if len(parts) == 1",
        "The list has one item.",
    ),
    *(
        Equivalent("sync/redaction/values.py", "_FIRST_SEARCH: Final = 200", mutated, _SEARCHED_AGAIN)
        for mutated in ("_FIRST_SEARCH: Final = 201", "_FIRST_SEARCH: Final = 199")
    ),
    Equivalent(
        "sync/redaction/values.py", "LOOKAHEAD: Final = 100", "LOOKAHEAD: Final = 101", "No pattern looks ahead as far."
    ),
    *(
        Equivalent("sync/redaction/values.py", "@lru_cache(maxsize=500)", mutated, _CACHE)
        for mutated in ("@lru_cache(maxsize= 501)", "@lru_cache(maxsize= 499)", "")
    ),
    Equivalent(
        "sync/redaction/values.py",
        "if depth <= 0:",
        "if depth == 0:",
        "The first bracket opens, so the depth is 0 before it is negative.",
    ),
    *(
        Equivalent("sync/redaction/xml_values.py", "_MAX_CACHED: Final = 2000", mutated, _CACHE)
        for mutated in ("_MAX_CACHED: Final = 2001", "_MAX_CACHED: Final = 1999")
    ),
    *(
        Equivalent("sync/redaction/xml_values.py", "return 0 < len(content)", mutated, "An empty text is no name.")
        for mutated in ("return -1 < len(content)", "return 0 != len(content)", "return 0 <= len(content)")
    ),
    *(
        Equivalent("sync/redaction/xml_values.py", "if first >= 0 and", mutated, _SEARCHED_AGAIN)
        for mutated in ("if first > 0 and", "if first >= -1 and", "if first >= 1 and", "if not first >= 0 and")
    ),
    *(
        Equivalent("sync/redaction/named_values.py", "self._position <= position", mutated, _GROWING)
        for mutated in ("self._position == position", "self._position < position", "self._position >= position")
    ),
    *(
        Equivalent("sync/redaction/named_values.py", "position <= self._found", mutated, _GROWING)
        for mutated in ("position == self._found", "position < self._found")
    ),
    Equivalent("sync/redaction/named_values.py", "_MIN_BASE64: Final = 14", "_MIN_BASE64: Final = 13", _SEARCHED_AGAIN),
    *(
        Equivalent("sync/redaction/quick_check.py", "len(content) > _MAX_SPLIT_LENGTH", mutated, _SEARCHED_AGAIN)
        for mutated in (
            "len(content) >= _MAX_SPLIT_LENGTH",
            "len(content) == _MAX_SPLIT_LENGTH",
            "len(content) != _MAX_SPLIT_LENGTH",
            "len(content) < _MAX_SPLIT_LENGTH",
            "len(content) <= _MAX_SPLIT_LENGTH",
        )
    ),
    *(
        Equivalent("sync/redaction/quick_check.py", "len(self._harmless) + len(self._suspicious)", mutated, _CACHE)
        for mutated in (
            "len(self._harmless) - len(self._suspicious)",
            "len(self._harmless) * len(self._suspicious)",
            "len(self._harmless) | len(self._suspicious)",
            "len(self._harmless) ^ len(self._suspicious)",
        )
    ),
    *(
        Equivalent("sync/redaction/quick_check.py", "len(self._suspicious) > _MAX_KNOWN_WORDS", mutated, _CACHE)
        for mutated in (
            "len(self._suspicious) >= _MAX_KNOWN_WORDS",
            "len(self._suspicious) == _MAX_KNOWN_WORDS",
            "len(self._suspicious) != _MAX_KNOWN_WORDS",
            "len(self._suspicious) < _MAX_KNOWN_WORDS",
            "len(self._suspicious) <= _MAX_KNOWN_WORDS",
        )
    ),
    *(
        Equivalent("sync/redaction/quick_check.py", "if end >= 0 else", mutated, _NEVER_FIRST)
        for mutated in ("if end > 0 else", "if end >= 1 else")
    ),
    *(
        Equivalent(
            "sync/redaction/quick_check.py", "if end >= 0 else -1", mutated, "Every negative number ends the loop."
        )
        for mutated in ("if end >= 0 else - 2", "if end >= 0 else ~1")
    ),
    Equivalent("sync/redaction/values.py", "limit == len(text)", "limit >= len(text)", _SHORTER_THAN_TEXT),
    Equivalent("sync/redaction/values.py", "end < limit ==", "end != limit ==", _SHORTER_THAN_TEXT),
    Equivalent("sync/redaction/values.py", "end < limit - 1", "end < limit - 2", _SEARCHED_AGAIN),
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
