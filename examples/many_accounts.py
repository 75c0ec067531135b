"""The logs of many accounts at once: `python -m examples.many_accounts accounts.json`.

The file holds `{"name": {"public_key": "…", "secret_key": "…"}, …}`. The exit code is 1 if an account failed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from sendcloud_integrations_client import BasicAuth, IntegrationLog, SendcloudError, SendcloudIntegrations


@attrs.define
class Outcome:
    """What became of one account: how many logs were read, and what ended the reading before its end, if anything."""

    account: str
    logs: int = 0
    error: SendcloudError | None = None

    def __str__(self) -> str:
        return f"{self.account}: {self.logs} logs" + (f", then {self.error}" if self.error else "")


async def read_accounts(
    accounts: Mapping[str, Callable[[], SendcloudIntegrations]],
    on_log: Callable[[str, IntegrationLog], None],
    *,
    at_once: int = 20,
) -> list[Outcome]:
    """Read every log of every account, side by side.

    Sendcloud counts calls by credentials. A client each is a budget each, so that no account waits for another; and
    what one account fails with is kept in its outcome, and ends nothing else.
    """
    places = asyncio.Semaphore(at_once)

    async def read(account: str, make_client: Callable[[], SendcloudIntegrations]) -> Outcome:
        outcome = Outcome(account)
        async with places:
            try:
                async with make_client() as client:
                    async for page in client.logs.list(page_size=100).pages():
                        for log in page:
                            on_log(account, log)
                        outcome.logs += len(page)
            except SendcloudError as error:
                outcome.error = error
        return outcome

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(account, make_client)) for account, make_client in accounts.items()]
    return [task.result() for task in tasks]


def clients_of(path: Path) -> dict[str, Callable[[], SendcloudIntegrations]]:
    def maker(public_key: str, secret_key: str) -> Callable[[], SendcloudIntegrations]:
        return lambda: SendcloudIntegrations(auth=BasicAuth(public_key, secret_key))

    return {account: maker(**keys) for account, keys in json.loads(path.read_text()).items()}


async def main(path: Path) -> int:
    outcomes = await read_accounts(clients_of(path), lambda account, log: print(account, log.created_at, log.exception))
    for outcome in outcomes:
        print(outcome, file=sys.stderr)
    return 1 if any(outcome.error for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
