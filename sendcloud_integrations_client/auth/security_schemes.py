"""Security schemes: which kinds of credentials an API accepts, and where they are sent."""

from __future__ import annotations

from typing import Final, Literal

import attrs

__all__ = ["SENDCLOUD_SCHEMES", "SecurityScheme"]


@attrs.frozen
class SecurityScheme:
    """One way in which an API accepts credentials.

    Attributes:
        kind: `basic` for HTTP Basic, `bearer` for OAuth2 and other bearer tokens, or `api_key`.
        name: For an API key: name of the header or of the query parameter.
        place: For an API key: where it is sent.
    """

    kind: Literal["basic", "bearer", "api_key"]
    name: str = ""
    place: Literal["header", "query"] = "header"


SENDCLOUD_SCHEMES: Final = (SecurityScheme("basic"), SecurityScheme("bearer"))
"""The schemes of Sendcloud's APIs: a key pair, or OAuth2 client credentials."""
