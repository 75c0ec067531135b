"""Options of the command `logs redact`. `logs_redact_run` implements it and is imported only when the command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.option_groups import command
from sendcloud_integrations_client.cli.input.options import (
    DatabaseOption,
    JsonOption,
    RedactFieldOption,
    format_examples,
)

__all__ = ["redact_logs", "REDACT_LOGS_EXAMPLES"]


@command
def redact_logs(
    database: DatabaseOption = "sendcloud.db",
    redact_field: RedactFieldOption = None,
    personal_data: Annotated[
        bool, typer.Option("--personal-data", help="Also redact e-mail addresses and phone numbers.")
    ] = False,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, max=10_000, metavar="COUNT", help="Records per transaction.")
    ] = 500,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count the records with secrets without changing them.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Redact secrets in logs that are already stored.

    Applies the current rules to a database of logs sync, for example after an
    upgrade. You can stop a run at any time and repeat it. Needs no credentials
    and sends no requests.
    """
    from sendcloud_integrations_client.cli.commands.logs_redact_run import run_redact

    run_redact(
        database,
        frozenset(redact_field or ()),
        personal_data=personal_data,
        batch_size=batch_size,
        dry_run=dry_run,
        json=json,
    )


REDACT_LOGS_EXAMPLES = format_examples(
    "logs redact --database logs.db",
    "logs redact --database logs.db --personal-data --dry-run",
)
