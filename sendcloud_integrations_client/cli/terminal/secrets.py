"""Secrets in what the user typed: errors quote options and arguments without them."""

from __future__ import annotations

import os
import re
from typing import Final

__all__ = ["hide_secrets", "quote_value"]

_SECRET_VARIABLES: Final = ("SENDCLOUD_SECRET_KEY", "SENDCLOUD_CLIENT_SECRET")
_MIN_SECRET_LENGTH: Final = 6  # shorter values, as in tests, are also parts of ordinary words
_MAX_LENGTH: Final = 200

# A URL can be mistyped, so nothing is assumed about its structure: everything between a colon and the last @ is hidden,
# and everything after `password=`.
_PASSWORD_PARAMETER: Final = re.compile(r"(\w*pass\w*=).*", re.IGNORECASE | re.DOTALL)
_USER_AND_PASSWORD: Final = re.compile(r"(\w:/{0,2})(?=\S).*@", re.DOTALL)


def quote_value(text: str) -> str:
    """Return what the user typed, in quotes and without secrets, for an error message.

    Args:
        text: Value of an option or argument.
    """
    shown = hide_secrets(text)
    return repr(shown if len(shown) <= _MAX_LENGTH else f"{shown[:_MAX_LENGTH]}…")


def hide_secrets(text: str) -> str:
    """Replace the passwords of database URLs, and the secrets in the environment, by `***`.

    Args:
        text: What the user typed, or a message that contains it.
    """
    for name in _SECRET_VARIABLES:
        secret = os.environ.get(name, "")
        if len(secret) >= _MIN_SECRET_LENGTH:
            text = text.replace(secret, "***")
    return _USER_AND_PASSWORD.sub(r"\1***@", _PASSWORD_PARAMETER.sub(r"\1***", text))
