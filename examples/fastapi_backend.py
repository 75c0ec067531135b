"""A FastAPI backend over one client: `python -m uvicorn --factory examples.fastapi_backend:create_app`."""

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
# The first class that an error belongs to decides; any other error is one between us and Sendcloud: 502.
STATUS_OF = {
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
            policy = sc.RetryPolicy(max_attempts=3, total_timeout=15)  # a person is waiting: not two minutes
            app.state.sendcloud = client.with_options(timeout=5, retries=policy)
            yield

    app = FastAPI(title="Shop connections", lifespan=lifespan)
    app.state.latest, app.state.checking, app.state.checked_until = {}, asyncio.Lock(), 0.0
    app.state.webhook_secret = os.environ.get("SENDCLOUD_SECRET_KEY", "")
    app.include_router(router)
    app.add_exception_handler(sc.SendcloudError, show_error)
    app.add_exception_handler(TimeoutError, show_error)
    return app


def sendcloud(request: Request) -> sc.SendcloudIntegrations:
    client: sc.SendcloudIntegrations = request.app.state.sendcloud
    return client


Client = Annotated[sc.SendcloudIntegrations, Depends(sendcloud)]


@router.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}  # says that this process answers: no call, no budget, whatever becomes of Sendcloud


@router.get("/health/ready")
async def ready(request: Request, response: Response, client: Client) -> dict[str, str]:
    state = request.app.state
    async with state.checking:
        if time.monotonic() >= state.checked_until:  # one call in 30 seconds, however often somebody asks
            state.status, state.checked_until = await check(client), time.monotonic() + 30
    response.status_code = 200 if state.status == "ok" else 503
    return {"status": state.status}


async def check(client: sc.SendcloudIntegrations) -> str:
    try:
        async with asyncio.timeout(5):
            await client.with_options(retries=None).logs.list(page_size=1)
    except (sc.SendcloudError, TimeoutError) as error:
        return type(error).__name__
    return "ok"


@router.get("/integrations/{integration_id}/logs")
async def logs(client: Client, integration_id: int, cursor: str | None = None, size: int = 50) -> dict[str, Any]:
    async with asyncio.timeout(20):  # the wait for the budget of calls included
        page = await client.logs.list(integration_id=integration_id, cursor=cursor, page_size=size)
    shown = [{"at": log.created_at, "type": log.exception_type, "what": log.exception} for log in page]
    return {"logs": shown, "next_cursor": page.next_cursor}  # comes back as `cursor`


@router.post("/webhooks/sendcloud", status_code=204)
async def webhook(request: Request, sendcloud_signature: Annotated[str | None, Header()] = None) -> None:
    state = request.app.state
    event = sc.parse_webhook(await request.body(), signature=sendcloud_signature, secret=state.webhook_secret)
    if event.integration is not None and event.sent_at is not None:
        before = state.latest.get(event.integration.id)  # webhooks come in any order, and more than once
        if before is None or before.sent_at < event.sent_at:
            state.latest[event.integration.id] = event


async def show_error(request: Request, error: Exception) -> JSONResponse:
    status = next((status for kind, status in STATUS_OF.items() if isinstance(error, kind)), 502)
    if status >= 500:
        logger.warning("%s %s: %s", request.method, request.url.path, error or type(error).__name__)
    detail = str(error) if status < 500 else "Sendcloud cannot be asked at the moment"
    headers = {"Retry-After": str(math.ceil(getattr(error, "retry_after", None) or 5))} if status == 503 else None
    return JSONResponse({"detail": detail}, status, headers)
