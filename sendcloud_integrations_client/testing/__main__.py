"""`python -m sendcloud_integrations_client.testing`: runs the simulated Sendcloud until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal

from . import SimulatedLimits, SimulatedSendcloud, serve


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m sendcloud_integrations_client.testing",
        description="Run a simulated Sendcloud on a loopback port, for experiments and tests.",
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: 0, a free port)")
    parser.add_argument("--integrations", type=int, default=10, help="number of integrations (default: 10)")
    parser.add_argument("--logs", type=int, default=1000, help="number of exception logs (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the generated data (default: 0)")
    parser.add_argument("--limits", action="store_true", help="enforce Sendcloud's rate limits (default: no limits)")
    options = parser.parse_args()
    if options.integrations < 0 or options.logs < 0:
        parser.error("Invalid --integrations or --logs: must not be negative.")
    if not 0 <= options.port <= 65_535:
        parser.error("Invalid --port: must be between 0 and 65535.")
    server = SimulatedSendcloud(
        seed=options.seed,
        integrations=options.integrations,
        logs=options.logs,
        limits=SimulatedLimits() if options.limits else None,
    )
    try:
        asyncio.run(_run(server, options.port))
    except OSError as error:
        parser.exit(1, f"Cannot listen on port {options.port}: {error.strerror or error}. Choose another port.\n")
    except KeyboardInterrupt:
        # Raised only if the event loop does not support signal handlers, as on Windows.
        pass


async def _run(server: SimulatedSendcloud, port: int) -> None:
    stop_requested = asyncio.Event()
    with contextlib.suppress(NotImplementedError):
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signal_number, stop_requested.set)
    async with serve(server, port) as base_url:
        print(f"Simulated Sendcloud on {base_url} (public key: public, secret key: secret)", flush=True)
        await stop_requested.wait()


if __name__ == "__main__":
    main()
