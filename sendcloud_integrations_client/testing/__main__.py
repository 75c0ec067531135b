"""`python -m sendcloud_integrations_client.testing`: the simulated Sendcloud from a shell, until it is interrupted."""

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
        description="A simulated Sendcloud on loopback, for trying things out and for tests.",
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0, the default, for a free one")
    parser.add_argument("--integrations", type=int, default=10, help="how many integrations (default: 10)")
    parser.add_argument("--logs", type=int, default=1000, help="how many exception logs (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="decides what is in them (default: 0)")
    parser.add_argument("--limits", action="store_true", help="Sendcloud's rate limits (default: none)")
    options = parser.parse_args()
    if options.integrations < 0 or options.logs < 0:
        parser.error("--integrations and --logs must not be negative")
    if not 0 <= options.port <= 65_535:
        parser.error("--port must be from 0 to 65535")
    server = SimulatedSendcloud(
        seed=options.seed,
        integrations=options.integrations,
        logs=options.logs,
        limits=SimulatedLimits() if options.limits else None,
    )
    try:
        asyncio.run(_run(server, options.port))
    except OSError as failure:
        parser.exit(1, f"cannot listen on port {options.port}: {failure.strerror or failure}\n")
    except KeyboardInterrupt:
        # Only where the loop takes no signal handlers, as on Windows.
        pass


async def _run(server: SimulatedSendcloud, port: int) -> None:
    stopped = asyncio.Event()
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serve(server, port) as base_url:
        print(f"Simulated Sendcloud on {base_url} (public key: public, secret key: secret)", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    main()
