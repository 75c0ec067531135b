"""Accounts that a command uses: the one from the environment, or profiles from the profile file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import platformdirs

from sendcloud_integrations_client import profiles as profile_files
from sendcloud_integrations_client.client import SendcloudIntegrations
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.pipeline.rate_limiter import RateLimits
from sendcloud_integrations_client.profiles import Profiles, load_profiles

__all__ = ["Account", "choose_account", "choose_accounts", "get_default_config_path", "list_profile_names"]

T = TypeVar("T")

_DEFAULT_NAME: Final = "default"
_CREDENTIAL_VARIABLES: Final = (
    "SENDCLOUD_PUBLIC_KEY",
    "SENDCLOUD_SECRET_KEY",
    "SENDCLOUD_CLIENT_ID",
    "SENDCLOUD_CLIENT_SECRET",
)

_VARIABLES: Final = (*_CREDENTIAL_VARIABLES, "SENDCLOUD_BASE_URL")


class Account(profile_files.Account):
    """A Sendcloud account that a command uses. Its name is `default` if the credentials come from the environment."""

    def create_client(self, *, rate_limits: RateLimits | None = None) -> SendcloudIntegrations:
        """Create a client for the account. The caller closes it.

        Args:
            rate_limits: The limits of the credentials. Defaults to None, Sendcloud's limits.

        Raises:
            ConfigurationError: If the credentials or the base URL are invalid. If they come from the environment, the
                error names the variable.
        """
        try:
            return super().create_client(rate_limits=rate_limits)
        except ConfigurationError as error:
            raise _name_variable(error) from None

    def run(self, call: Callable[[SendcloudIntegrations], Awaitable[T]]) -> T:
        """Run `call` with a client in a new event loop, and close the client afterwards.

        Args:
            call: The function to run.

        Returns:
            The result of `call`.

        Raises:
            ConfigurationError: If the credentials or the base URL are invalid.
        """

        async def run_with_client() -> T:
            async with self.create_client() as client:
                return await call(client)

        return asyncio.run(run_with_client())


def get_default_config_path() -> Path:
    """Return the default path of the profile file: `profiles.toml` in the user's configuration folder."""
    return platformdirs.user_config_path("sendcloud-integrations") / "profiles.toml"


def choose_account(profile: str | None, config: Path | None) -> Account:
    """Return the account of a command that uses one account.

    Args:
        profile: Name of a profile. If None, the credentials of the environment are used, then the profile `default`,
            then the only profile of the file. The environment is ignored if `config` is set.
        config: Path of the profile file. None uses the default path.

    Returns:
        The account.

    Raises:
        ConfigurationError: If the profile or the file does not exist, if there are no credentials, or if the file has
            several profiles and none was chosen.
        OSError: If the file cannot be read.
    """
    if profile is None and config is None and any(os.environ.get(name) for name in _CREDENTIAL_VARIABLES):
        return Account()
    path = config or get_default_config_path()
    profiles = _load(path, is_required=profile is not None or config is not None)
    if profile is not None:
        return _to_account(_get_profile(profiles, profile, path))
    if _DEFAULT_NAME in profiles:
        return _to_account(profiles[_DEFAULT_NAME])
    if len(profiles) == 1:
        return _to_account(next(iter(profiles.values())))
    if profiles:
        raise ConfigurationError(
            f"No profile selected: {path} has several. Pass --profile with one of: {', '.join(profiles)}."
        )
    raise ConfigurationError(
        "No credentials found. Set SENDCLOUD_PUBLIC_KEY and SENDCLOUD_SECRET_KEY (or SENDCLOUD_CLIENT_ID and "
        f"SENDCLOUD_CLIENT_SECRET), or add a profile to {path}."
    )


def choose_accounts(names: Sequence[str], *, all_profiles: bool, config: Path | None) -> list[Account]:
    """Return the accounts of a command that uses several accounts.

    Args:
        names: Names of profiles; duplicates are ignored. If empty, `choose_account` chooses one account.
        all_profiles: Use all profiles of the file and ignore `names`.
        config: Path of the profile file. None uses the default path.

    Returns:
        The accounts, each once.

    Raises:
        ConfigurationError: As in `choose_account`, and if `all_profiles` is set and the file has no profiles.
        OSError: If the file cannot be read.
    """
    if not names and not all_profiles:
        return [choose_account(None, config)]
    path = config or get_default_config_path()
    profiles = _load(path, is_required=True)
    if all_profiles:
        if not profiles:
            raise ConfigurationError(f"No profiles found: {path} has no profile. Add one.")
        return [_to_account(profile) for profile in profiles.values()]
    return [_to_account(_get_profile(profiles, name, path)) for name in dict.fromkeys(names)]


def list_profile_names(config: Path | None = None) -> list[str]:
    """Return the profile names for shell completion; an empty list if the file cannot be used.

    Args:
        config: Path of the profile file. None uses the default path.
    """
    try:
        return list(load_profiles(config or get_default_config_path()))
    except (ConfigurationError, OSError):
        return []


def _name_variable(error: ConfigurationError) -> ConfigurationError:
    # Values of a profile are validated before, so these arguments come from the environment.
    names = {f"Invalid {name.removeprefix('SENDCLOUD_').lower()}:": f"Invalid {name}:" for name in _VARIABLES}
    text = str(error)
    start = next((start for start in names if text.startswith(start)), "")
    return ConfigurationError(names.get(start, "") + text.removeprefix(start))


def _load(path: Path, *, is_required: bool) -> Profiles:
    try:
        return load_profiles(path)
    except FileNotFoundError:
        if is_required:
            raise ConfigurationError(
                f"Profile file not found: {path} does not exist. Create it, or pass another path with --config."
            ) from None
        return Profiles(path, {})


def _get_profile(profiles: Profiles, name: str, path: Path) -> profile_files.Account:
    if name not in profiles:
        available = f"Available: {', '.join(profiles)}" if profiles else "The file has no profiles"
        raise ConfigurationError(f"Profile not found: {path} has no profile {name!r}. {available}.")
    return profiles[name]


def _to_account(profile: profile_files.Account) -> Account:
    return Account(profile.name, profile.auth, profile.base_url)
