"""Profiles: the credentials of accounts, in a TOML file that nobody else can read.

[shop-nl]
public_key = "…"
secret_key = "…"

[shop-de]
client_id = "…"
client_secret = "…"
base_url = "https://panel.sendcloud.sc/api/v3"   # optional, as is token_url
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import attrs
import platformdirs

from sendcloud_integrations_client.auth import BasicAuth, Credentials, OAuth2ClientCredentials, check_base_url
from sendcloud_integrations_client.errors import ConfigurationError

__all__ = ["Profile", "Profiles", "default_config", "load_profiles"]

_BASIC: Final = frozenset({"public_key", "secret_key"})
_OAUTH2: Final = frozenset({"client_id", "client_secret"})
_OPTIONAL: Final = frozenset({"token_url", "base_url"})


@attrs.frozen
class Profile:
    """One account.

    Attributes:
        name: What the file calls it.
        auth: Its credentials.
        base_url: The API's address; None for the environment's, or Sendcloud's.
    """

    name: str
    auth: Credentials
    base_url: str | None


def default_config() -> Path:
    """Where the profiles are, unless `--config` says otherwise: `profiles.toml` in the user's configuration folder."""
    return platformdirs.user_config_path("sendcloud-integrations") / "profiles.toml"


class Profiles(Mapping[str, Profile]):
    """The profiles of a file, in its order. Each is looked at when it is asked for, so that one need not mind another.

    Args:
        path: The file.
        tables: What is in it.
    """

    def __init__(self, path: Path, tables: Mapping[str, Any]) -> None:
        self._path = path
        self._tables = tables

    def __getitem__(self, name: str) -> Profile:
        """One profile.

        Raises:
            KeyError: There is none of that name.
            ConfigurationError: It is not complete, or cannot work.
        """
        return _read(self._path, name, self._tables[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        return f"Profiles({str(self._path)!r}: {', '.join(self)})"


def load_profiles(path: Path) -> Profiles:
    """Read a file of profiles.

    Args:
        path: The file.

    Raises:
        ConfigurationError: Others than its owner may read or change it, it is no TOML, or holds more than profiles.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        _check_privacy(path, os.fstat(file.fileno()))
        try:
            content = tomllib.loads(file.read().decode("utf-8-sig"))  # editors on Windows write a mark first
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} is no TOML: {error}") from None
    for name, table in content.items():
        if not isinstance(table, dict):
            raise ConfigurationError(f"{path}: {name} stands outside of a profile: start one with [its-name] before it")
    return Profiles(path, content)


def _check_privacy(path: Path, facts: os.stat_result) -> None:
    if os.name != "posix":
        return  # Windows keeps a user's folder from other users by itself.
    if facts.st_uid not in (os.geteuid(), 0):
        raise ConfigurationError(f"{path} belongs to another user and is not read: copy it to a file of your own")
    if facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(f"others can read {path}, which holds secrets: chmod 600 '{path}'")


def _read(path: Path, name: str, table: Any) -> Profile:
    where = f"profile {name!r} of {path}"
    fields = cast("dict[str, Any]", table)
    if unknown := sorted(fields.keys() - _BASIC - _OAUTH2 - _OPTIONAL):
        known = ", ".join(sorted(_BASIC | _OAUTH2 | _OPTIONAL))
        raise ConfigurationError(f"{where} has the unknown key {unknown[0]!r}; known are {known}")
    for key, value in fields.items():
        if not isinstance(value, str):
            raise ConfigurationError(f"{where}: {key} must be text in quotes")
    given = frozenset(fields) & (_BASIC | _OAUTH2)
    if given not in (_BASIC, _OAUTH2):
        raise ConfigurationError(
            f"{where} needs public_key and secret_key, or client_id and client_secret, and only one of the two pairs"
        )
    if given == _BASIC and "token_url" in fields:
        raise ConfigurationError(f"{where}: token_url goes with client_id and client_secret")
    try:
        if "base_url" in fields:
            check_base_url(fields["base_url"])
        return Profile(name, _auth(fields), fields.get("base_url"))
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _auth(fields: Mapping[str, str]) -> Credentials:
    if "public_key" in fields:
        return BasicAuth(fields["public_key"], fields["secret_key"])
    client = fields["client_id"], fields["client_secret"]
    if "token_url" in fields:
        return OAuth2ClientCredentials(*client, token_url=fields["token_url"])
    return OAuth2ClientCredentials(*client)
