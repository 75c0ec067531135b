"""Replaces the values in columns with a secret name: CSV with a header row, tables drawn with `|`, and SQL `INSERT`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from sendcloud_integrations_client.sync.redaction.named_values import is_no_secret
from sendcloud_integrations_client.sync.redaction.names import NameClassifier, split_words
from sendcloud_integrations_client.sync.redaction.tries import build_trie

__all__ = ["COLUMN_LISTS", "TableRedactor", "find_secret_columns"]

COLUMN_LISTS: Final = frozenset({"columns", "column_names", "columnNames", "cols", "header", "headers", "fields"})
"""Names of lists in JSON that can name the columns of rows beside them."""

_DELIMITERS: Final = "|\t;,"
_COLUMN_WITH_SPACES: Final = re.compile(r"[\w.\-/]{1,60}(?: [\w.\-/]{1,30}){0,3}")
# The rest of a line that consists of delimiters and characters of names only.
_HEADER: Final = r"""(?P<line>[\w.\-/ "]*+[|;,\t][\w.\-/ "|;,\t]{0,2000}+)(?=\r?\n)"""
_FIRST_HEADER: Final = re.compile(_HEADER)
_NEXT_HEADER: Final = re.compile(rf"[\n:](?:(?<=\n)|(?<=:) ){_HEADER}")  # a message can precede the table
_PLAIN_HEADERS: Final = {
    delimiter: re.compile(rf"[\w.\-/]{{1,60}}+(?:{delimiter}[\w.\-/]{{1,60}}+)++") for delimiter in "\t;,"
}
_RULE: Final = re.compile(r"[|+\-=: \t]++")
_STARTS_OF_RULES: Final = frozenset("|+-=: ")
_QUOTED: Final = r"""(?P<quoted>"(?:[^"]|"")*+")"""
_FIELDS: Final = {
    delimiter: re.compile(rf"""{_QUOTED}|[^{re.escape(delimiter)}\r\n"][^{re.escape(delimiter)}\r\n]*+|""")
    for delimiter in _DELIMITERS
}
_INSERT: Final = re.compile(
    r"(?:I(?i:nsert)|i(?i:nsert)|R(?i:eplace)|r(?i:eplace))(?<!\w(?i:insert))(?<!\w(?i:replace))\s{1,9}+(?i:IGNORE\s{1,9}+)?(?i:INTO)\s{1,9}+[\w.`\"\[\]]{1,200}+\s{0,9}+"
    r"\((?P<columns>[\w\s,`\"\[\].]{1,2000}+)\)\s{0,9}+(?i:VALUES?)\s{0,9}+(?=\()"
)
_SQL_VALUE: Final = re.compile(
    r"""\s*+(?:[NEB]?'(?P<single>(?:[^'\\]++|''|\\.)*+)(?:'|\Z)|"(?P<double>(?:[^"\\]++|""|\\.)*+)(?:"|\Z)"""
    r"""|(?P<bare>[^\s,()'"]++(?:\([^()'"]*+\))?))\s*+""",
    re.DOTALL,
)
_SQL_NEXT_ROW: Final = re.compile(r"\)\s*+,\s*+\(")


