"""Where workers get their accounts from: a profile file that is read again when it changes, a list, or a function."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from sendcloud_integrations_client.errors import ConfigurationError, to_single_line
from sendcloud_integrations_client.profiles import Account, Profiles, load_profiles

__all__ = ["AccountSource", "ProfileFile", "read_accounts"]

Accounts = Mapping[str, Account] | Iterable[Account]
AccountSource = Accounts | Callable[[], Accounts | Awaitable[Accounts]]
"""Accounts, or a function that returns them. The function is called for each job and each planning of jobs.

Return the same `Account` object while the credentials of an account are the same: a worker opens a new client for a new
object.
"""

_logger = logging.getLogger("sendcloud_integrations_client")


class ProfileFile:
    """The accounts of a profile file, as an `AccountSource`. The file is read again when it changes.

    If a changed file cannot be read, a warning is logged, and the accounts of the last valid file stay in use.

    Args:
        path: Path of the file. It can be a mounted secret, which is replaced as a whole.

    Raises:
        ConfigurationError: See `load_profiles`.
        OSError: If the file cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._version = self._get_version()
        self._accounts: Mapping[str, Account] = _CachedProfiles(load_profiles(self._path))

    def __call__(self) -> Mapping[str, Account]:
        """Return the accounts of the file, by name."""
        version = self._get_version()
        if version != self._version:
            self.reload()
            self._version = version
        return self._accounts

    def reload(self) -> None:
        """Read the file again, whether it has changed or not."""
        try:
            self._accounts = _CachedProfiles(load_profiles(self._path))
        except (ConfigurationError, OSError) as error:
            _logger.warning(
                "The profile file was not read again: %s. The previous accounts stay in use.",
                to_single_line(str(error)).removesuffix("."),
            )
        else:
            _logger.info("The profile file was read: %d accounts.", len(self._accounts))

    def _get_version(self) -> tuple[int, ...] | None:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size


class _CachedProfiles(Mapping[str, Account]):
    """The profiles of a file, each built once, so that its identity shows whether the credentials have changed."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles
        self._accounts: dict[str, Account] = {}

    def __getitem__(self, name: str) -> Account:
        if name not in self._accounts:
            self._accounts[name] = self._profiles[name]
        return self._accounts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._profiles)

    def __len__(self) -> int:
        return len(self._profiles)


async def read_accounts(source: AccountSource) -> Mapping[str, Account]:
    """Return the accounts of a source, by name.

    Args:
        source: The source.

    Raises:
        ConfigurationError: If two accounts have the same name.
        Exception: Any error of a function of the caller.
    """
    found = source() if callable(source) else source
    if inspect.isawaitable(found):
        found = await found
    if isinstance(found, Mapping):
        return cast("Mapping[str, Account]", found)
    accounts: dict[str, Account] = {}
    for account in found:
        if account.name in accounts:
            raise ConfigurationError(f"Invalid accounts: two have the name {account.name!r}. Use different names.")
        accounts[account.name] = account
    return accounts
