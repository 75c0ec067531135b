"""Commands `mapping show` and `mapping replace`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from rich.text import Text

from sendcloud_integrations_client.cli.input.common_options import CommonOptionsGroup, define_common_options
from sendcloud_integrations_client.cli.input.option_groups import AccountOptions, OutputOptions, command
from sendcloud_integrations_client.cli.input.options import FileOption, IntegrationArgument, YesOption, format_examples
from sendcloud_integrations_client.cli.input.prompts import check_can_confirm, confirm
from sendcloud_integrations_client.cli.input.request_bodies import build_model, is_stdin, read_json
from sendcloud_integrations_client.cli.terminal.errors import InputError, print_message
from sendcloud_integrations_client.cli.terminal.json_output import OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import to_exact_text, to_plain_text
from sendcloud_integrations_client.generated.models import StatusMapping, StatusMappingReplace

__all__ = ["app"]

_COLUMNS: Final = (
    Column("category", is_exact=True),
    Column("shop status", is_exact=True),
    Column("valid"),
)

app = typer.Typer(
    cls=CommonOptionsGroup,
    callback=define_common_options,
    no_args_is_help=True,
    help="Mapping of Sendcloud's status categories to shop statuses (Prestashop v2 only).",
)

_STATUS_ID_HELP = "Id of the shop status, or '' to remove the mapping."
_ReadyToSend = Annotated[str | None, typer.Option("--ready-to-send", metavar="ID", help=_STATUS_ID_HELP)]
_InTransit = Annotated[str | None, typer.Option("--in-transit", metavar="ID", help=_STATUS_ID_HELP)]
_Delivered = Annotated[str | None, typer.Option("--delivered", metavar="ID", help=_STATUS_ID_HELP)]
_Cancel = Annotated[str | None, typer.Option("--cancel", metavar="ID", help=_STATUS_ID_HELP)]


@app.command("show", epilog=format_examples("mapping show 1", "mapping show 1 --json > mapping.json"))
@command
def show_mapping(integration: IntegrationArgument, output: OutputOptions, account: AccountOptions) -> None:
    """Show the status mapping of an integration."""
    output_format = output.choose_format()
    mapping = account.choose().run(lambda client: client.status_mapping.retrieve(integration))
    if output_format is not OutputFormat.TABLE:
        write_json(mapping.get_source(), output_format)
        return
    rows: list[tuple[Text, ...]] = []
    for entry in mapping.mapping:
        is_invalid = entry.is_valid is False and entry.external_id is not None
        valid = "no: deleted in the shop" if is_invalid else "yes" if entry.external_id else ""
        rows.append(
            (
                to_exact_text(entry.status_category),
                to_exact_text(entry.external_id),
                to_plain_text(valid, "red" * is_invalid),
            )
        )
    print_table(_COLUMNS, rows)


@app.command(
    "replace",
    epilog=format_examples(
        "mapping replace 1 --delivered 5",
        "mapping replace 1 --ready-to-send 3 --in-transit 4-S --delivered 5 --cancel '' --yes",
        "mapping replace 1 --file mapping.json",
    ),
)
@command
def replace_mapping(
    integration: IntegrationArgument,
    ready_to_send: _ReadyToSend = None,
    in_transit: _InTransit = None,
    delivered: _Delivered = None,
    cancel: _Cancel = None,
    file: FileOption = None,
    yes: YesOption = False,
    *,
    account: AccountOptions,
) -> None:
    """Replace the status mapping of an integration, after confirmation.

    With options, categories that you omit do not change. A file contains all four
    categories: the output of mapping show --json, only its list of entries, or an
    object that maps categories to ids.
    """
    options = {"READY_TO_SEND": ready_to_send, "IN_TRANSIT": in_transit, "DELIVERED": delivered, "CANCEL": cancel}
    changes = {category: external_id or None for category, external_id in options.items() if external_id is not None}
    if (file is None) == (not changes):
        raise InputError("Invalid options: pass the mapping with options such as --delivered or with --file.")
    check_can_confirm(yes=yes, uses_stdin=is_stdin(file))
    replacement = None if file is None else _extract_mapping(read_json(file))
    if replacement is not None:
        _build_body(integration, replacement)  # rejects an invalid file before any request
    chosen = account.choose()
    current = {}
    if replacement is None or not yes:
        current = _to_ids_by_category(chosen.run(lambda client: client.status_mapping.retrieve(integration)))
    body = _build_body(integration, current | changes if replacement is None else replacement)
    if not yes:
        new = {entry["status_category"]: entry["external_id"] for entry in body.to_dict()["mapping"]}
        confirm(f"Replace the mapping of integration {integration}: {_describe_changes(current, new)}?")
    chosen.run(lambda client: client.status_mapping.replace(body))
    print_message(f"Replaced the mapping of integration {integration}.")


def _build_body(integration: int, mapping: dict[str, Any] | list[Any]) -> StatusMappingReplace:
    body = build_model(StatusMappingReplace, {"integration_id": integration, "mapping": _to_entries(mapping)})
    body.validate()
    return body


def _extract_mapping(body: Any) -> dict[str, Any] | list[Any]:
    if body.__class__ is dict:
        body = body.get("mapping", {name: value for name, value in body.items() if name != "integration_id"})
    if body.__class__ not in (dict, list):
        raise InputError("Invalid input: must be an object that maps categories to ids, or a list of entries.")
    return body


def _to_entries(mapping: dict[str, Any] | list[Any]) -> list[Any]:
    if isinstance(mapping, dict):
        return [{"status_category": category, "external_id": value} for category, value in mapping.items()]
    return [_remove_read_only_fields(entry) for entry in mapping]


def _remove_read_only_fields(entry: Any) -> Any:
    # The output of `mapping show` has a field that a request must not contain.
    if entry.__class__ is not dict:
        return entry
    return {name: value for name, value in entry.items() if name != "is_valid"}


def _to_ids_by_category(mapping: StatusMapping) -> dict[str, str | None]:
    return {str(entry.status_category): entry.external_id for entry in mapping.mapping}


def _describe_changes(current: dict[str, str | None], new: dict[str, str | None]) -> str:
    changed = [
        f"{category} from {to_plain_text(current.get(category))} to {to_plain_text(external_id)}"
        for category, external_id in new.items()
        if current.get(category) != external_id
    ]
    return ", ".join(changed) or "no changes"
