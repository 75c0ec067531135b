"""Commands `integrations list`, `show`, `update` and `delete`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from sendcloud_integrations_client.cli.input.common_options import CommonOptionsGroup, define_common_options
from sendcloud_integrations_client.cli.input.option_groups import AccountOptions, OutputOptions, command
from sendcloud_integrations_client.cli.input.options import FileOption, IntegrationArgument, YesOption, format_examples
from sendcloud_integrations_client.cli.input.prompts import check_can_confirm, confirm
from sendcloud_integrations_client.cli.input.request_bodies import build_model, describe_fields, read_json_object
from sendcloud_integrations_client.cli.terminal.errors import InputError, print_message
from sendcloud_integrations_client.cli.terminal.json_output import JsonWriter, OutputFormat, write_json
from sendcloud_integrations_client.cli.terminal.records import print_record
from sendcloud_integrations_client.cli.terminal.tables import Column, print_table
from sendcloud_integrations_client.cli.terminal.text import (
    format_count,
    format_timestamp,
    to_exact_text,
    to_plain_text,
)
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

_UPDATE_OPTIONS: Final = {
    "shop_name": "--shop-name",
    "shop_url": "--shop-url",
    "service_point_enabled": "--service-points",
    "service_point_carriers": "--carrier",
    "webhook_active": "--webhook",
    "webhook_url": "--webhook-url",
    "feedback_type": "--feedback-type",
}

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
@command
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
    *,
    output: OutputOptions,
    account: AccountOptions,
) -> None:
    """List the integrations of the account."""
    output_format = output.choose_format()
    integrations = list(account.choose().run(lambda client: client.integrations.list(sort=sort)))
    if failing:
        integrations = [integration for integration in integrations if integration.started_failing_at is not None]
    if output_format is OutputFormat.TABLE:
        _print_table(integrations)
        return
    writer = JsonWriter(output_format)
    for integration in integrations:
        writer.write(integration.get_source())
    writer.close()


@app.command("show", epilog=format_examples("integrations show 7", "integrations show 7 --json"))
@command
def show_integration(integration: IntegrationArgument, output: OutputOptions, account: AccountOptions) -> None:
    """Show one integration, with all its fields."""
    output_format = output.choose_format()
    record = account.choose().run(lambda client: client.integrations.retrieve(integration)).get_source()
    if output_format is OutputFormat.TABLE:
        print_record(record)
    else:
        write_json(record, output_format)


@app.command(
    "update",
    epilog=format_examples(
        "integrations update 7 --shop-name 'My shop' --feedback-type delayed",
        "integrations update 7 --webhook --webhook-url https://shop.example/hooks/sendcloud",
        "integrations update 7 --no-webhook --no-webhook-url",
        "integrations update 7 --file changes.json",
    ),
)
@command
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
        FeedbackType | None,
        typer.Option(
            "--feedback-type",
            metavar="TYPE",
            help="When Sendcloud notifies the shop that an order was sent: "
            f"{', '.join(one.value for one in FeedbackType)}.",
        ),
    ] = None,
    file: FileOption = None,
    *,
    account: AccountOptions,
) -> None:
    """Update settings of an integration. Settings that you omit do not change.

    An option overrides the same field of the file.
    """
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
    passed = {name: value for name, value in options.items() if value is not None}
    fields = read_json_object(file) | passed
    if no_webhook_url:
        fields["webhook_url"] = None
    if not fields:
        raise InputError("Invalid options: no setting to update. Pass at least one, such as --shop-name, or --file.")
    changes = build_model(IntegrationUpdate, fields)
    with describe_fields({name: _UPDATE_OPTIONS[name] for name in passed}):
        account.choose().run(lambda client: client.integrations.update(integration, changes))
    print_message(f"Updated integration {integration}: {', '.join(sorted(fields))}.")


@app.command("delete", epilog=format_examples("integrations delete 7", "integrations delete 7 --yes"))
@command
def delete_integration(integration: IntegrationArgument, yes: YesOption = False, *, account: AccountOptions) -> None:
    """Delete an integration permanently, after confirmation."""
    check_can_confirm(yes=yes)
    chosen = account.choose()
    if not yes:
        record = chosen.run(lambda client: client.integrations.retrieve(integration))
        name, kind = to_plain_text(record.shop_name), to_plain_text(record.type)
        confirm(f"Permanently delete integration {integration} ({name}, {kind})?")
    chosen.run(lambda client: client.integrations.delete(integration))
    print_message(f"Deleted integration {integration}.")


def _print_table(integrations: list[Integration]) -> None:
    rows = [
        (
            to_exact_text(integration.id),
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
