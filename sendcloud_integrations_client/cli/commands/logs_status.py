"""Options of the command `logs status`. `logs_status_run` implements it and is imported only when the command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.option_groups import command
from sendcloud_integrations_client.cli.input.options import DatabaseOption, JsonOption, MaxAgeOption, format_examples
from sendcloud_integrations_client.cli.input.timestamps import parse_age

__all__ = ["STATUS_EXAMPLES", "show_status"]


@command
def show_status(
    database: DatabaseOption = "sendcloud.db",
    max_age: MaxAgeOption = None,
    account: Annotated[
        list[str] | None,
        typer.Option("--account", metavar="NAME", help="Only this account of the database. Repeatable."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show when each account was last synced, and why the last sync failed.

    With --max-age, it is a health check for cron, monitoring and Kubernetes.
    Needs no credentials and sends no requests.
    """
    age = None if max_age is None else parse_age("--max-age", max_age)
    from sendcloud_integrations_client.cli.commands.logs_status_run import run_status

    raise typer.Exit(run_status(database, age, frozenset(account or ()), json=json))


STATUS_EXAMPLES = format_examples("logs status", "logs status --max-age 2h", "logs status --account shop-nl --json")
