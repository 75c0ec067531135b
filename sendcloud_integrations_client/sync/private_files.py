"""Files with customers' data: created for their owner only, with a warning if others can access an existing one."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Final

__all__ = ["create_private_file", "warn_if_accessible_to_others", "write_private_text"]

_PRIVATE_MODE: Final = 0o600

_logger = logging.getLogger("sendcloud_integrations_client")


def create_private_file(path: Path) -> bool:
    """Create an empty file that only its owner can read and write, unless the path exists.

    The mode is 0600 whatever the umask of the process is. On Windows, the file has the permissions of its folder.

    Args:
        path: Path of the file.

    Returns:
        Whether the file was created.

    Raises:
        OSError: If the file cannot be created.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_MODE)
    except FileExistsError:
        return False
    try:
        if os.name == "posix":
            os.fchmod(descriptor, _PRIVATE_MODE)  # a umask can also remove permissions of the owner
    finally:
        os.close(descriptor)
    return True


def write_private_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8. A new file has the mode 0600; an existing one keeps its permissions.

    Args:
        path: Path of the file.
        text: Content of the file.

    Raises:
        OSError: If the file cannot be written.
    """
    create_private_file(path)
    path.write_text(text, encoding="utf-8")


def warn_if_accessible_to_others(path: Path) -> None:
    """Log a warning if the group or other users can read or write a file. Does nothing on Windows.

    Args:
        path: Path of the file.

    Raises:
        OSError: If the file does not exist.
    """
    mode = path.stat().st_mode
    if os.name == "posix" and stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
        _logger.warning(
            "Other users of this computer can access the data in %s: its mode is %o. Run: chmod 600 '%s'",
            path,
            stat.S_IMODE(mode),
            path,
        )
