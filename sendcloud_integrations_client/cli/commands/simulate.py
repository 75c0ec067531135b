"""Command `simulate`: a simulated Sendcloud on a loopback port."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import typer

from sendcloud_integrations_client.cli.input.option_groups import command
from sendcloud_integrations_client.cli.input.options import format_examples
from sendcloud_integrations_client.cli.terminal.errors import CommandError, print_message

__all__ = ["SIMULATE_EXAMPLES", "ScenarioName", "simulate"]

# The same as `testing.Scenario`. That package requires an extra, so it is imported only when the command runs.
ScenarioName = Literal["mixed", "healthy", "one_shop_failing", "expired_credentials", "large_account", "bursty"]


@command
def simulate(
    scenario: Annotated[
        ScenarioName, typer.Option("--scenario", metavar="NAME", help="Which shops fail, and when.")
    ] = "mixed",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, metavar="PORT", help="TCP port; 0 selects a free port.")
    ] = 0,
    integrations: Annotated[
        int | None,
        typer.Option(
            "--integrations", min=0, metavar="COUNT", help="Number of integrations. Defaults to that of the scenario."
        ),
    ] = None,
    logs: Annotated[
        int | None,
        typer.Option("--logs", min=0, metavar="COUNT", help="Number of logs. Defaults to that of the scenario."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Seed of the generated data.")] = 0,
    limits: Annotated[bool, typer.Option("--limits", help="Enforce Sendcloud's rate limits.")] = False,
) -> None:
    """Run a simulated Sendcloud on a loopback port, for experiments and tests.

    Prints the environment variables that connect the client and this command to it.
    Press Ctrl-C to stop; the exit code is then 0. Requires the extra testing.

    The scenarios are mixed, healthy, one_shop_failing, expired_credentials,
    large_account and bursty.
    """
    from sendcloud_integrations_client.testing import SimulatedLimits, SimulatedSendcloud, serve_until_signal

    server = SimulatedSendcloud(
        scenario=scenario,
        integrations=integrations,
        logs=logs,
        seed=seed,
        limits=SimulatedLimits() if limits else None,
    )

    def print_environment(base_url: str) -> None:
        print_message(f"Simulated Sendcloud on {base_url}, scenario {scenario}. Press Ctrl-C to stop.")
        print_message("Run these lines in another shell:")
        for name, value in server.get_environment(base_url).items():
            typer.echo(f"export {name}={value}")

    try:
        asyncio.run(serve_until_signal(server, port, print_environment))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandError(f"Cannot listen on port {port}: {reason}. Choose another port with --port.") from None


SIMULATE_EXAMPLES = format_examples(
    "simulate",
    "simulate --scenario one_shop_failing --port 8080",
    "simulate --scenario large_account --limits",
)
