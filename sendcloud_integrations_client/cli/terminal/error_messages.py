"""Errors as messages of the command line, which name options and variables instead of arguments of the library."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sendcloud_integrations_client.errors import (
    APIError,
    APITimeoutError,
    InvalidInputError,
    RateLimitError,
    ResponseDecodeError,
    SendcloudError,
)

__all__ = ["describe_error", "describe_rule"]

_ADVICE: Final[Mapping[type[APIError], str]] = {
    APITimeoutError: "Try again later.",
    RateLimitError: "Try again later. All programs with these credentials share one rate limit.",
}
_REPORT: Final = "Report it to the maintainers."
_SETTINGS: Final = {
    "base_url": "the base URL (SENDCLOUD_BASE_URL or the profile)",
    "token_url": "the URL of the token endpoint (SENDCLOUD_TOKEN_URL or the profile)",
}
_SETTING: Final = re.compile(rf"\b({'|'.join(_SETTINGS)})\b")
# The command line has no options for these arguments.
_LIMIT: Final = re.compile(r"\b(?:total_timeout|timeout|max_response_bytes)=(?=\d)")
_INSECURE_HTTP: Final = ", or pass allow_insecure_http=True"
_JSON_NAMES: Final = {
    "NoneType": "null",
    "bool": "a boolean",
    "dict": "an object",
    "float": "a number",
    "int": "an integer",
    "list": "a list",
    "str": "text",
}
_PYTHON_TYPE: Final = re.compile(rf"(?<=, not )({'|'.join(_JSON_NAMES)})$")


def describe_error(error: SendcloudError) -> str:
    """Return the message for an error of the client.

    Args:
        error: The error. The advice of an `APIError` is changed.
    """
    if isinstance(error, InvalidInputError):
        return f"Invalid input: {error.field} {describe_rule(error.rule)}. Nothing was changed."
    if isinstance(error, APIError):
        error.advice = _build_advice(error)
        return _LIMIT.sub("", str(error))
    return str(error).replace(_INSECURE_HTTP, "")


def describe_rule(rule: str) -> str:
    """Return the rule that a value violates, with the JSON name of the value's type instead of the Python name.

    Args:
        rule: The rule, such as `must be text, not int`.
    """
    return _PYTHON_TYPE.sub(lambda match: _JSON_NAMES[match[1]], rule)


def _build_advice(error: APIError) -> str:
    for kind, advice in _ADVICE.items():
        if isinstance(error, kind):
            return advice
    if isinstance(error, ResponseDecodeError) and "=" in error.advice:  # names an argument to pass
        return _REPORT
    return _SETTING.sub(lambda match: _SETTINGS[match[1]], error.advice)
