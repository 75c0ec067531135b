"""Masks credentials in the DEBUG log of httpcore2, which prints response headers: a server may echo them there."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Final

import httpx

from sendcloud_integrations_client.runtime.secret_masking import collect_request_secrets, mask_text

__all__ = ["MASKED_LOGGERS", "mask_in_logs"]

MASKED_LOGGERS: Final = tuple(logging.getLogger(f"httpcore2.{name}") for name in ("http11", "http2"))
"""The loggers that print headers at level DEBUG."""

_request: ContextVar[httpx.Request | None] = ContextVar("request", default=None)


def mask_in_logs(request: httpx.Request) -> None:
    """Mask the credentials of a request in what httpcore2 logs in this task, until the next call."""
    for logger in MASKED_LOGGERS:
        logger.addFilter(_MASK)
    _request.set(request)


class _MaskCredentials(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        request = _request.get()
        if request is not None:
            message = record.getMessage()
            masked = mask_text(message, collect_request_secrets(request))
            if masked != message:
                record.msg, record.args = masked, None
        return True


_MASK: Final = _MaskCredentials()
