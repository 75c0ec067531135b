"""`integrations list|show|update|delete`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sendcloud_integrations_client.cli.accounts import choose_account
from sendcloud_integrations_client.cli.asking import ask, check_can_ask
from sendcloud_integrations_client.cli.bodies import FileOption, read_as, read_object
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
    write_json,
)
from sendcloud_integrations_client.cli.reporting import InputError, reporting, say
from sendcloud_integrations_client.generated.models import FeedbackType, Integration, IntegrationUpdate

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The shop connections of the account.")


@app.command(
    "list",
    epilog=examples(
        "integrations list",
        "integrations list --failing --sort -updated_at",
        "integrations list --jsonl | jq .shop_name",
    ),
)
def list_integrations(
    failing: Annotated[bool, typer.Option("--failing", help="Only those that fail now.")] = False,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="FIELD",
            help="integration_type, created_at, updated_at, last_fetch or failing_since; a - in front turns it round.",
        ),
    ] = None,
    json: JsonOption = False,
    jsonl: JsonLinesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """List the integrations of the account."""
    with reporting(verbose=verbose):
        form = chosen_format(json=json, jsonl=jsonl)
        account = choose_account(profile, config)
        found = account.run(lambda client: client.integrations.list(sort=sort))
        shown = [one for one in found if one.started_failing_at is not None] if failing else found
        if form is Format.TABLE:
            _print_table(shown)
            return
        writer = JsonWriter(form)
        for one in shown:
            writer.write(one.to_dict())
        writer.close()


@app.command("show", epilog=examples("integrations show 7", "integrations show 7 --json"))
def show_integration(
    integration: IntegrationArgument,
    json: JsonOption = False,
    jsonl: JsonLinesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show one integration."""
    with reporting(verbose=verbose):
        form = chosen_format(json=json, jsonl=jsonl)
        found = choose_account(profile, config).run(lambda client: client.integrations.retrieve(integration))
        if form is not Format.TABLE:
            write_json(found.to_dict(), form)
            return
        table = new_table("field", "value")
        table.show_header = False
        table.columns[1].no_wrap = False
        table.columns[1].overflow = "fold"
        for name, value in found.to_dict().items():
            table.add_row(plain(name, "bold"), plain(_text(value)))
        console().print(table)


@app.command(
    "update",
    epilog=examples(
        "integrations update 7 --shop-name 'My shop' --feedback-type delayed",
        "integrations update 7 --webhook --webhook-url https://shop.example/hooks/sendcloud",
        "integrations update 7 --no-webhook --no-webhook-url",
        "integrations update 7 --file changes.json",
    ),
)
def update_integration(
    integration: IntegrationArgument,
    shop_name: Annotated[
        str | None, typer.Option("--shop-name", metavar="TEXT", help="What the shop is called.")
    ] = None,
    shop_url: Annotated[str | None, typer.Option("--shop-url", metavar="URL", help="Address of the shop.")] = None,
    service_points: Annotated[
        bool | None,
        typer.Option("--service-points/--no-service-points", help="Delivery to service points.", show_default=False),
    ] = None,
    carrier: Annotated[
        list[str] | None,
        typer.Option(
            "--carrier", metavar="CODE", help="A carrier whose service points can be picked; may be given many times."
        ),
    ] = None,
    webhook: Annotated[
        bool | None, typer.Option("--webhook/--no-webhook", help="News of parcels by webhook.", show_default=False)
    ] = None,
    webhook_url: Annotated[
        str | None, typer.Option("--webhook-url", metavar="URL", help="Where news of parcels go.")
    ] = None,
    no_webhook_url: Annotated[bool, typer.Option("--no-webhook-url", help="Take the webhook's address away.")] = False,
    feedback_type: Annotated[
        FeedbackType | None, typer.Option(help="When the shop is told that an order was sent.")
    ] = None,
    file: FileOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Change settings of an integration: those that are given, and no others.

    Options go before what the file says.
    """
    with reporting(verbose=verbose):
        if no_webhook_url and webhook_url is not None:
            raise InputError("choose one of --webhook-url and --no-webhook-url")
        options: dict[str, Any] = {
            "shop_name": shop_name,
            "shop_url": shop_url,
            "service_point_enabled": service_points,
            "service_point_carriers": carrier or None,
            "webhook_active": webhook,
            "webhook_url": webhook_url,
            "feedback_type": feedback_type,
        }
        fields = read_object(file) | {name: value for name, value in options.items() if value is not None}
        if no_webhook_url:
            fields["webhook_url"] = None
        changes = read_as(IntegrationUpdate.from_dict, fields)
        choose_account(profile, config).run(lambda client: client.integrations.update(integration, changes))
        say(f"Integration {integration} is updated: {', '.join(sorted(fields))}.")


@app.command("delete", epilog=examples("integrations delete 7", "integrations delete 7 --yes"))
def delete_integration(
    integration: IntegrationArgument,
    yes: YesOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """End the connection to a shop; there is no way back. Asks first."""
    with reporting(verbose=verbose):
        check_can_ask(yes=yes)
        account = choose_account(profile, config)
        if not yes:
            found = account.run(lambda client: client.integrations.retrieve(integration))
            ask(f"Delete integration {integration} ({plain(found.shop_name)}, {plain(found.type)}) for good?")
        account.run(lambda client: client.integrations.delete(integration))
        say(f"Integration {integration} is deleted.")


def _print_table(found: list[Integration]) -> None:
    table = new_table("id", "shop", "type", "address", "last fetched", "failing since", right=("id",))
    for one in found:
        table.add_row(
            plain(one.id),
            plain(one.shop_name),
            plain(one.type),
            plain(one.shop_url),
            plain(moment(one.last_fetched_at)),
            plain(moment(one.started_failing_at), "red" if one.started_failing_at else ""),
        )
    console().print(table)
    failing = sum(one.started_failing_at is not None for one in found)
    say(f"{counted(len(found), 'integration')}, {failing} failing. Times are in UTC.")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value.__class__ is list:
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