class TableRedactor:
    """Replaces the values in columns with a secret name.

    Args:
        names: Classifies the names of columns.
        secret_names: Names of which one must be in a header row, in any spelling.
        marker: Replacement for a value.
    """

    def __init__(self, names: NameClassifier, secret_names: Iterable[str], marker: str) -> None:
        self._is_secret = names.is_secret
        self._marker = marker
        words = (max(split_words(name), key=len, default="") for name in secret_names)
        self._words = re.compile(build_trie(words))

    def redact(self, text: str) -> str:
        """Replace the values in secret columns of a text."""
        if "\n" in text:
            text = self._redact_lines(text)
        return self._redact_inserts(text) if ")" in text else text

    def _redact_lines(self, text: str) -> str:
        parts: list[str] = []
        done = 0
        found = _FIRST_HEADER.match(text) or _NEXT_HEADER.search(text)
        while found is not None:
            position = found.end()
            header = self._parse_header(found["line"]) if self._words.search(found["line"].lower()) else None
            if header is not None:
                start = text.index("\n", position) + 1
                rows, position = self._redact_rows(text, start, *header)
                if rows:
                    parts += [text[done:start], "\n".join(rows)]
                    done = position
            found = _NEXT_HEADER.search(text, position)
        return "".join([*parts, text[done:]]) if parts else text

    def _redact_rows(
        self, text: str, position: int, delimiter: str, secret: list[int], count: int
    ) -> tuple[list[str], int]:
        """Return the redacted rows from a position on, and the end of the last one."""
        rows: list[str] = []
        while position < len(text):
            end = text.find("\n", position)
            stop = len(text) if end < 0 else end
            row = self._redact_row(text[position:stop], delimiter, secret, count)
            if row is None:
                break
            rows.append(row)
            position = stop + 1
        return rows, position - 1

    def _redact_row(self, line: str, delimiter: str, secret: list[int], count: int) -> str | None:
        """Return a row with its secrets replaced; None if the line has another number of fields."""
        if line[:1] in _STARTS_OF_RULES and _RULE.fullmatch(line):
            return line  # such as |---|---|
        if '"' in line or "\r" in line[:-1]:
            return self._redact_quoted_row(line, delimiter, secret, count)
        fields = line.split(delimiter)
        if len(fields) != count:
            return None
        for index in secret:
            value = fields[index].strip(" \r")
            if value and value != self._marker and not is_no_secret(value):
                fields[index] = fields[index].replace(value, self._marker, 1)
        return delimiter.join(fields)

    def _redact_quoted_row(self, line: str, delimiter: str, secret: list[int], count: int) -> str | None:
        spans = _split_quoted_row(line, delimiter)
        if len(spans) != count:
            return None
        parts: list[str] = []
        done = 0
        for index in secret:
            first, last = spans[index]
            if first < last and not self._is_harmless(line[first:last]):
                parts += [line[done:first], self._marker]
                done = last
        return "".join([*parts, line[done:]])

    def _parse_header(self, line: str) -> tuple[str, list[int], int] | None:
        """Return the delimiter, the indexes of secret columns, and the number of columns."""
        delimiter = next(one for one in _DELIMITERS if one in line)
        names = line.split(delimiter)
        if delimiter == "|" or '"' in line:
            names = [part.strip(" ") if delimiter == "|" else part for part in names]
            names = [part[1:-1] if len(part) > 2 and part[0] == part[-1] == '"' else part for part in names]
            # A drawn table has an empty field before the first delimiter, and after the last one.
            inner = names[not names[0] : len(names) - (not names[-1])] if delimiter == "|" else names
            if len(inner) < 2 or not all(map(_COLUMN_WITH_SPACES.fullmatch, inner)):
                return None
        elif not _PLAIN_HEADERS[delimiter].fullmatch(line):
            return None
        secret = [index for index, name in enumerate(names) if name and self._is_secret(name)]
        return (delimiter, secret, len(names)) if secret else None

    def _redact_inserts(self, text: str) -> str:
        parts: list[str] = []
        done = position = 0
        while found := _INSERT.search(text, position):
            position = found.end()
            names = [name.strip(' \t\r\n`"[]') for name in found["columns"].split(",")]
            secret = {index for index, name in enumerate(names) if self._is_secret(name)}
            if not secret:
                continue
            index, position = 0, position + 1
            while value := _SQL_VALUE.match(text, position):
                kind = value.lastgroup or "bare"
                if index in secret and value[kind] and not self._is_harmless(value[kind]):
                    parts += [text[done : value.start(kind)], self._marker]
                    done = value.end(kind)
                position = value.end()
                next_row = _SQL_NEXT_ROW.match(text, position)
                if next_row is not None:
                    index, position = 0, next_row.end()
                elif text.startswith(",", position):
                    index, position = index + 1, position + 1
                else:
                    break
        return "".join([*parts, text[done:]]) if parts else text

    def _is_harmless(self, value: str) -> bool:
        return value == self._marker or is_no_secret(value)


def find_secret_columns(columns: Any, is_secret_text: Callable[[str], bool]) -> Collection[int]:
    """Return the indexes of secret names in a list of the names of columns, or of objects with their names.

    Args:
        columns: The list; anything else has no secret columns.
        is_secret_text: Whether a text is a secret name.
    """
    if columns.__class__ is not list:
        return ()
    found: list[int] = []
    for index, column in enumerate(columns):
        name = column.get("name", column.get("field")) if column.__class__ is dict else column
        if name.__class__ is str and is_secret_text(name):
            found.append(index)
    return found


def _split_quoted_row(line: str, delimiter: str) -> list[tuple[int, int]]:
    """Return the span of each field of a line, without quotes and padding. Empty if a quote is within a field."""
    pattern = _FIELDS[delimiter]
    spans: list[tuple[int, int]] = []
    position = 0
    while found := pattern.match(line, position):
        first, last = found.span()
        if found["quoted"]:
            spans.append((first + 1, last - 1))
        else:
            bare = found[0]
            spans.append((first + len(bare) - len(bare.lstrip(" ")), first + len(bare.rstrip(" \r"))))
        if not line.startswith(delimiter, last):
            return spans if line[last:].strip() == "" else []
        position = last + 1
    return []
