"""Code of callers that must type-check with mypy --strict and pyright strict. It is not executed."""

# pyright: strict

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, assert_type

from sendcloud_integrations_client import (
    FeedbackType,
    Integration,
    IntegrationLog,
    IntegrationLogCreate,
    IntegrationUpdate,
    Language,
    LoggedRequestCreate,
    Page,
    Paginator,
    Response,
    SendcloudIntegrations,
    ShopOrderStatus,
    ShopOrderStatusesReplace,
    ShopOrderStatusInput,
    StatusCategory,
    StatusMapping,
    StatusMappingEntryInput,
    StatusMappingReplace,
    StatusTranslationInput,
    run_sync,
    types,
)


async def use_lists(client: SendcloudIntegrations) -> None:
    assert_type(client.integrations.list(), Paginator[Integration])
    assert_type(client.logs.list(), Paginator[IntegrationLog])
    assert_type(client.shop_order_statuses.list(7), Paginator[ShopOrderStatus])

    page = await client.logs.list(integration_id=7, page_size=100)
    assert_type(page, Page[IntegrationLog])
    assert_type(page.data, list[IntegrationLog])
    assert_type(page[0], IntegrationLog)
    assert_type(page[:2], list[IntegrationLog])
    assert_type(page.next_cursor, str | None)
    assert_type(page.has_next, bool)
    assert_type(await page.get_next_page(), Page[IntegrationLog])
    read_sequence(page)
    for log in page:
        assert_type(log, IntegrationLog)
    async for log in client.logs.list():
        assert_type(log, IntegrationLog)
    async for integration in client.integrations.list():
        assert_type(integration, Integration)
    async for one in client.logs.list(cursor=page.next_cursor).pages():
        assert_type(one, Page[IntegrationLog])

    pages = await asyncio.gather(client.integrations.list(), client.logs.list())
    assert_type(pages, tuple[Page[Integration], Page[IntegrationLog]])
    assert_type(await asyncio.ensure_future(client.logs.list()), Page[IntegrationLog])
    assert_type(await asyncio.wait_for(client.logs.list(), 5), Page[IntegrationLog])


def read_sequence(logs: Sequence[IntegrationLog]) -> None: ...


async def use_literals(client: SendcloudIntegrations, language: types.LanguageValue) -> None:
    await client.integrations.list(sort="-updated_at")
    sort: types.IntegrationSort = "failing_since"
    await client.integrations.list(sort=sort)
    await client.integrations.update(7, feedback_type="eager")
    await client.integrations.update(7, feedback_type=FeedbackType.EAGER)
    await client.integrations.update(7, IntegrationUpdate(feedback_type="delayed"))
    await client.shop_order_statuses.list(7, language="nl-nl")
    await client.shop_order_statuses.list(7, language=Language.NL_NL)
    await client.shop_order_statuses.list(7, language=language)


async def use_nested_input(client: SendcloudIntegrations) -> None:
    translation: dict[str, Any] = {"status": "Sent", "language": "en-gb"}
    status = {"external_id": "1", "translations": [translation]}
    await client.shop_order_statuses.replace(7, statuses=[status])
    await client.shop_order_statuses.replace(
        7, statuses=[{"external_id": "1", "translations": [{"status": "Sent", "language": "en-gb"}]}]
    )
    await client.shop_order_statuses.replace(
        7,
        statuses=[
            ShopOrderStatusInput(
                external_id="1",
                translations=[
                    StatusTranslationInput(status="Sent", language="en-gb"),
                    StatusTranslationInput(status="Verzonden", language=Language.NL_NL),
                    {"status": "Envoyé", "language": "fr-fr"},
                ],
            )
        ],
    )
    await client.shop_order_statuses.replace(
        ShopOrderStatusesReplace(integration_id=7, statuses=[{"external_id": "1", "translations": []}])
    )
    await client.status_mapping.replace(7, mapping={"DELIVERED": "5", "CANCEL": None})
    await client.status_mapping.replace(
        7,
        mapping=[
            {"status_category": "DELIVERED", "external_id": "5"},
            StatusMappingEntryInput(status_category="CANCEL", external_id=None),
            StatusMappingEntryInput(status_category=StatusCategory.IN_TRANSIT, external_id="2"),
        ],
    )
    await client.status_mapping.replace(
        StatusMappingReplace(integration_id=7, mapping=[{"status_category": "DELIVERED", "external_id": "5"}])
    )
    await client.logs.create(
        7,
        base_url="https://shop.example",
        created_at=datetime.now(UTC),
        request={"headers": {"Accept": "text/html"}},
        response={"body": "no"},
    )
    await client.logs.create(7, base_url="https://shop.example", request=LoggedRequestCreate(headers={"A": "b"}))
    await client.logs.create(7, IntegrationLogCreate(base_url="https://shop.example", request={"body": "yes"}))


async def use_responses(client: SendcloudIntegrations) -> None:
    response = await client.integrations.with_response.retrieve(7)
    assert_type(response, Response[Integration])
    assert_type(response.parsed, Integration)
    assert_type(response.status_code, int)
    assert_type(response.headers["x-request-id"], str)
    assert_type(await client.logs.with_response.list(page_size=5), Response[Page[IntegrationLog]])
    assert_type(await client.integrations.with_response.list(sort="created_at"), Response[Page[Integration]])
    assert_type(await client.integrations.with_response.update(7, shop_name="x"), Response[None])
    assert_type(await client.integrations.with_response.delete(7), Response[None])
    assert_type(await client.status_mapping.with_response.retrieve(7), Response[StatusMapping])
    assert_type(await client.logs.with_response.create(7, base_url="https://x.example"), Response[IntegrationLog])
    asyncio.create_task(client.logs.with_response.list())  # noqa: RUF006


async def use_results(client: SendcloudIntegrations) -> None:
    integration = await client.integrations.retrieve(7)
    assert_type(integration.id, int)
    assert_type(integration.shop_name, str | None)
    assert_type(await client.logs.create(7, base_url="https://shop.example"), IntegrationLog)


def use_synchronous_code(client: SendcloudIntegrations) -> None:
    assert_type(run_sync(client.integrations.list()), Page[Integration])
    assert_type(run_sync(client.integrations.retrieve(7), timeout=5), Integration)
