"""Replaces e-mail addresses and phone numbers in text."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["redact_personal_data"]

_EMAIL: Final = re.compile(r"(?<![\w.+%\-])[\w.+%\-]++@(?:[\w\-]{1,63}+\.){1,9}+(?:[A-Za-z]{2,24}+|xn--[\w\-]{2,60}+)")
_INTERNATIONAL: Final = re.compile(r"(?<![\w+.])(?:\+|\(\+|00(?=[1-9]))[1-9](?:[ .\-/()]{0,3}\d){7,14}+(?![\w])")
_NATIONAL: Final = re.compile(
    r"(?<![\w.,+\-/:])(?!\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})\(?0[1-9]\d{0,4}+\)?[ \-/.](?:[ \-/.]{0,3}\d){5,10}+(?![\w])"
)
_MIN_DIGITS: Final = 9
_MAX_DIGITS: Final = 15
_MIN_DIGITS_WITH_ZEROS: Final = 11


def redact_personal_data(text: str, marker: str) -> str:
    """Replace e-mail addresses and phone numbers.

    Args:
        text: The text.
        marker: Replacement for each.

    Returns:
        The text.
    """
    if "@" in text:
        text = _EMAIL.sub(marker, text)
    if "+" in text or "00" in text:
        text = _INTERNATIONAL.sub(lambda found: marker if _is_international(found[0]) else found[0], text)
    if "0" in text:
        text = _NATIONAL.sub(lambda found: marker if _count_digits(found[0]) >= _MIN_DIGITS else found[0], text)
    return text


def _is_international(number: str) -> bool:
    digits = _count_digits(number)
    if number.startswith("00"):
        return _MIN_DIGITS_WITH_ZEROS <= digits <= _MAX_DIGITS
    return digits <= _MAX_DIGITS


def _count_digits(text: str) -> int:
    return sum(map(str.isdigit, text))
