"""The first run: everything the client does, against a simulated Sendcloud on loopback. No account, no network."""

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
        await walk_all_logs(client)
        await create_a_log(client, integration_id)
        await update_the_integration(client, integration_id)
        await show_errors(client)
    print("\nDone. The code of this run is examples/first_run.py; README.md says where to go next.")


@asynccontextmanager
async def simulated_client() -> AsyncIterator[SendcloudIntegrations]:
    async with serve(SimulatedSendcloud(integrations=10, logs=1000)) as base_url:
        print(f"A simulated Sendcloud answers at {base_url}\n")
        async with SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url=base_url) as client:
            yield client


async def show_integrations(client: SendcloudIntegrations) -> int:
    integrations = await client.integrations.list(sort="-updated_at")
    print(f"{len(integrations)} integrations, the last changed first")
    print(f"  {'id':>9}  {'shop':28} {'type':14} failing since")
    for one in integrations:
        since = f"{one.started_failing_at:%Y-%m-%d %H:%M}" if one.started_failing_at else "-"
        print(f"  {one.id:>9}  {(one.shop_name or '')[:28]:28} {(one.type or '')[:14]:14} {since}")
    return integrations[0].id


async def walk_all_logs(client: SendcloudIntegrations) -> None:
    pages, kinds, latest = 0, Counter[str](), None
    async for page in client.logs.list(page_size=100).pages():
        pages += 1
        for log in page.data:
            kinds[log.exception_type or "(no type)"] += 1
            latest = newer(latest, log)
    print(f"\n{kinds.total()} exception logs on {pages} pages, each page asked for while the one before was read")
    most = kinds.most_common(1)[0][1]
    for kind, count in kinds.most_common(5):
        print(f"  {kind[:40]:40} {count:>4} {'#' * max(1, round(30 * count / most))}")
    if latest is not None:
        where = latest.full_url or latest.base_url
        print(f"  the latest, of {latest.created_at}: {latest.method} {where}: {latest.exception}")


def newer(one: IntegrationLog | None, other: IntegrationLog) -> IntegrationLog:
    if one is None or one.created_at is None:
        return other
    return other if other.created_at is not None and other.created_at > one.created_at else one


async def create_a_log(client: SendcloudIntegrations, integration_id: int) -> None:
    log = await client.logs.create(
        integration_id,
        base_url="https://shop.example",
        method="POST",
        response_code=503,
        exception="The shop is closed for maintenance",
    )
    newest = await client.logs.list(integration_id=integration_id, page_size=1)
    print(f"\nCreated log {log.id}: {log.exception}")
    print(f"  read back: log {newest.data[0].id} of {newest.data[0].created_at}, and there is more: {newest.has_next}")


async def update_the_integration(client: SendcloudIntegrations, integration_id: int) -> None:
    before = await client.integrations.retrieve(integration_id)
    await client.integrations.update(integration_id, shop_name="A better name", feedback_type="delayed")
    after = await client.integrations.retrieve(integration_id)
    print(f"\nUpdated integration {integration_id}")
    print(f"  shop_name      {before.shop_name!r} -> {after.shop_name!r}")
    print(f"  feedback_type  {before.feedback_type} -> {after.feedback_type}")


async def show_errors(client: SendcloudIntegrations) -> None:
    print("\nWhat goes wrong is one line, and what cannot go right is not sent")
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
