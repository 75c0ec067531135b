"""Read the logs of many accounts concurrently: `python -m examples.many_accounts accounts.json`.

The file contains `{"name": {"public_key": "…", "secret_key": "…"}, …}`. The exit code is 1 if an account failed.
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
class AccountResult:
    """Number of logs that were read from one account, and the error that ended the reading early, if any."""

    account: str
    logs: int = 0
    error: SendcloudError | None = None

    def __str__(self) -> str:
        return f"{self.account}: {self.logs} logs" + (f" before it failed: {self.error}" if self.error else "")


async def read_accounts(
    accounts: Mapping[str, Callable[[], SendcloudIntegrations]],
    on_log: Callable[[str, IntegrationLog], None],
    *,
    max_accounts: int = 20,
) -> list[AccountResult]:
    """Read every log of every account, at most `max_accounts` accounts concurrently.

    Sendcloud's rate limits apply per credentials. With one client per account, each account has its own rate limit
    budget and does not wait for the others. An error affects one account only and is stored in the result
    of that account.
    """
    semaphore = asyncio.Semaphore(max_accounts)

    async def read(account: str, make_client: Callable[[], SendcloudIntegrations]) -> AccountResult:
        result = AccountResult(account)
        async with semaphore:
            try:
                async with make_client() as client:
                    async for page in client.logs.list(page_size=100).pages():
                        for log in page:
                            on_log(account, log)
                        result.logs += len(page)
            except SendcloudError as error:
                result.error = error
        return result

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(account, make_client)) for account, make_client in accounts.items()]
    return [task.result() for task in tasks]


def load_clients(path: Path) -> dict[str, Callable[[], SendcloudIntegrations]]:
    def build_factory(public_key: str, secret_key: str) -> Callable[[], SendcloudIntegrations]:
        return lambda: SendcloudIntegrations(auth=BasicAuth(public_key, secret_key))

    return {account: build_factory(**keys) for account, keys in json.loads(path.read_text()).items()}


async def main(path: Path) -> int:
    results = await read_accounts(
        load_clients(path), lambda account, log: print(account, log.created_at, log.exception)
    )
    for result in results:
        print(result, file=sys.stderr)
    return 1 if any(result.error for result in results) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
