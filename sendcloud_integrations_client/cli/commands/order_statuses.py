"""Commands `statuses list` and `statuses replace`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from sendcloud_integrations_client.cli.input.common_options import CommonOptionsGroup, define_common_options
from sendcloud_integrations_client.cli.input.option_groups import AccountOptions, OutputOptions, command
from sendcloud_integrations_client.cli.input.options import FileOption, IntegrationArgument, YesOption, format_examples
from sendcloud_integrations_client.cli.input.prompts import check_can_confirm, confirm
from sendcloud_integrations_client.cli.input.request_bodies import build_model, is_stdin, read_json
from sendcloud_integrations_client.cli.terminal.errors import InputError, print_message
from sendcloud_integrations_client.cli.terminal.json_output import JsonWriter, OutputFormat
from sendcloud_integrations_client.cli.terminal.secrets import quote_value
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import (
    format_count,
    format_timestamp,
    to_exact_text,
    to_plain_text,
)
from sendcloud_integrations_client.generated.models import Language, ShopOrderStatus, ShopOrderStatusesReplace

__all__ = ["app"]

_COLUMNS: Final = (
    Column("id", is_exact=True),
    Column("status"),
    Column("languages", drop_order=1),
    Column.timestamp("deleted (UTC)", drop_order=2),
)

app = typer.Typer(
    cls=CommonOptionsGroup,
    callback=define_common_options,
    no_args_is_help=True,
    help="Order statuses of a shop (Prestashop v2 only).",
)


@app.command(
    "list",
    epilog=format_examples("statuses list 1", "statuses list 1 --language nl-nl --deleted", "statuses list 1 --json"),
)
@command
def list_statuses(
    integration: IntegrationArgument,
    language: Annotated[
        Language | None,
        typer.Option(
            "--language",
            metavar="CODE",
            help=f"Language of the status names: {', '.join(one.value for one in Language)}.",
        ),
    ] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Include deleted statuses.")] = False,
    *,
    output: OutputOptions,
    account: AccountOptions,
) -> None:
    """List the order statuses of a shop."""
    output_format = output.choose_format()
    statuses = account.choose().run(
        lambda client: client.shop_order_statuses.list(integration, language=language, show_deleted=deleted)
    )
    if output_format is OutputFormat.TABLE:
        _print_table(statuses.data)
        return
    writer = JsonWriter(output_format)
    for status in statuses:
        writer.write(status.get_source())
    writer.close()


@app.command(
    "replace",
    epilog=format_examples(
        "statuses replace 1 --status 3=en-gb:Packed --status 3=nl-nl:Ingepakt --status 5=en-gb:Delivered",
        "statuses replace 1 --file statuses.json --yes",
        "statuses replace 1 --file - --yes < statuses.json",
    ),
)
@command
def replace_statuses(
    integration: IntegrationArgument,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="ID=LANGUAGE:NAME",
            help="Name of a status in one language. Repeat for each status and language.",
        ),
    ] = None,
    file: FileOption = None,
    yes: YesOption = False,
    *,
    account: AccountOptions,
) -> None:
    """Replace all order statuses of a shop, after confirmation.

    Statuses that you omit are deleted. The file contains a list of statuses, in
    the format of statuses list --json, or an object with such a list under the
    key statuses.
    """
    if (file is None) == (not status):
        raise InputError("Invalid options: pass the statuses either with --status or with --file.")
    check_can_confirm(yes=yes, uses_stdin=is_stdin(file))
    statuses = _parse_status_options(status or []) if file is None else _extract_statuses(read_json(file))
    body = build_model(ShopOrderStatusesReplace, {"integration_id": integration, "statuses": statuses})
    body.validate()
    chosen = account.choose()
    if not yes:
        ids = {one["external_id"] for one in body.to_dict()["statuses"]}
        current = chosen.run(lambda client: client.shop_order_statuses.list(integration))
        deleted_ids = {one.external_id for one in current} - ids
        kept = len(current) - len(deleted_ids)
        confirm(
            f"Replace the statuses of integration {integration}: "
            f"{len(ids) - kept} new, {kept} kept, {len(deleted_ids)} deleted?"
        )
    chosen.run(lambda client: client.shop_order_statuses.replace(body))
    count = format_count(len(body.statuses), "status")
    print_message(f"Replaced the statuses of integration {integration}: it now has {count}.")


def _parse_status_options(texts: list[str]) -> list[dict[str, Any]]:
    translations: dict[str, list[dict[str, str]]] = {}
    for text in texts:
        external_id, equals, rest = text.partition("=")
        language, colon, name = rest.partition(":")
        if not (equals and colon and external_id and name):
            raise InputError(
                f"Invalid value {quote_value(text)} for --status: must be ID=LANGUAGE:NAME, such as 3=en-gb:Packed."
            )
        if language not in {one.value for one in Language}:
            languages = ", ".join(one.value for one in Language)
            raise InputError(
                f"Invalid value {quote_value(text)} for --status: the language must be one of {languages}."
            )
        translations.setdefault(external_id, []).append({"status": name, "language": language})
    return [{"external_id": external_id, "translations": names} for external_id, names in translations.items()]


def _extract_statuses(body: Any) -> list[Any]:
    if body.__class__ is dict:
        body = body.get("statuses")
    if body.__class__ is not list:
        raise InputError("Invalid input: must be a list of statuses, or an object with the key `statuses`.")
    return [_remove_read_only_fields(status) for status in body]


def _remove_read_only_fields(status: Any) -> Any:
    # The output of `statuses list` has fields that a request must not contain.
    if status.__class__ is not dict:
        return status
    return {name: value for name, value in status.items() if name not in ("status", "deleted_at")}


def _print_table(statuses: list[ShopOrderStatus]) -> None:
    rows = [
        (
            to_exact_text(status.external_id),
            to_plain_text(status.status),
            to_plain_text(", ".join(sorted(str(translation.language) for translation in status.translations))),
            to_plain_text(format_timestamp(status.deleted_at), "red"),
        )
        for status in statuses
    ]
    print_table(_COLUMNS, rows)
    print_message(f"{format_count(len(statuses), 'status')}.")
