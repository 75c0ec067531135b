"""Commands `integrations list`, `show`, `update` and `delete`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from sendcloud_integrations_client.cli.input.accounts import choose_account
from sendcloud_integrations_client.cli.input.common_options import CommonOptionsGroup, define_common_options
from sendcloud_integrations_client.cli.input.options import (
    ConfigOption,
    IntegrationArgument,
    JsonLinesOption,
    JsonOption,
    ProfileOption,
    VerboseOption,
    YesOption,
    format_examples,
)
from sendcloud_integrations_client.cli.input.prompts import check_can_confirm, confirm
from sendcloud_integrations_client.cli.input.request_bodies import FileOption, build_model, read_json_object
from sendcloud_integrations_client.cli.terminal.errors import InputError, print_message, report_errors
from sendcloud_integrations_client.cli.terminal.output import (
    JsonWriter,
    OutputFormat,
    choose_format,
    create_console,
    create_table,
    format_count,
    format_timestamp,
    to_plain_text,
    write_json,
)
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.generated.models import FeedbackType, Integration, IntegrationUpdate
from sendcloud_integrations_client.generated.types import IntegrationSort

__all__ = ["app"]

_COLUMNS: Final = (
    Column.number("id"),
    Column("shop"),
    Column("type", drop_order=2),
    Column("URL", drop_order=1),
    Column.timestamp("last fetched", drop_order=3),
    Column.timestamp("failing since"),
)

app = typer.Typer(
    cls=CommonOptionsGroup,
    callback=define_common_options,
    no_args_is_help=True,
    help="Shop integrations of the account.",
)


@app.command(
    "list",
    epilog=format_examples(
        "integrations list",
        "integrations list --failing --sort -updated_at",
        "integrations list --jsonl | jq .shop_name",
    ),
)
def list_integrations(
    failing: Annotated[bool, typer.Option("--failing", help="Only integrations that are failing now.")] = False,
    sort: Annotated[
        IntegrationSort | None,
        typer.Option(
            "--sort",
            metavar="FIELD",
            help="Sort by integration_type, created_at, updated_at, last_fetch or failing_since; - reverses.",
        ),
    ] = None,
    json: JsonOption = False,
    jsonl: JsonLinesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """List the integrations of the account."""
    with report_errors(verbose=verbose):
        output_format = choose_format(json=json, jsonl=jsonl)
        account = choose_account(profile, config)
        integrations = list(account.run(lambda client: client.integrations.list(sort=sort)))
        if failing:
            integrations = [integration for integration in integrations if integration.started_failing_at is not None]
        if output_format is OutputFormat.TABLE:
            _print_table(integrations)
            return
        writer = JsonWriter(output_format)
        for integration in integrations:
            writer.write(integration.to_dict())
        writer.close()


@app.command("show", epilog=format_examples("integrations show 7", "integrations show 7 --json"))
def show_integration(
    integration: IntegrationArgument,
    json: JsonOption = False,
    jsonl: JsonLinesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show one integration."""
    with report_errors(verbose=verbose):
        output_format = choose_format(json=json, jsonl=jsonl)
        record = choose_account(profile, config).run(lambda client: client.integrations.retrieve(integration))
        if output_format is not OutputFormat.TABLE:
            write_json(record.to_dict(), output_format)
            return
        table = create_table("field", "value")
        table.show_header = False
        table.columns[1].no_wrap = False
        table.columns[1].overflow = "fold"
        for name, value in record.to_dict().items():
            table.add_row(to_plain_text(name, "bold"), to_plain_text(_format_value(value)))
        create_console().print(table)


@app.command(
    "update",
    epilog=format_examples(
        "integrations update 7 --shop-name 'My shop' --feedback-type delayed",
        "integrations update 7 --webhook --webhook-url https://shop.example/hooks/sendcloud",
        "integrations update 7 --no-webhook --no-webhook-url",
        "integrations update 7 --file changes.json",
    ),
)
def update_integration(
    integration: IntegrationArgument,
    shop_name: Annotated[str | None, typer.Option("--shop-name", metavar="TEXT", help="Name of the shop.")] = None,
    shop_url: Annotated[str | None, typer.Option("--shop-url", metavar="URL", help="URL of the shop.")] = None,
    service_points: Annotated[
        bool | None,
        typer.Option(
            "--service-points/--no-service-points",
            help="Switch delivery to service points on or off.",
            show_default=False,
        ),
    ] = None,
    carrier: Annotated[
        list[str] | None,
        typer.Option(
            "--carrier", metavar="CODE", help="Carrier whose service points customers can select. Repeatable."
        ),
    ] = None,
    webhook: Annotated[
        bool | None,
        typer.Option(
            "--webhook/--no-webhook", help="Enable or disable the webhook for parcel updates.", show_default=False
        ),
    ] = None,
    webhook_url: Annotated[str | None, typer.Option("--webhook-url", metavar="URL", help="URL of the webhook.")] = None,
    no_webhook_url: Annotated[bool, typer.Option("--no-webhook-url", help="Remove the URL of the webhook.")] = False,
    feedback_type: Annotated[
        FeedbackType | None, typer.Option(help="When Sendcloud notifies the shop that an order was sent.")
    ] = None,
    file: FileOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Update settings of an integration. Settings that you omit do not change.

    An option overrides the same field of the file.
    """
    with report_errors(verbose=verbose):
        if no_webhook_url and webhook_url is not None:
            raise InputError("Invalid options: --webhook-url and --no-webhook-url cannot be combined. Choose one.")
        options: dict[str, Any] = {
            "shop_name": shop_name,
            "shop_url": shop_url,
            "service_point_enabled": service_points,
            "service_point_carriers": carrier or None,
            "webhook_active": webhook,
            "webhook_url": webhook_url,
            "feedback_type": feedback_type,
        }
        fields = read_json_object(file) | {name: value for name, value in options.items() if value is not None}
        if no_webhook_url:
            fields["webhook_url"] = None
        changes = build_model(IntegrationUpdate.from_dict, fields)
        choose_account(profile, config).run(lambda client: client.integrations.update(integration, changes))
        print_message(f"Updated integration {integration}: {', '.join(sorted(fields))}.")


@app.command("delete", epilog=format_examples("integrations delete 7", "integrations delete 7 --yes"))
def delete_integration(
    integration: IntegrationArgument,
    yes: YesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Delete an integration permanently, after confirmation."""
    with report_errors(verbose=verbose):
        check_can_confirm(yes=yes)
        account = choose_account(profile, config)
        if not yes:
            record = account.run(lambda client: client.integrations.retrieve(integration))
            name, kind = to_plain_text(record.shop_name), to_plain_text(record.type)
            confirm(f"Permanently delete integration {integration} ({name}, {kind})?")
        account.run(lambda client: client.integrations.delete(integration))
        print_message(f"Deleted integration {integration}.")


def _print_table(integrations: list[Integration]) -> None:
    rows = [
        (
            to_plain_text(integration.id),
            to_plain_text(integration.shop_name),
            to_plain_text(integration.type),
            to_plain_text(integration.shop_url),
            to_plain_text(format_timestamp(integration.last_fetched_at)),
            to_plain_text(
                format_timestamp(integration.started_failing_at), "red" if integration.started_failing_at else ""
            ),
        )
        for integration in integrations
    ]
    print_table(_COLUMNS, rows)
    failing = sum(integration.started_failing_at is not None for integration in integrations)
    print_message(f"{format_count(len(integrations), 'integration')}, {failing} failing. Times are in UTC.")


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value.__class__ is list:
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
