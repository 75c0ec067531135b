"""Masks credentials in the DEBUG log of httpcore2, which prints response headers: a server may echo them there."""

from __future__ import annotations

import logging
import re
from typing import Final

__all__ = ["mask_credentials_in_logs"]

_LOGGERS: Final = ("httpcore2.http11", "httpcore2.http2")
_CREDENTIALS: Final = re.compile(r"\b(Basic|Bearer)(\s+|%20)[A-Za-z0-9._~+/=%-]{8,}", re.IGNORECASE)


def mask_credentials_in_logs() -> None:
    """Add the filter to httpcore2's loggers. Repeated calls have no effect."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_MASK)


class _MaskCredentials(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        masked = _CREDENTIALS.sub(r"\1 ***", message)
        if masked != message:
            record.msg, record.args = masked, None
        return True


_MASK: Final = _MaskCredentials()
