"""The demo: three simulated accounts, their logs into one database by the command line, and a report on them.

    python -m examples.demo

No real account and no network: everything happens on this machine, in less than half a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations

SHOPS = {
    "nederland": (
        "Bakkerij De Zon",
        "Dutch Design Depot",
        "Fietsen van Ginkel",
        "Huis & Haard",
        "North Sea Knitwear",
        "Plantenpaleis",
        "Tulips & Co",
        "Wijnhuis Aerts",
        "Zeta Outdoor",
    ),
    "deutschland": (
        "Alpenglück Imkerei",
        "Café Kolibri",
        "Käsehaus Allgäu",
        "Schuhwerk Köln",
        "Quilt & Wolle",
        "Velo Nord",
    ),
    "france": ("Jardin de Provence", "Maison Lavande", "Rue du Thé"),
}
SHARES = {"nederland": 0.6, "deutschland": 0.3, "france": 0.1}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description="A sync and a report, simulated.")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the database and the page go")
    parser.add_argument("--logs", type=int, default=20_000, help="how many failures there are")
    options = parser.parse_args()
    started = time.monotonic()
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(simulated_sendcloud(number, len(shops), round(options.logs * SHARES[name])))
            for number, (name, shops) in enumerate(SHOPS.items())
        }
        base_urls = {name: base_url_of(server) for name, server in servers.items()}
        asyncio.run(name_the_shops(base_urls))
        secrets = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        show(options.folder, write_profiles(secrets / "profiles.toml", base_urls), options.logs)
    print(f"\nDone in {time.monotonic() - started:.0f} seconds. What next:")
    print("  sendcloud-integrations --help         every command; docs/cli.md tells more")
    print("  python -m examples.first_run          the same API from Python, in a few lines")


def show(folder: Path, profiles: Path, logs: int) -> None:
    database, page = folder / "demo.db", folder / "build" / "demo" / "report.html"
    for left in folder.glob("demo.db*"):
        left.unlink()
    page.parent.mkdir(parents=True, exist_ok=True)
    to, html = shlex.quote(str(database)), shlex.quote(str(page))

    shops = sum(map(len, SHOPS.values()))
    tell(
        f"Three simulated accounts on this machine, each a profile: {shops} shops, {logs:,} failed exchanges with them."
    )
    tell("Which shop connections of one account fail right now?")
    run("integrations list --failing --profile deutschland", profiles)
    tell("Every failure of every shop into one database. Stop it at any moment: it goes on where it was.")
    run(f"logs sync --all-profiles --to {to}", profiles)
    tell("Once more: only what is new is taken, and nothing is.")
    run(f"logs sync --all-profiles --to {to}", profiles)
    tell("What fails, where, and since when? As tables here, and as a page with charts.")
    run(f"logs report --from {to} --top 5 --html {html}", profiles)
    tell(f"The page needs nothing but a browser, on a phone too: {page.resolve().as_uri()}")


@contextmanager
def simulated_sendcloud(seed: int, integrations: int, logs: int) -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own, as a service would be."""
    numbers = {"--seed": seed, "--integrations": integrations, "--logs": logs}
    options = [word for option, number in numbers.items() for word in (option, str(number))]
    command = [sys.executable, "-m", "sendcloud_integrations_client.testing", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.terminate()


def base_url_of(server: subprocess.Popen[str]) -> str:
    """Where a server listens; waits until it does."""
    assert server.stdout is not None
    address = re.search(r"http://\S+", server.stdout.readline())
    assert address is not None, "the simulated Sendcloud did not start"
    return address[0]


async def name_the_shops(base_urls: Mapping[str, str]) -> None:
    async def name_those_of(account: str, base_url: str) -> None:
        async with SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url) as client:
            for number, name in enumerate(SHOPS[account], 1):
                await client.integrations.update(number, shop_name=name)

    await asyncio.gather(*(name_those_of(account, base_url) for account, base_url in base_urls.items()))


def write_profiles(path: Path, base_urls: Mapping[str, str]) -> Path:
    """The file of credentials, which only its owner may read."""
    path.touch(mode=0o600)
    form = '[{}]\npublic_key = "public"\nsecret_key = "secret"\nbase_url = "{}"\n\n'
    path.write_text("".join(form.format(name, base_url) for name, base_url in base_urls.items()))
    return path


def run(arguments: str, profiles: Path) -> None:
    """Show a command, and run it as a shell would."""
    print(f"\n$ sendcloud-integrations {arguments}", flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENDCLOUD_")}
    command = [sys.executable, "-m", "sendcloud_integrations_client.cli", *shlex.split(arguments)]
    subprocess.run(command, env=environment | {"SENDCLOUD_CONFIG": str(profiles)}, check=True)


def tell(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)
