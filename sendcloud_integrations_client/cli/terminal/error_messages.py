"""Errors as messages of the command line, which name options and variables instead of arguments of the library."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sendcloud_integrations_client.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    InvalidInputError,
    RateLimitError,
    ResponseDecodeError,
    SendcloudError,
)

__all__ = ["describe_error", "describe_rule"]

# A subclass comes before its base class.
_ADVICE: Final[Mapping[type[APIError], str]] = {
    APITimeoutError: "Try again later.",
    APIConnectionError: "Check the network, and the base URL in SENDCLOUD_BASE_URL or in the profile.",
    RateLimitError: "Try again later. All programs with these credentials share one rate limit.",
    ResponseDecodeError: "Report it to the maintainers.",
}
# The command line has no option that permits http://.
_PYTHON_HINT: Final = ", or pass allow_insecure_http=True"
_JSON_NAMES: Final = {
    "NoneType": "null",
    "bool": "a boolean",
    "dict": "an object",
    "float": "a number",
    "int": "an integer",
    "list": "a list",
    "str": "text",
}
_PYTHON_TYPE: Final = re.compile(rf"(?<=, not )(?:another )?({'|'.join(_JSON_NAMES)})$")


def describe_error(error: SendcloudError) -> str:
    """Return the message for an error of the client.

    Args:
        error: The error. The advice of an `APIError` is replaced.
    """
    if isinstance(error, InvalidInputError):
        return f"Invalid input: {error.field} {describe_rule(error.rule)}. Nothing was changed."
    if isinstance(error, APIError):
        error.advice = next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), error.advice)
    return str(error).replace(_PYTHON_HINT, "")


def describe_rule(rule: str) -> str:
    """Return the rule that a value violates, with the JSON name of the value's type instead of the Python name.

    Args:
        rule: The rule, such as `must be text, not int`.
    """
    return _PYTHON_TYPE.sub(lambda match: _JSON_NAMES[match[1]], rule)
