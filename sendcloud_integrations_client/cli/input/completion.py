"""Shell completion of profile names and of integration ids. It never prints an error and never sends a request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import typer

from sendcloud_integrations_client.cli.input.accounts import list_profile_names

__all__ = ["complete_integration", "complete_profile"]

_DEFAULT_DATABASE: Final = "sendcloud.db"
_MAX_HELP_LENGTH: Final = 40


def complete_profile(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the profile names that start with `incomplete`."""
    config: str | Path | None = ctx.params.get("config") or os.environ.get("SENDCLOUD_CONFIG")
    names = list_profile_names(Path(config) if config else None)
    return [name for name in names if name.startswith(incomplete)]


def complete_integration(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the ids of stored integrations that start with `incomplete`, each with the name of its shop.

    The ids come from the database of the command, which `logs sync` fills. The account is that of `--profile`; without
    it, the ids of all accounts are returned.
    """
    try:
        # Imported late, because this module is imported by every command.
        from sendcloud_integrations_client.cli.input.stored_records import list_stored_integrations

        database = ctx.params.get("database") or os.environ.get("SENDCLOUD_DATABASE") or _DEFAULT_DATABASE
        profiles = ctx.params.get("profile") or ctx.params.get("account") or ()
        integrations = list_stored_integrations(database, [profiles] if isinstance(profiles, str) else profiles)
    except Exception:
        return []
    return [
        (str(integration_id), _to_help_text(name))
        for integration_id, name in integrations
        if str(integration_id).startswith(incomplete)
    ]


def _to_help_text(name: str | None) -> str:
    # The completion script of zsh evaluates the text, so nothing that a shell interprets may be in it.
    text = "".join(char if char.isalnum() or char in ".-_" else " " for char in name or "")
    return " ".join(text.split())[:_MAX_HELP_LENGTH]
