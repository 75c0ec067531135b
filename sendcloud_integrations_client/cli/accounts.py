"""Which accounts a command works for: one from the environment, or profiles of the file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import attrs

from sendcloud_integrations_client.auth import Credentials
from sendcloud_integrations_client.cli.profiles import Profile, Profiles, default_config, load_profiles
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import ConfigurationError

__all__ = ["Account", "choose_account", "choose_accounts", "known_profiles"]

T = TypeVar("T")

_DEFAULT: Final = "default"
_VARIABLES: Final = (
    "SENDCLOUD_PUBLIC_KEY",
    "SENDCLOUD_SECRET_KEY",
    "SENDCLOUD_CLIENT_ID",
    "SENDCLOUD_CLIENT_SECRET",
)


@attrs.frozen
class Account:
    """One account.

    Attributes:
        name: Its profile, or `default` for the one of the environment.
        auth: Its credentials; None for those of the environment.
        base_url: The API's address; None for the environment's, or Sendcloud's.
    """

    name: str = _DEFAULT
    auth: Credentials | None = None
    base_url: str | None = None

    def client(self) -> SendcloudIntegrations:
        """A new client, for the caller to close.

        Raises:
            ConfigurationError: The credentials or the address cannot work.
        """
        return SendcloudIntegrations(auth=self.auth, base_url=self.base_url)

    def run(self, work: Callable[[SendcloudIntegrations], Awaitable[T]]) -> T:
        """Do `work` with a client, in an event loop of its own, and give what it comes to."""

        async def with_client() -> T:
            async with self.client() as client:
                return await work(client)

        return asyncio.run(with_client())


def choose_account(profile: str | None, config: Path | None) -> Account:
    """The one account of a command.

    Args:
        profile: Name of a profile; None takes the environment, then the profile `default`, then the only one.
        config: The file of profiles; None for the usual one.

    Raises:
        ConfigurationError: There is no such profile, none to fall back on, or a choice that nobody made.
        OSError: The file cannot be read.
    """
    if profile is None and config is None and any(os.environ.get(name) for name in _VARIABLES):
        return Account()
    path = config or default_config()
    profiles = _load(path, asked=profile is not None or config is not None)
    if profile is not None:
        return _account(_named(profiles, profile, path))
    if _DEFAULT in profiles:
        return _account(profiles[_DEFAULT])
    if len(profiles) == 1:
        return _account(next(iter(profiles.values())))
    if profiles:
        raise ConfigurationError(f"choose one of the profiles of {path} with --profile: {', '.join(profiles)}")
    raise ConfigurationError(
        "no credentials: set SENDCLOUD_PUBLIC_KEY and SENDCLOUD_SECRET_KEY (or SENDCLOUD_CLIENT_ID and "
        f"SENDCLOUD_CLIENT_SECRET), or write a profile into {path}"
    )


def choose_accounts(names: Sequence[str], *, every: bool, config: Path | None) -> list[Account]:
    """The accounts of a command that works for many.

    Args:
        names: Names of profiles, each once; empty for what `choose_account` takes.
        every: All profiles of the file instead.
        config: The file of profiles; None for the usual one.

    Raises:
        ConfigurationError: As in `choose_account`.
        OSError: The file cannot be read.
    """
    if not names and not every:
        return [choose_account(None, config)]
    path = config or default_config()
    profiles = _load(path, asked=True)
    if every:
        if not profiles:
            raise ConfigurationError(f"{path} holds no profile")
        return [_account(one) for one in profiles.values()]
    return [_account(_named(profiles, name, path)) for name in dict.fromkeys(names)]


def known_profiles(config: Path | None = None) -> list[str]:
    """Names for shell completion; none where the file cannot be used."""
    try:
        return list(load_profiles(config or default_config()))
    except (ConfigurationError, OSError):
        return []


def _load(path: Path, *, asked: bool) -> Profiles:
    try:
        return load_profiles(path)
    except FileNotFoundError:
        if asked:
            raise ConfigurationError(f"there is no file of profiles at {path}") from None
        return Profiles(path, {})


def _named(profiles: Profiles, name: str, path: Path) -> Profile:
    if name not in profiles:
        known = f"it holds {', '.join(profiles)}" if profiles else "it holds none"
        raise ConfigurationError(f"there is no profile {name!r} in {path}; {known}")
    return profiles[name]


def _account(profile: Profile) -> Account:
    return Account(profile.name, profile.auth, profile.base_url)
