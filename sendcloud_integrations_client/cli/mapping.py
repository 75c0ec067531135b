"""`mapping show|replace`."""

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
from sendcloud_integrations_client.cli.output import Format, chosen_format, console, new_table, plain, write_json
from sendcloud_integrations_client.cli.reporting import InputError, reporting, say
from sendcloud_integrations_client.generated.models import StatusMapping, StatusMappingReplace

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Which status of a shop stands for which of Sendcloud's categories (Prestashop v2 only)."
)

_HELP = "Id of the shop's status, or '' for none."
_ReadyToSend = Annotated[str | None, typer.Option("--ready-to-send", metavar="ID", help=_HELP)]
_InTransit = Annotated[str | None, typer.Option("--in-transit", metavar="ID", help=_HELP)]
_Delivered = Annotated[str | None, typer.Option("--delivered", metavar="ID", help=_HELP)]
_Cancel = Annotated[str | None, typer.Option("--cancel", metavar="ID", help=_HELP)]


@app.command("show", epilog=examples("mapping show 1", "mapping show 1 --json > mapping.json"))
def show_mapping(
    integration: IntegrationArgument,
    json: JsonOption = False,
    jsonl: JsonLinesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show the status mapping of an integration."""
    with reporting(verbose=verbose):
        form = chosen_format(json=json, jsonl=jsonl)
        found = choose_account(profile, config).run(lambda client: client.status_mapping.retrieve(integration))
        if form is not Format.TABLE:
            write_json(found.to_dict(), form)
            return
        table = new_table("category", "status of the shop", "valid")
        for entry in found.mapping:
            is_broken = entry.is_valid is False and entry.external_id is not None
            valid = "no: the shop has deleted it" if is_broken else "yes" if entry.external_id else ""
            table.add_row(plain(entry.status_category), plain(entry.external_id), plain(valid, "red" * is_broken))
        console().print(table)


@app.command(
    "replace",
    epilog=examples(
        "mapping replace 1 --delivered 5",
        "mapping replace 1 --ready-to-send 3 --in-transit 4-S --delivered 5 --cancel '' --yes",
        "mapping replace 1 --file mapping.json",
    ),
)
def replace_mapping(
    integration: IntegrationArgument,
    ready_to_send: _ReadyToSend = None,
    in_transit: _InTransit = None,
    delivered: _Delivered = None,
    cancel: _Cancel = None,
    file: FileOption = None,
    yes: YesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Replace the status mapping of an integration. Asks first.

    A category for which no option is given stays as it is. A file holds all
    four: what mapping show --json writes, its list of entries alone, or an
    object from category to id.
    """
    with reporting(verbose=verbose):
        options = {"READY_TO_SEND": ready_to_send, "IN_TRANSIT": in_transit, "DELIVERED": delivered, "CANCEL": cancel}
        changes = {
            category: external_id or None for category, external_id in options.items() if external_id is not None
        }
        if (file is None) == (not changes):
            raise InputError("give the mapping with options such as --delivered, or with --file")
        check_can_ask(yes=yes, uses_stdin=is_stdin(file))
        given = None if file is None else _from_body(read_body(file))
        account = choose_account(profile, config)
        before = {}
        if given is None or not yes:
            before = _entries(account.run(lambda client: client.status_mapping.retrieve(integration)))
        wanted = before | changes if given is None else given
        body = read_as(StatusMappingReplace.from_dict, {"integration_id": integration, "mapping": _as_list(wanted)})
        body.validate()
        if not yes:
            after = {str(entry.status_category): entry.external_id for entry in body.mapping}
            ask(f"Replace the mapping of integration {integration}: {_difference(before, after)}?")
        account.run(lambda client: client.status_mapping.replace(body))
        say(f"The mapping of integration {integration} is replaced.")


def _from_body(body: Any) -> dict[str, Any] | list[Any]:
    if body.__class__ is dict:
        body = body.get("mapping", {name: value for name, value in body.items() if name != "integration_id"})
    if body.__class__ not in (dict, list):
        raise InputError("the input must be a mapping from category to id, or a list of entries")
    return body


def _as_list(mapping: dict[str, Any] | list[Any]) -> list[Any]:
    if isinstance(mapping, dict):
        return [{"status_category": category, "external_id": value} for category, value in mapping.items()]
    return [_without_validity(entry) for entry in mapping]


def _without_validity(entry: Any) -> Any:
    # What `mapping show` shows holds more than what is sent.
    if entry.__class__ is not dict:
        return entry
    return {name: value for name, value in entry.items() if name != "is_valid"}


def _entries(mapping: StatusMapping) -> dict[str, str | None]:
    return {str(entry.status_category): entry.external_id for entry in mapping.mapping}


def _difference(before: dict[str, str | None], after: dict[str, str | None]) -> str:
    changed = [
        f"{category} from {plain(before.get(category))} to {plain(external_id)}"
        for category, external_id in after.items()
        if before.get(category) != external_id
    ]
    return ", ".join(changed) or "nothing changes"
