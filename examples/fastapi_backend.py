"""A FastAPI backend with one shared client: `python -m uvicorn --factory examples.fastapi_backend:create_app`."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse

import sendcloud_integrations_client as sc

router = APIRouter()
logger = logging.getLogger(__name__)
# The first matching class determines the status. Any other error is between this backend and Sendcloud: 502.
STATUS_BY_ERROR = {
    sc.WebhookError: 400,
    sc.NotFoundError: 404,
    sc.InvalidInputError: 422,
    sc.RateLimitError: 503,
    TimeoutError: 503,
    sc.APITimeoutError: 504,
}


def create_app(make_client: Callable[[], sc.SendcloudIntegrations] = sc.SendcloudIntegrations) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with make_client() as client:
            policy = sc.RetryPolicy(max_attempts=3, total_timeout=15)  # a user is waiting, so 15 seconds instead of 120
            app.state.sendcloud = client.with_options(timeout=5, retries=policy)
            yield

    app = FastAPI(title="Shop connections", lifespan=lifespan)
    app.state.latest_events = {}
    app.state.readiness_lock, app.state.readiness_expires_at = asyncio.Lock(), 0.0
    app.state.webhook_secret = os.environ.get("SENDCLOUD_SECRET_KEY", "")
    app.include_router(router)
    app.add_exception_handler(sc.SendcloudError, respond_with_error)
    app.add_exception_handler(TimeoutError, respond_with_error)
    return app


def get_sendcloud(request: Request) -> sc.SendcloudIntegrations:
    client: sc.SendcloudIntegrations = request.app.state.sendcloud
    return client


Client = Annotated[sc.SendcloudIntegrations, Depends(get_sendcloud)]


@router.get("/health/live")
async def check_liveness() -> dict[str, str]:
    return {"status": "ok"}  # sends no call, so it does not depend on Sendcloud


@router.get("/health/ready")
async def check_readiness(request: Request, response: Response, client: Client) -> dict[str, str]:
    state = request.app.state
    async with state.readiness_lock:
        if time.monotonic() >= state.readiness_expires_at:  # at most one call per 30 seconds
            state.status, state.readiness_expires_at = await get_sendcloud_status(client), time.monotonic() + 30
    response.status_code = 200 if state.status == "ok" else 503
    return {"status": state.status}


async def get_sendcloud_status(client: sc.SendcloudIntegrations) -> str:
    try:
        async with asyncio.timeout(5):
            await client.with_options(retries=None).logs.list(page_size=1)
    except (sc.SendcloudError, TimeoutError) as error:
        return type(error).__name__
    return "ok"


@router.get("/integrations/{integration_id}/logs")
async def list_logs(client: Client, integration_id: int, cursor: str | None = None, size: int = 50) -> dict[str, Any]:
    async with asyncio.timeout(20):  # includes the wait for a rate limit slot
        page = await client.logs.list(integration_id=integration_id, cursor=cursor, page_size=size)
    records = [{"created_at": log.created_at, "type": log.exception_type, "exception": log.exception} for log in page]
    return {"logs": records, "next_cursor": page.next_cursor}  # the caller passes it back as `cursor`


@router.post("/webhooks/sendcloud", status_code=204)
async def receive_webhook(request: Request, sendcloud_signature: Annotated[str | None, Header()] = None) -> None:
    state = request.app.state
    event = sc.parse_webhook(await request.body(), signature=sendcloud_signature, secret=state.webhook_secret)
    if event.integration is not None and event.sent_at is not None:
        known = state.latest_events.get(event.integration.id)  # events arrive in any order, and repeatedly
        if known is None or known.sent_at < event.sent_at:
            state.latest_events[event.integration.id] = event


async def respond_with_error(request: Request, error: Exception) -> JSONResponse:
    status = next((status for error_class, status in STATUS_BY_ERROR.items() if isinstance(error, error_class)), 502)
    if status >= 500:
        logger.warning("%s %s: %s", request.method, request.url.path, error or type(error).__name__)
    detail = str(error) if status < 500 else "Sendcloud is unavailable. Try again later."
    headers = {"Retry-After": str(math.ceil(getattr(error, "retry_after", None) or 5))} if status == 503 else None
    return JSONResponse({"detail": detail}, status, headers)
