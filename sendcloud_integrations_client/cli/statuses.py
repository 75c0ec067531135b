"""`statuses list|replace`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sendcloud_integrations_client.cli.accounts import choose_account
from sendcloud_integrations_client.cli.asking import ask, check_can_ask
from sendcloud_integrations_client.cli.bodies import FileOption, is_stdin, read_as, read_body
from sendcloud_integrations_client.cli.options import (
    ConfigOption,
    IntegrationArgument,
    JsonLinesOption,
    JsonOption,
    ProfileOption,
    VerboseOption,
    YesOption,
    examples,
)
from sendcloud_integrations_client.cli.output import (
    Format,
    JsonWriter,
    chosen_format,
    console,
    counted,
    moment,
    new_table,
    plain,
)
from sendcloud_integrations_client.cli.reporting import InputError, reporting, say
from sendcloud_integrations_client.generated.models import Language, ShopOrderStatus, ShopOrderStatusesReplace

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The order statuses that a shop knows (Prestashop v2 only).")


@app.command(
    "list",
    epilog=examples("statuses list 1", "statuses list 1 --language nl-nl --deleted", "statuses list 1 --json"),
)
def list_statuses(
    integration: IntegrationArgument,
    language: Annotated[Language | None, typer.Option(help="The language of the names.")] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted ones too.")] = False,
    json: JsonOption = False,
    jsonl: JsonLinesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """List the order statuses of a shop."""
    with reporting(verbose=verbose):
        form = chosen_format(json=json, jsonl=jsonl)
        found = choose_account(profile, config).run(
            lambda client: client.shop_order_statuses.list(integration, language=language, show_deleted=deleted)
        )
        if form is Format.TABLE:
            _print_table(found)
            return
        writer = JsonWriter(form)
        for one in found:
            writer.write(one.to_dict())
        writer.close()


@app.command(
    "replace",
    epilog=examples(
        "statuses replace 1 --status 3=en-gb:Packed --status 3=nl-nl:Ingepakt --status 5=en-gb:Delivered",
        "statuses replace 1 --file statuses.json --yes",
        "statuses replace 1 --file - --yes < statuses.json",
    ),
)
def replace_statuses(
    integration: IntegrationArgument,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="ID=LANGUAGE:NAME",
            help="The name of a status in one language; once for each status and language.",
        ),
    ] = None,
    file: FileOption = None,
    yes: YesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Replace the order statuses of a shop: those not given are deleted. Asks first.

    A file holds a list of statuses, as statuses list --json writes it, or an
    object that has such a list under the key statuses.
    """
    with reporting(verbose=verbose):
        if (file is None) == (not status):
            raise InputError("give the statuses with --status, or with --file")
        check_can_ask(yes=yes, uses_stdin=is_stdin(file))
        given = _from_options(status or []) if file is None else _from_body(read_body(file))
        body = read_as(ShopOrderStatusesReplace.from_dict, {"integration_id": integration, "statuses": given})
        body.validate()
        account = choose_account(profile, config)
        if not yes:
            ids = {one.external_id for one in body.statuses}
            found = account.run(lambda client: client.shop_order_statuses.list(integration))
            lost = {one.external_id for one in found} - ids
            ask(
                f"Replace the statuses of integration {integration}: "
                f"{len(ids) - len(found) + len(lost)} new, {len(found) - len(lost)} kept, {len(lost)} deleted?"
            )
        account.run(lambda client: client.shop_order_statuses.replace(body))
        say(f"Integration {integration} has {counted(len(body.statuses), 'status')} now.")


def _from_options(texts: list[str]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, str]]] = {}
    for text in texts:
        external_id, equals, rest = text.partition("=")
        language, colon, name = rest.partition(":")
        if not (equals and colon and external_id and name):
            raise InputError(f"--status takes ID=LANGUAGE:NAME, such as 3=en-gb:Packed, and not {text!r}")
        found.setdefault(external_id, []).append({"status": name, "language": language})
    return [{"external_id": external_id, "translations": names} for external_id, names in found.items()]


def _from_body(body: Any) -> list[Any]:
    if body.__class__ is dict:
        body = body.get("statuses")
    if body.__class__ is not list:
        raise InputError("the input must be a list of statuses, or an object with the key `statuses`")
    return [_without_extras(one) for one in body]


def _without_extras(status: Any) -> Any:
    # What `statuses list` shows holds more than what is sent.
    if status.__class__ is not dict:
        return status
    return {name: value for name, value in status.items() if name not in ("status", "deleted_at")}


def _print_table(found: list[ShopOrderStatus]) -> None:
    table = new_table("id", "status", "languages", "deleted (UTC)")
    for one in found:
        languages = ", ".join(sorted(str(name.language) for name in one.translations))
        table.add_row(plain(one.external_id), plain(one.status), plain(languages), plain(moment(one.deleted_at), "red"))
    console().print(table)
    say(f"{counted(len(found), 'status')}.")
