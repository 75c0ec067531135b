"""Parses the `Link` header (RFC 8288) in linear time."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

import attrs

from sendcloud_integrations_client.errors import ResponseDecodeError

__all__ = ["parse_next_cursor"]

_MAX_LENGTH: Final = 65_536
_NEXT: Final = re.compile(r"\bnext\b", re.IGNORECASE)
_PUNCTUATION: Final = "\"'\\,;\u201c\u201d\u2018\u2019"
"""Not part of a relation: left over from quotes that are escaped, unbalanced or typographic, and from separators."""


def parse_next_cursor(header: str) -> str | None:
    """Return the cursor of the link with the relation `next`.

    The parser accepts what servers send beyond the standard: trailing semicolons, semicolons or nothing between links,
    single, unbalanced, escaped and typographic quotes, and any case.

    Args:
        header: Value of the `Link` header; several headers joined by commas.

    Returns:
        The cursor, percent-decoded and otherwise unchanged; None if there is no next page.

    Raises:
        ResponseDecodeError: If the header mentions `next` and yields no cursor, or if it is longer than 64 KiB. The
            alternative would be to end the iteration early without an error.
    """
    if len(header) > _MAX_LENGTH:
        raise ResponseDecodeError(f"the Link header is longer than {_MAX_LENGTH} characters", field="Link")
    links, malformed = _parse_links(header)
    for link in links:
        if "next" in link.relations:
            cursor = _get_cursor(link.target)
            if cursor is None:
                raise ResponseDecodeError("the link to the next page contains no cursor", field="Link")
            return cursor
    if _NEXT.search(malformed):
        raise ResponseDecodeError("the Link header mentions a next page and cannot be parsed", field="Link")
    return None


@attrs.frozen
class _Link:
    target: str
    relations: list[str]


def _parse_links(header: str) -> tuple[list[_Link], str]:
    """Return the links of a header, and the text that is no valid part of a link."""
    links: list[_Link] = []
    malformed: list[str] = []
    position, length = 0, len(header)
    while position < length:
        start = header.find("<", position)
        end = header.find(">", start + 1) if start >= 0 else -1
        if end < 0:
            malformed.append(header[position:])
            break
        malformed.append(header[position:start])
        parameters, position = _parse_parameters(header, end + 1)
        values = [value for name, value in parameters if name == "rel"]
        if not values:
            malformed.append(header[end + 1 : position])
            continue
        relations = [relation.strip(_PUNCTUATION) for relation in values[0].lower().split()]
        links.append(_Link(header[start + 1 : end], relations))
        # An extension relation is a URI, in which `next` means something else.
        malformed += [relation for relation in relations if ":" not in relation]
        malformed += [name for name, _ in parameters]
        malformed += values[1:]
    return links, " ".join(malformed)


def _parse_parameters(header: str, position: int) -> tuple[list[tuple[str, str]], int]:
    """Parse the parameters of one link; return them with lower-case names, and the position where they end."""
    parameters: list[tuple[str, str]] = []
    length = len(header)
    while position < length:
        if header[position] in ",<":
            return parameters, position
        if header[position] in "; \t":
            position += 1
            continue
        start = position
        while position < length and header[position] not in "=;,":
            position += 1
        name, value = header[start:position].strip().lower(), ""
        if position < length and header[position] == "=":
            value, position = _parse_value(header, position + 1)
        parameters.append((name, value))
    return parameters, position


def _parse_value(header: str, position: int) -> tuple[str, int]:
    length = len(header)
    while position < length and header[position] in " \t":
        position += 1
    quote = header[position] if position < length and header[position] in "\"'" else ""
    if not quote:
        start = position
        while position < length and header[position] not in ";,":
            position += 1
        return header[start:position].strip(), position
    position += 1
    characters: list[str] = []
    while position < length and header[position] != quote:
        if header[position] == "\\" and position + 1 < length:
            position += 1
        characters.append(header[position])
        position += 1
    return "".join(characters), position + 1


def _get_cursor(target: str) -> str | None:
    for part in target.partition("#")[0].partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        if name == "cursor" and value:
            # Not unquote_plus: an unescaped `+` is the sign of an offset, or base64.
            return unquote(value)
    return None
