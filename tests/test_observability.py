"""Observability of calls: logging, httpx event hooks, OpenTelemetry spans, and the `on_call` hook."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from sendcloud_integrations_client import (
    BasicAuth,
    CallReport,
    InvalidInputError,
    RetryPolicy,
    SendcloudIntegrations,
    ServerError,
)

FAST_RETRIES = RetryPolicy(max_attempts=3, base_delay=0.0)


def create_client(*statuses: int, **options: Any) -> SendcloudIntegrations:
    remaining = list(statuses)

    async def respond(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(remaining.pop(0), json={"data": []})

    transport = httpx.MockTransport(respond)
    return SendcloudIntegrations(
        auth=BasicAuth("public-key", "s3cret"), retries=FAST_RETRIES, transport=transport, **options
    )


@pytest.fixture
def reports() -> list[CallReport]:
    return []


async def test_on_call_reports_a_success(reports: list[CallReport]) -> None:
    async with create_client(503, 200, on_call=reports.append) as client:
        await client.integrations.list()
    (report,) = reports
    assert (report.operation, report.status_code, report.error, report.attempts) == ("list_integrations", 200, None, 2)
    assert report.rate_limit_wait == 0.0
    assert report.duration > 0.0


async def test_on_call_reports_a_failure(reports: list[CallReport]) -> None:
    async with create_client(500, 500, 500, on_call=reports.append) as client:
        with pytest.raises(ServerError):
            await client.integrations.list()
    (report,) = reports
    assert (report.status_code, report.error, report.attempts) == (500, "ServerError", 3)


async def test_on_call_reports_a_cancellation(reports: list[CallReport]) -> None:
    async with create_client(200, on_call=reports.append) as client:
        task = asyncio.ensure_future(client.integrations.list())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    (report,) = reports
    assert (report.status_code, report.error) == (None, "CancelledError")


async def test_on_call_does_not_report_invalid_input(reports: list[CallReport]) -> None:
    async with create_client(on_call=reports.append) as client:
        with pytest.raises(InvalidInputError):
            await client.integrations.retrieve(0)
    assert reports == []


async def test_error_in_on_call_affects_neither_the_result_nor_the_error(caplog: pytest.LogCaptureFixture) -> None:
    def fail(report: CallReport) -> None:
        raise LookupError("metrics are down")

    async with create_client(200, 500, 500, 500, on_call=fail) as client:
        assert (await client.integrations.list()).data == []
        with pytest.raises(ServerError):
            await client.integrations.list()
    assert [record.levelname for record in caplog.records if "on_call" in record.getMessage()] == ["ERROR", "ERROR"]


async def test_logs_contain_no_secret_no_body_and_no_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with create_client(503, 200) as client:
        await client.logs.list(cursor="cursor-to-hide", page_size=7)
    own_lines = [record.getMessage() for record in caplog.records if record.name == "sendcloud_integrations_client"]
    assert len(own_lines) == 3
    assert not any("cursor-to-hide" in line for line in own_lines)
    all_lines = "\n".join(record.getMessage() for record in caplog.records)
    assert "s3cret" not in all_lines
    assert "cHVibGljLWtleTpzM2NyZXQ" not in all_lines  # both keys in the encoding of Basic


async def test_httpx_event_hooks_receive_requests_and_responses() -> None:
    seen: list[str] = []

    async def on_request(request: httpx.Request) -> None:
        seen.append(f"{request.method} {request.url.path}")

    async def on_response(response: httpx.Response) -> None:
        await response.aread()
        seen.append(f"{response.status_code} {response.elapsed.total_seconds() >= 0}")

    async with create_client(200, event_hooks={"request": [on_request], "response": [on_response]}) as client:
        await client.integrations.list()
    assert seen == ["GET /api/v3/integrations", "200 True"]


@pytest.fixture
async def spans() -> AsyncIterator[tuple[TracerProvider, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


async def test_opentelemetry_records_one_span_per_call(spans: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    provider, exporter = spans
    async with create_client(503, 200) as client:
        HTTPXClientInstrumentor().instrument_client(client.http, tracer_provider=provider)
        await client.integrations.list()
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET"
    assert span.attributes is not None
    assert 200 in span.attributes.values()
    assert "https://panel.sendcloud.sc/api/v3/integrations" in span.attributes.values()
