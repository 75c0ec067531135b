"""Secrets out of records, before anything is stored."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["DEFAULT_FIELDS", "DEFAULT_HEADERS", "Redaction"]

DEFAULT_HEADERS: Final = frozenset(
    {
        "Authorization",
        "Proxy-Authorization",
        "WWW-Authenticate",
        "Cookie",
        "Set-Cookie",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Access-Token",
        "X-CSRF-Token",
        "X-Shopify-Access-Token",
    }
)
"""Headers whose values are secrets."""

DEFAULT_FIELDS: Final = frozenset(
    {
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "secret",
        "token",
        "api_key",
        "access_key",
        "private_key",
        "secret_key",
        "consumer_key",
        "credentials",
        "authorization",
        "signature",
        "session_id",
        "otp",
        "jwt",
        "iban",
        "card_number",
        "cvv",
        "cvc",
    }
)
"""Fields of JSON, forms and query strings whose values are secrets."""


@attrs.frozen(kw_only=True)
class Redaction:
    """Which values are replaced before a record is stored, in the quarantine too.

    Attributes:
        headers: Names of headers.
        fields: Names of fields, in JSON and form bodies and in the queries of URLs.
        marker: What stands in place of a value.
    """

    headers: frozenset[str] = attrs.field(default=DEFAULT_HEADERS, converter=frozenset)
    fields: frozenset[str] = attrs.field(default=DEFAULT_FIELDS, converter=frozenset)
    marker: str = "[redacted]"
