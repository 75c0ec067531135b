"""Mistakes of callers that mypy --strict and pyright strict must report. It is not executed.

Each line that ends with `# error` must have at least one error, and no other line can have one.
"""

# pyright: strict

from __future__ import annotations

import asyncio

from sendcloud_integrations_client import (
    IntegrationLog,
    IntegrationUpdate,
    Page,
    SendcloudIntegrations,
    StatusMappingEntryInput,
    StatusTranslationInput,
    run_sync,
)


async def call_lists(client: SendcloudIntegrations, text: str) -> None:
    for _ in client.integrations.list():  # error
        pass
    client.integrations.list()[0]  # error
    await client.integrations.list(sort="nonsense")  # error
    await client.integrations.list(sort="+created_at")  # error
    await client.integrations.list(sort=text)  # error
    await client.integrations.list("created_at")  # error
    await client.integrations.list(page_size=5)  # error
    await client.logs.list(page_size="5")  # error
    await client.logs.list(sort="created_at")  # error
    await client.logs.list(on_decode_error="ignore")  # error
    await client.shop_order_statuses.list()  # error
    await client.shop_order_statuses.list(7, language="xx")  # error
    task = asyncio.create_task(client.logs.list())  # error
    for _ in client.logs.list():  # error
        pass
    page = await client.logs.list()
    data = page.get_next_page().data  # error
    first: int = page[0]  # error
    integrations: Page[IntegrationLog] = await client.integrations.list()  # error
    del task, data, first, integrations


def create_clients(public_key: str, secret_key: str) -> None:
    SendcloudIntegrations(public_key, secret_key)  # error
    SendcloudIntegrations(public_key=public_key, secret_key=secret_key)  # error
    SendcloudIntegrations(auth=(public_key, secret_key))  # error
    SendcloudIntegrations(timeout="5")  # error
    SendcloudIntegrations().with_options(timeout="5")  # error


async def send_input(client: SendcloudIntegrations) -> None:
    await client.integrations.update(7, feedback_type="weekly")  # error
    await client.integrations.update(7, shop_name=None)  # error
    await client.integrations.update(7, {"shop_name": "x"})  # error
    await client.integrations.update("7", shop_name="x")  # error
    await client.logs.create(7)  # error
    await client.logs.create(7, base_url="https://shop.example", response_code="500")  # error
    await client.status_mapping.replace(7, mapping={"DELIVERED": 5})  # error
    await client.shop_order_statuses.replace(7, statuses="none")  # error
    IntegrationUpdate(feedback_type="weekly")  # error
    StatusTranslationInput(status="Sent", language="xx")  # error
    StatusTranslationInput(language="en-gb")  # error
    StatusMappingEntryInput(status_category="LOST", external_id="1")  # error


async def read_responses(client: SendcloudIntegrations) -> None:
    response = await client.integrations.with_response.retrieve(7)
    print(response.shop_name)  # error
    print(response.parsed.nonsense)  # error
    await client.integrations.with_response.list(sort="nonsense")  # error
    await client.integrations.with_response.update(7, feedback_type="weekly")  # error


def call_synchronously(client: SendcloudIntegrations) -> None:
    run_sync(client.logs)  # error
    print(run_sync(client.integrations.list()).nonsense)  # error
