"""The demo: a simulated Sendcloud, its logs into a database by the command line, and a report on them.

    python -m examples.demo

No account and no network: everything happens on this machine, in less than half a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations

SHOPS = (
    "Alpenglück Imkerei",
    "Bakkerij De Zon",
    "Café Kolibri",
    "Dutch Design Depot",
    "Espadrilles Martín",
    "Fietsen van Ginkel",
    "Gelateria Neve",
    "Huis & Haard",
    "Isla Surf",
    "Jardin de Provence",
    "Käsehaus Allgäu",
    "Librería Sol",
    "Maison Lavande",
    "North Sea Knitwear",
    "Officina Verde",
    "Plantenpaleis",
    "Quilt & Wool",
    "Rue du Thé",
    "Schuhwerk Köln",
    "Tulips & Co",
    "Umbria Olio",
    "Velo Nord",
    "Wijnhuis Aerts",
    "Zeta Outdoor",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description="A sync and a report, simulated.")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the database and the page go")
    parser.add_argument("--logs", type=int, default=20_000, help="how many failures there are")
    options = parser.parse_args()
    started = time.monotonic()
    with simulated_sendcloud(options.logs) as base_url:
        asyncio.run(name_the_shops(base_url))
        tell(
            f"A simulated Sendcloud on this machine: an account of {len(SHOPS)} shops, with {options.logs:,} failures."
        )
        show(options.folder, base_url)
    print(f"\nDone in {time.monotonic() - started:.0f} seconds. What next:")
    print("  sendcloud-integrations --help         every command; docs/cli.md tells more")
    print("  python -m examples.first_run          the same API from Python, in a few lines")


def show(folder: Path, base_url: str) -> None:
    database, page = folder / "demo.db", folder / "build" / "demo" / "report.html"
    for left in folder.glob("demo.db*"):
        left.unlink()
    page.parent.mkdir(parents=True, exist_ok=True)

    tell("Which shop connections fail right now?")
    run("integrations list --failing", base_url)
    tell("Every failure, of every shop, into one database. Stop it at any moment: it goes on where it was.")
    run(f"logs sync --to {shlex.quote(str(database))}", base_url)
    tell("Once more: only what is new is taken, and nothing is.")
    run(f"logs sync --to {shlex.quote(str(database))}", base_url)
    tell("What fails, where and since when? As tables here, and as a page with charts.")
    run(f"logs report --from {shlex.quote(str(database))} --top 5 --html {shlex.quote(str(page))}", base_url)
    tell(f"The page needs nothing but a browser, on a phone too: {page.resolve().as_uri()}")


@contextmanager
def simulated_sendcloud(logs: int) -> Iterator[str]:
    """A server in a process of its own, as a service would be; gives its base URL."""
    options = ["--integrations", str(len(SHOPS)), "--logs", str(logs)]
    command = [sys.executable, "-m", "sendcloud_integrations_client.testing", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"http://\S+", server.stdout.readline())
            assert address is not None, "the simulated Sendcloud did not start"
            yield address[0]
        finally:
            server.terminate()


async def name_the_shops(base_url: str) -> None:
    async with (
        SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for number, name in enumerate(SHOPS, 1):
            tasks.create_task(client.integrations.update(number, shop_name=name))


def run(arguments: str, base_url: str) -> None:
    """Show a command, and run it as a shell would."""
    print(f"\n$ sendcloud-integrations {arguments}", flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENDCLOUD_")} | {
        "SENDCLOUD_BASE_URL": base_url,
        "SENDCLOUD_PUBLIC_KEY": "public",
        "SENDCLOUD_SECRET_KEY": "secret",
    }
    command = [sys.executable, "-m", "sendcloud_integrations_client.cli", *shlex.split(arguments)]
    subprocess.run(command, env=environment, check=True)


def tell(text: str) -> None:
    is_terminal = sys.stdout.isatty()
    print(f"\n\033[1m{text}\033[0m" if is_terminal else f"\n{text}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)
