"""Commands `accounts list`, `accounts rename`, `accounts rebind` and `accounts remove`: the accounts in a database.

`accounts_run` implements them and is imported only when a command runs.
"""

from __future__ import annotations

from typing import Annotated

import typer

from sendcloud_integrations_client.cli.input.common_options import CommonOptionsGroup, define_common_options
from sendcloud_integrations_client.cli.input.option_groups import AccountOptions, OutputOptions, command
from sendcloud_integrations_client.cli.input.options import DatabaseOption, YesOption, format_examples
from sendcloud_integrations_client.cli.input.prompts import check_can_confirm

__all__ = ["app"]

app = typer.Typer(
    cls=CommonOptionsGroup,
    callback=define_common_options,
    no_args_is_help=True,
    help="Accounts in the database of logs sync.",
)

_NameArgument = Annotated[
    str, typer.Argument(metavar="ACCOUNT", help="Name of the account in the database.", show_default=False)
]
_NewNameArgument = Annotated[str, typer.Argument(metavar="NEW_NAME", help="The new name.", show_default=False)]


@app.command("list", epilog=format_examples("accounts list", "accounts list --database logs.db --json"))
@command
def list_accounts(output: OutputOptions, database: DatabaseOption = "sendcloud.db") -> None:
    """List the accounts in the database, with their numbers of logs."""
    output_format = output.choose_format()
    from sendcloud_integrations_client.cli.commands.accounts_run import run_list

    run_list(database, output_format)


@app.command("rename", epilog=format_examples("accounts rename default shop-nl --database logs.db"))
@command
def rename_account(name: _NameArgument, new_name: _NewNameArgument, database: DatabaseOption = "sendcloud.db") -> None:
    """Rename an account in the database. A sync of it that is running stops."""
    from sendcloud_integrations_client.cli.commands.accounts_run import run_rename

    run_rename(database, name, new_name)


@app.command("rebind", epilog=format_examples("accounts rebind default", "accounts rebind shop-nl --profile shop-nl"))
@command
def rebind_account(name: _NameArgument, account: AccountOptions, database: DatabaseOption = "sendcloud.db") -> None:
    """Bind an account in the database to other credentials.

    Use it after the keys of the account were rotated. Without --profile, the
    credentials come from the environment. One call checks them first.
    """
    from sendcloud_integrations_client.cli.commands.accounts_run import run_rebind

    run_rebind(database, name, account.choose())


@app.command("remove", epilog=format_examples("accounts remove shop-nl", "accounts remove shop-nl --yes"))
@command
def remove_account(name: _NameArgument, database: DatabaseOption = "sendcloud.db", yes: YesOption = False) -> None:
    """Delete an account and all of its logs from the database, after confirmation."""
    check_can_confirm(yes=yes)
    from sendcloud_integrations_client.cli.commands.accounts_run import run_remove

    run_remove(database, name, is_confirmed=yes)
