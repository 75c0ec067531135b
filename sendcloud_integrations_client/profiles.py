"""Accounts, and profiles: credentials of accounts in a TOML file that only its owner may read.

[shop-nl]
public_key = "…"
secret_key = "…"

[shop-de]
client_id = "…"
client_secret = "…"
base_url = "https://panel.sendcloud.sc/api/v3"   # optional, like token_url
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import attrs

from sendcloud_integrations_client.auth import BasicAuth, Credentials, OAuth2ClientCredentials, validate_base_url
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits

__all__ = ["Account", "Profiles", "accounts_from_profiles", "load_profiles"]

_BASIC_KEYS: Final = frozenset({"public_key", "secret_key"})
_OAUTH2_KEYS: Final = frozenset({"client_id", "client_secret"})
_OPTIONAL_KEYS: Final = frozenset({"token_url", "base_url"})


@attrs.frozen
class Account:
    """Credentials and base URL of one account, without connections.

    Attributes:
        name: Name of the profile, and of the account in a store.
        auth: Credentials. Defaults to None, the credentials of the environment.
        base_url: Base URL of the API. Defaults to None, which reads it from the environment, and then uses Sendcloud's.
    """

    name: str = "default"
    auth: Credentials | None = None
    base_url: str | None = None

    def create_client(self, *, rate_limits: RateLimits | None = None) -> SendcloudIntegrations:
        """Create a client for the account. The caller closes it.

        Args:
            rate_limits: The limits of the credentials. Defaults to None, Sendcloud's limits.

        Raises:
            ConfigurationError: If the credentials or the base URL are invalid.
        """
        limits = RateLimits() if rate_limits is None else rate_limits
        return SendcloudIntegrations(auth=self.auth, base_url=self.base_url, rate_limits=limits)


def accounts_from_profiles(path: str | Path) -> list[Account]:
    """Read the accounts of a profile file, which the command line uses too.

    Args:
        path: Path of the file.

    Returns:
        One account per profile, in file order.

    Raises:
        ConfigurationError: If users other than the owner may access the file, if it is not valid TOML, or if a profile
            is incomplete or invalid.
        OSError: If the file cannot be read.

    Example:
        async with LogStore("logs.db") as store:
            summaries = await sync_accounts(accounts_from_profiles("profiles.toml"), store)
    """
    return list(load_profiles(Path(path)).values())


class Profiles(Mapping[str, Account]):
    """The profiles of a file, in file order. Each profile is validated on access, so an invalid one affects no other.

    Args:
        path: Path of the file, for error messages.
        tables: Content of the file: one table per profile.
    """

    def __init__(self, path: Path, tables: Mapping[str, Any]) -> None:
        self._path = path
        self._tables = tables

    def __getitem__(self, name: str) -> Account:
        """Return one profile.

        Raises:
            KeyError: If the file has no profile with this name.
            ConfigurationError: If the profile is incomplete or invalid.
        """
        return _build_profile(self._path, name, self._tables[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        return f"Profiles({str(self._path)!r}: {', '.join(self)})"


def load_profiles(path: Path) -> Profiles:
    """Read a profile file.

    Args:
        path: Path of the file.

    Returns:
        The profiles, not validated yet.

    Raises:
        ConfigurationError: If users other than the owner may access the file, if it is not valid TOML, or if it
            contains keys outside of a profile.
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        _check_permissions(path, os.fstat(file.fileno()))
        try:
            content = tomllib.loads(file.read().decode("utf-8-sig"))  # some editors on Windows write a byte order mark
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"Invalid profile file {path}: not valid TOML: {error}.") from None
    for name, table in content.items():
        if not isinstance(table, dict):
            raise ConfigurationError(
                f"Invalid profile file {path}: key {name} is outside of a profile. Add a [profile-name] line before it."
            )
    return Profiles(path, content)


def _check_permissions(path: Path, file_status: os.stat_result) -> None:
    if os.name != "posix":
        return  # Windows protects a user's folder from other users by default.
    if file_status.st_uid not in (os.geteuid(), 0):
        raise ConfigurationError(
            f"Profile file {path} rejected: it belongs to another user. Copy it to a file that you own."
        )
    if file_status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(
            f"Profile file {path} rejected: other users can access its secrets. Run: chmod 600 '{path}'"
        )


def _build_profile(path: Path, name: str, table: Any) -> Account:
    subject = f"Invalid profile {name!r} in {path}"
    fields = cast("dict[str, Any]", table)
    if unknown := sorted(fields.keys() - _BASIC_KEYS - _OAUTH2_KEYS - _OPTIONAL_KEYS):
        allowed = ", ".join(sorted(_BASIC_KEYS | _OAUTH2_KEYS | _OPTIONAL_KEYS))
        raise ConfigurationError(f"{subject}: unknown key {unknown[0]!r}. Allowed keys: {allowed}.")
    for key, value in fields.items():
        if not isinstance(value, str):
            raise ConfigurationError(f"{subject}: {key} must be a string in quotes.")
    credential_keys = frozenset(fields) & (_BASIC_KEYS | _OAUTH2_KEYS)
    if credential_keys not in (_BASIC_KEYS, _OAUTH2_KEYS):
        raise ConfigurationError(
            f"{subject}: needs exactly one pair of credentials. "
            "Set public_key and secret_key, or client_id and client_secret."
        )
    if credential_keys == _BASIC_KEYS and "token_url" in fields:
        raise ConfigurationError(f"{subject}: token_url requires client_id and client_secret.")
    try:
        if "base_url" in fields:
            validate_base_url(fields["base_url"])
        return Account(name, _build_credentials(fields), fields.get("base_url"))
    except ConfigurationError as error:
        raise ConfigurationError(f"{subject}: {error}") from None


def _build_credentials(fields: Mapping[str, str]) -> Credentials:
    if "public_key" in fields:
        return BasicAuth(fields["public_key"], fields["secret_key"])
    return OAuth2ClientCredentials(fields["client_id"], fields["client_secret"], token_url=fields.get("token_url"))
