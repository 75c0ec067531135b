"""Demo: sync the logs of three simulated accounts into one database with the command line, and build a report.

    python -m examples.demo

No account and no network are needed. The demo runs in less than 30 seconds.
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
from datetime import UTC, datetime, timedelta
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
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo", description="Run a sync and a report against a simulated Sendcloud."
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(), help="folder in which build/demo is created (default: current folder)"
    )
    parser.add_argument("--logs", type=int, default=20_000, help="number of simulated logs (default: 20000)")
    options = parser.parse_args()
    started = time.monotonic()
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(simulated_sendcloud(number, len(shops), round(options.logs * SHARES[name])))
            for number, (name, shops) in enumerate(SHOPS.items())
        }
        base_urls = {name: wait_for_base_url(server) for name, server in servers.items()}
        asyncio.run(set_shop_names(base_urls))
        asyncio.run(create_problems(base_urls["nederland"]))
        secrets = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        run_commands(options.folder, write_profiles(secrets / "profiles.toml", base_urls), options.logs)
    print(f"\nDone in {time.monotonic() - started:.0f} seconds. Next steps:")
    for next_command, purpose in (
        (f"{find_program('sendcloud-integrations')} --help", "list all commands; see also docs/cli.md"),
        (f"{find_program(Path(sys.executable).name)} -m examples.first_run", "use the API from Python"),
    ):
        print(f"  {next_command:40}  {purpose}")


def run_commands(folder: Path, profiles: Path, logs: int) -> None:
    output = folder / "build" / "demo"
    output.mkdir(parents=True, exist_ok=True)
    database, page = output / "demo.db", output / "report.html"
    for old_file in output.glob("demo.db*"):
        old_file.unlink()
    database_option, html = shlex.quote(str(database)), shlex.quote(str(page))

    shops = sum(map(len, SHOPS.values()))
    print_heading(
        f"Three simulated accounts on this machine, one profile each: {shops} shops with {logs:,} exception logs, "
        "and a few more."
    )
    print_heading("List the failing integrations of one account.")
    run("integrations list --failing --profile deutschland", profiles)
    print_heading("Store all exception logs in one database. An interrupted sync resumes where it stopped.")
    run(f"logs sync --all-profiles --database {database_option}", profiles)
    print_heading("Sync again: it stores new logs only, so this run stores 0.")
    run(f"logs sync --all-profiles --database {database_option}", profiles)
    print_heading("Somebody replaces the secret key of one account, so its next sync fails. The others continue.")
    set_secret_key(profiles, "france", "outdated")
    run(f"logs sync --all-profiles --database {database_option}", profiles, expected_exit_code=5)
    print_heading("The morning report: age of the data, which shops fail, since when, why, and who acts.")
    run(f"logs report --database {database_option} --top 5 --html {html}", profiles)
    print_heading(f"Open the report in a browser: {page.resolve().as_uri()}")


@contextmanager
def simulated_sendcloud(seed: int, integrations: int, logs: int) -> Iterator[subprocess.Popen[str]]:
    """Run a simulated Sendcloud in a separate process."""
    numbers = {"--seed": seed, "--integrations": integrations, "--logs": logs}
    options = [word for option, number in numbers.items() for word in (option, str(number))]
    command = [sys.executable, "-m", "sendcloud_integrations_client.testing", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.terminate()


def wait_for_base_url(server: subprocess.Popen[str]) -> str:
    """Wait until the server listens, and return its base URL."""
    assert server.stdout is not None
    match = re.search(r"http://\S+", server.stdout.readline())
    assert match is not None, "the simulated Sendcloud did not start"
    return match[0]


async def set_shop_names(base_urls: Mapping[str, str]) -> None:
    async def set_names_of_account(account: str, base_url: str) -> None:
        async with SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url) as client:
            for number, name in enumerate(SHOPS[account], 1):
                await client.integrations.update(number, shop_name=name)

    await asyncio.gather(*(set_names_of_account(account, base_url) for account, base_url in base_urls.items()))


async def create_problems(base_url: str) -> None:
    """Create the logs of a problem that began two hours ago, and of one that was solved three days ago."""
    now = datetime.now(UTC)
    shop = "https://dutch-design-depot.example"
    hour = timedelta(hours=1)
    problems = [
        (410, "Client Error: Gone", "/wp-json/wc/v2/orders", [hour * number / 4 for number in range(8)]),
        (
            403,
            "Client Error: Forbidden",
            "/wp-json/wc/v3/orders",
            [hour * (72 + number) for number in range(10)],
        ),
    ]
    async with SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url) as client:
        for status, reason, path, ages in problems:
            for age in reversed(ages):
                await client.logs.create(
                    2,
                    base_url=shop,
                    full_url=shop + path,
                    method="GET",
                    response_code=status,
                    created_at=now - age,
                    exception_type="requests.exceptions.HTTPError",
                    exception=f"{status} {reason} for url: {shop}{path}",
                )


def set_secret_key(path: Path, account: str, secret_key: str) -> None:
    """Replace the secret key of one account in the file of credentials."""
    head, tail = path.read_text().split(f"[{account}]")
    path.write_text(f"{head}[{account}]" + tail.replace('"secret"', f'"{secret_key}"', 1))


def write_profiles(path: Path, base_urls: Mapping[str, str]) -> Path:
    """Write the file of credentials; only its owner can read it."""
    path.touch(mode=0o600)
    template = '[{}]\npublic_key = "public"\nsecret_key = "secret"\nbase_url = "{}"\n\n'
    path.write_text("".join(template.format(name, base_url) for name, base_url in base_urls.items()))
    return path


def run(arguments: str, profiles: Path, *, expected_exit_code: int = 0) -> None:
    """Show a command, and run it as a shell would."""
    print(f"\n$ sendcloud-integrations {arguments}", flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENDCLOUD_")}
    command = [sys.executable, "-m", "sendcloud_integrations_client.cli", *shlex.split(arguments)]
    result = subprocess.run(command, env=environment | {"SENDCLOUD_CONFIG": str(profiles)}, check=False)
    if result.returncode != expected_exit_code:
        raise subprocess.CalledProcessError(result.returncode or 1, command)


def find_program(name: str) -> str:
    """Return the path of a program in the environment of this process, as a user types it in the current folder."""
    path = Path(sys.executable).with_name(name)
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def print_heading(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)
