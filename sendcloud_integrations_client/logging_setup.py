"""Readable log lines on stderr, enabled with the environment variable `SENDCLOUD_LOG`."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final

from sendcloud_integrations_client.errors import ConfigurationError

__all__ = ["set_up_logging_from_environment"]

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO}
_FORMAT: Final = "%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s"
_TIME_FORMAT: Final = "%H:%M:%S"


def set_up_logging_from_environment() -> None:
    """Log to stderr if the environment variable `SENDCLOUD_LOG` is `debug` or `info`.

    Sets the level of the logger `sendcloud_integrations_client`. The handler writes nothing while the root logger has
    handlers, because these receive the lines already. Repeated calls add no further handler.

    Raises:
        ConfigurationError: If `SENDCLOUD_LOG` has another value.
    """
    name = os.environ.get("SENDCLOUD_LOG", "").strip().lower()
    if not name:
        return
    if name not in _LEVELS:
        raise ConfigurationError("Invalid SENDCLOUD_LOG: must be debug or info.")
    logger = logging.getLogger("sendcloud_integrations_client")
    logger.setLevel(_LEVELS[name])
    if not any(isinstance(handler, _StderrHandler) for handler in logger.handlers):
        logger.addHandler(_StderrHandler())


class _StderrHandler(logging.Handler):
    """Writes to the current `sys.stderr`, unless the root logger has handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORMAT, _TIME_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger().handlers:
            return
        try:
            print(self.format(record), file=sys.stderr)
        except Exception:
            self.handleError(record)
