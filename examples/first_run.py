"""Shows the main features of the client against a simulated Sendcloud on loopback. No account, no network."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sendcloud_integrations_client import (
    BasicAuth,
    IntegrationLog,
    InvalidInputError,
    NotFoundError,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.testing import SimulatedSendcloud, serve


async def main() -> None:
    async with simulated_client() as client:
        integration_id = await show_integrations(client)
        await count_all_logs(client)
        await create_log(client, integration_id)
        await update_integration(client, integration_id)
        await show_errors(client)
    print("\nDone. The source of this run is examples/first_run.py. README.md lists the guides.")


@asynccontextmanager
async def simulated_client() -> AsyncIterator[SendcloudIntegrations]:
    async with serve(SimulatedSendcloud(integrations=10, logs=1000)) as base_url:
        print(f"Simulated Sendcloud is running at {base_url}\n")
        async with SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url) as client:
            yield client


async def show_integrations(client: SendcloudIntegrations) -> int:
    integrations = await client.integrations.list(sort="-updated_at")
    print(f"{len(integrations)} integrations, most recently updated first")
    print(f"  {'id':>9}  {'shop':28} {'type':14} failing since")
    for integration in integrations:
        since = f"{integration.started_failing_at:%Y-%m-%d %H:%M}" if integration.started_failing_at else "-"
        shop_name, kind = (integration.shop_name or "")[:28], (integration.type or "")[:14]
        print(f"  {integration.id:>9}  {shop_name:28} {kind:14} {since}")
    return integrations[0].id


async def count_all_logs(client: SendcloudIntegrations) -> None:
    pages, types, latest = 0, Counter[str](), None
    async for page in client.logs.list(page_size=100).pages():
        pages += 1
        for log in page.data:
            types[log.exception_type or "(no type)"] += 1
            latest = get_later(latest, log)
    print(f"\n{types.total()} exception logs on {pages} pages, prefetched while the previous page was processed")
    highest_count = types.most_common(1)[0][1]
    for name, count in types.most_common(5):
        print(f"  {name[:40]:40} {count:>4} {'#' * max(1, round(30 * count / highest_count))}")
    if latest is not None:
        url = latest.full_url or latest.base_url
        print(f"  latest log, {latest.created_at}: {latest.method} {url}: {latest.exception}")


def get_later(first: IntegrationLog | None, second: IntegrationLog) -> IntegrationLog:
    if first is None or first.created_at is None:
        return second
    return second if second.created_at is not None and second.created_at > first.created_at else first


async def create_log(client: SendcloudIntegrations, integration_id: int) -> None:
    log = await client.logs.create(
        integration_id,
        base_url="https://shop.example",
        method="POST",
        response_code=503,
        exception="The shop is closed for maintenance",
    )
    newest = await client.logs.list(integration_id=integration_id, page_size=1)
    print(f"\nCreated log {log.id}: {log.exception}")
    print(
        f"  first page: log {newest.data[0].id}, created at {newest.data[0].created_at}; next page: {newest.has_next}"
    )


async def update_integration(client: SendcloudIntegrations, integration_id: int) -> None:
    before = await client.integrations.retrieve(integration_id)
    await client.integrations.update(integration_id, shop_name="A better name", feedback_type="delayed")
    after = await client.integrations.retrieve(integration_id)
    print(f"\nUpdated integration {integration_id}")
    print(f"  shop_name      {before.shop_name!r} -> {after.shop_name!r}")
    print(f"  feedback_type  {before.feedback_type} -> {after.feedback_type}")


async def show_errors(client: SendcloudIntegrations) -> None:
    print("\nErrors are one line each, and invalid input is not sent")
    try:
        await client.integrations.retrieve(999_999_999)
    except NotFoundError as error:
        print(f"  {error}")
    try:
        await client.logs.list(page_size=101)
    except InvalidInputError as error:
        print(f"  {error}")


if __name__ == "__main__":
    asyncio.run(main())
