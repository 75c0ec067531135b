"""Options of the command `logs prune`. `logs_prune_run` implements it and is imported only when the command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.option_groups import command
from sendcloud_integrations_client.cli.input.options import DatabaseOption, JsonOption, format_examples
from sendcloud_integrations_client.cli.input.timestamps import parse_age

__all__ = ["PRUNE_LOGS_EXAMPLES", "prune_logs"]


@command
def prune_logs(
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than", metavar="AGE", help="Delete logs that are older than this: 90d.", show_default=False
        ),
    ],
    database: DatabaseOption = "sendcloud.db",
    rewrite_file: Annotated[
        bool,
        typer.Option(
            "--rewrite-file",
            help="Rewrite an SQLite file of version 0.1.0 once, so that it can shrink. Blocks syncs meanwhile.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Delete old logs from the database, in small batches.

    Later syncs do not store these logs again. A sync can run at the same time.
    An SQLite file shrinks. You can stop a run at any time and repeat it. Needs
    no credentials and sends no requests.
    """
    age = parse_age("--older-than", older_than)
    from sendcloud_integrations_client.cli.commands.logs_prune_run import run_prune

    raise typer.Exit(run_prune(database, age, rewrite_file=rewrite_file, json=json))


PRUNE_LOGS_EXAMPLES = format_examples(
    "logs prune --older-than 90d",
    "logs prune --older-than 26w --database postgresql://sync@localhost/sendcloud --json",
)
