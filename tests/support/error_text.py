"""Everything that a report of an error could print, to check that it contains no secret."""

from __future__ import annotations

import base64
import traceback
from pathlib import Path
from urllib.parse import quote_plus

import sendcloud_integrations_client

_PACKAGE_DIRECTORY = Path(sendcloud_integrations_client.__file__).parent


def render_error(error: BaseException) -> str:
    """Return text, repr, attributes and traceback of an error, and the local variables of this package's frames."""
    frames = [
        frame
        for link in (error, error.__cause__, error.__context__)
        if link is not None
        for frame in traceback.TracebackException.from_exception(link, capture_locals=True).stack
        if Path(frame.filename).is_relative_to(_PACKAGE_DIRECTORY / "auth")
    ]
    attributes = {name: value for name, value in vars(error).items() if name != "_request"}
    printed = "".join(traceback.format_exception(error))
    return f"{error} {error!r} {attributes} {printed} {[frame.locals for frame in frames]}"


def get_secret_spellings(secret: str, user: str = "client-id") -> list[str]:
    """Return the forms in which a secret can appear: plain, form-encoded, and in a Basic header."""
    pair = f"{quote_plus(user)}:{quote_plus(secret)}".encode()
    return [secret, quote_plus(secret), base64.b64encode(pair).decode()]
