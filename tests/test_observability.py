"""What a client tells of its calls: to loggers, to httpx's hooks, to OpenTelemetry, and to metrics of one's own."""

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

FAST = RetryPolicy(max_attempts=3, base_delay=0.0)


def client_for(*answers: int, **options: Any) -> SendcloudIntegrations:
    left = list(answers)

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(left.pop(0), json={"data": []})

    transport = httpx.MockTransport(answer)
    return SendcloudIntegrations(auth=BasicAuth("public-key", "s3cret"), retries=FAST, transport=transport, **options)


@pytest.fixture
def reports() -> list[CallReport]:
    return []


async def test_metrics_tell_of_a_success(reports: list[CallReport]) -> None:
    async with client_for(503, 200, on_call=reports.append) as client:
        await client.integrations.list()
    (report,) = reports
    assert (report.operation, report.status_code, report.error, report.attempts) == ("list_integrations", 200, None, 2)
    assert report.waited == 0.0
    assert report.duration > 0.0


async def test_metrics_tell_of_a_failure(reports: list[CallReport]) -> None:
    async with client_for(500, 500, 500, on_call=reports.append) as client:
        with pytest.raises(ServerError):
            await client.integrations.list()
    (report,) = reports
    assert (report.status_code, report.error, report.attempts) == (500, "ServerError", 3)


async def test_metrics_tell_of_a_cancellation(reports: list[CallReport]) -> None:
    async with client_for(200, on_call=reports.append) as client:
        task = asyncio.ensure_future(client.integrations.list())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    (report,) = reports
    assert (report.status_code, report.error) == (None, "CancelledError")


async def test_what_was_not_sent_is_no_call(reports: list[CallReport]) -> None:
    async with client_for(on_call=reports.append) as client:
        with pytest.raises(InvalidInputError):
            await client.integrations.retrieve(0)
    assert reports == []


async def test_a_hook_that_raises_costs_no_answer_and_hides_no_error(caplog: pytest.LogCaptureFixture) -> None:
    def broken(report: CallReport) -> None:
        raise LookupError("metrics are down")

    async with client_for(200, 500, 500, 500, on_call=broken) as client:
        assert await client.integrations.list() == []
        with pytest.raises(ServerError):
            await client.integrations.list()
    assert [record.levelname for record in caplog.records if "on_call" in record.getMessage()] == ["ERROR", "ERROR"]


async def test_no_secret_no_body_and_no_query_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with client_for(503, 200) as client:
        await client.logs.list(cursor="cursor-to-hide", page_size=7)
    ours = [record.getMessage() for record in caplog.records if record.name == "sendcloud_integrations_client"]
    assert len(ours) == 3
    assert not any("cursor-to-hide" in line for line in ours)
    everything = "\n".join(record.getMessage() for record in caplog.records)
    assert "s3cret" not in everything
    assert "cHVibGljLWtleTpzM2NyZXQ" not in everything  # both keys, as Basic carries them


async def test_httpx_event_hooks_see_requests_and_answers() -> None:
    seen: list[str] = []

    async def on_request(request: httpx.Request) -> None:
        seen.append(f"{request.method} {request.url.path}")

    async def on_response(response: httpx.Response) -> None:
        await response.aread()
        seen.append(f"{response.status_code} {response.elapsed.total_seconds() >= 0}")

    async with client_for(200, event_hooks={"request": [on_request], "response": [on_response]}) as client:
        await client.integrations.list()
    assert seen == ["GET /api/v3/integrations", "200 True"]


@pytest.fixture
async def spans() -> AsyncIterator[tuple[TracerProvider, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


async def test_opentelemetry_gives_a_span_a_call(spans: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    provider, exporter = spans
    async with client_for(503, 200) as client:
        HTTPXClientInstrumentor().instrument_client(client.http, tracer_provider=provider)
        await client.integrations.list()
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET"
    assert span.attributes is not None
    assert 200 in span.attributes.values()
    assert "https://panel.sendcloud.sc/api/v3/integrations" in span.attributes.values()
