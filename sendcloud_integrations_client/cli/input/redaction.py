"""The redaction that the options of a command select."""

from __future__ import annotations

from collections.abc import Iterable

from sendcloud_integrations_client.cli.terminal.errors import InputError
from sendcloud_integrations_client.sync import DEFAULT_FIELDS, DEFAULT_HEADERS, Redaction

__all__ = ["build_redaction", "choose_redaction"]


def choose_redaction(*, is_enabled: bool, names: Iterable[str] | None) -> Redaction | None:
    """Return the redaction for the options `--redact` and `--redact-field`; None for `--no-redact`.

    Args:
        is_enabled: Value of `--redact`.
        names: Values of `--redact-field`.

    Raises:
        InputError: If `--redact-field` and `--no-redact` are combined.
    """
    if is_enabled:
        return build_redaction(names)
    if names:
        raise InputError("Invalid options: --redact-field and --no-redact cannot be combined. Choose one.")
    return None


def build_redaction(names: Iterable[str] | None, *, personal_data: bool = False) -> Redaction:
    """Return the default redaction with additional names.

    Args:
        names: Names of headers and fields to redact, in addition to the default ones.
        personal_data: Whether to redact e-mail addresses and phone numbers. Defaults to False.
    """
    added = frozenset(names or ())
    headers: frozenset[str] = DEFAULT_HEADERS | added
    fields: frozenset[str] = DEFAULT_FIELDS | added
    return Redaction(headers=headers, fields=fields, personal_data=personal_data)
