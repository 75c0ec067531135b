"""`python -m sendcloud_integrations_client.testing`: runs the simulated Sendcloud until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from typing import get_args

from . import Scenario, SimulatedLimits, SimulatedSendcloud, serve_until_signal


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m sendcloud_integrations_client.testing",
        description="Run a simulated Sendcloud on a loopback port, for experiments and tests.",
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: 0, a free port)")
    parser.add_argument(
        "--scenario", choices=get_args(Scenario), default="mixed", help="which shops fail, and when (default: mixed)"
    )
    parser.add_argument("--integrations", type=int, help="number of integrations (default: that of the scenario)")
    parser.add_argument("--logs", type=int, help="number of exception logs (default: that of the scenario)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the generated data (default: 0)")
    parser.add_argument("--limits", action="store_true", help="enforce Sendcloud's rate limits (default: no limits)")
    options = parser.parse_args()
    if (options.integrations or 0) < 0 or (options.logs or 0) < 0:
        parser.error("Invalid --integrations or --logs: must not be negative.")
    if not 0 <= options.port <= 65_535:
        parser.error("Invalid --port: must be between 0 and 65535.")
    server = SimulatedSendcloud(
        seed=options.seed,
        scenario=options.scenario,
        integrations=options.integrations,
        logs=options.logs,
        limits=SimulatedLimits() if options.limits else None,
    )
    # KeyboardInterrupt is raised only if the event loop does not support signal handlers, as on Windows.
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(serve_until_signal(server, options.port, _print_url))
        except OSError as error:
            reason = error.strerror or error
            parser.exit(1, f"Cannot listen on port {options.port}: {reason}. Choose another port.\n")


def _print_url(base_url: str) -> None:
    print(f"Simulated Sendcloud on {base_url} (public key: public, secret key: secret)", flush=True)


if __name__ == "__main__":
    main()
