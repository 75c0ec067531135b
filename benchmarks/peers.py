"""Walks over all pages of logs: ours, and as one would write them with each of the peers."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import httpx
import httpx2
import httpx_aiohttp
import orjson
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from generator.build import CONTRACT
from sendcloud_integrations_client import BasicAuth, RateLimits, SendcloudIntegrations
from sendcloud_integrations_client.client import TransportName

Walk = Callable[[], Awaitable[int]]
"""Every record of every page; gives how many there were."""

MANY = 1000
PLENTY = RateLimits(safe_per_minute=100_000_000)


def next_of(link: str | None) -> str | None:
    return link[1 : link.index(">")] if link else None


@contextlib.asynccontextmanager
async def untyped_httpx(base_url: str) -> AsyncIterator[Walk]:
    limits = httpx.Limits(max_connections=MANY, max_keepalive_connections=MANY)
    async with httpx.AsyncClient(limits=limits, timeout=60.0) as http:
        yield lambda: walk_with(http, base_url, json.loads)


@contextlib.asynccontextmanager
async def untyped_httpx2(base_url: str) -> AsyncIterator[Walk]:
    limits = httpx2.Limits(max_connections=MANY, max_keepalive_connections=MANY)
    async with httpx2.AsyncClient(limits=limits, timeout=60.0) as http:
        yield lambda: walk_with(http, base_url, json.loads)


@contextlib.asynccontextmanager
async def untyped_httpx_aiohttp(base_url: str) -> AsyncIterator[Walk]:
    limits = httpx.Limits(max_connections=MANY, max_keepalive_connections=MANY)
    transport = httpx_aiohttp.AiohttpTransport(limits=limits)
    async with httpx.AsyncClient(transport=transport, timeout=60.0) as http:
        yield lambda: walk_with(http, base_url, orjson.loads)


async def walk_with(http: Any, base_url: str, loads: Callable[[bytes], Any]) -> int:
    records = 0
    url: str | None = f"{base_url}/integrations/logs?page_size=100"
    while url is not None:
        response = await http.get(url)
        records += len(loads(response.content)["data"])
        url = next_of(response.headers.get("link"))
    return records


@contextlib.asynccontextmanager
async def untyped_aiohttp(base_url: str) -> AsyncIterator[Walk]:
    async def walk() -> int:
        records = 0
        url: str | None = f"{base_url}/integrations/logs?page_size=100"
        while url is not None:
            async with http.get(url) as response:
                records += len(orjson.loads(await response.read())["data"])
                url = next_of(response.headers.get("link"))
        return records

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=MANY)) as http:
        yield walk


@contextlib.asynccontextmanager
async def as_generated(base_url: str) -> AsyncIterator[Walk]:
    with untouched() as package:
        list_logs: Any = endpoint_of("/integrations/logs", package).asyncio_detailed
        client: Any = importlib.import_module(f"{package}.client").Client(base_url=base_url)

        async def walk() -> int:
            records = 0
            cursor: dict[str, datetime] = {}
            while True:
                answer = await list_logs(client=client, page_size=100, **cursor)
                records += len(answer.parsed.data)
                url = next_of(answer.headers.get("link"))
                if url is None:
                    return records
                cursor = {"cursor": datetime.fromisoformat(unquote(url.partition("cursor=")[2].partition("&")[0]))}

        async with client:
            yield walk


def endpoint_of(path: str, package: str) -> Any:
    """The module that openapi-python-client made for GET of a path."""
    folder = Path(importlib.import_module(f"{package}.api").__path__[0])
    found = next(one for one in folder.rglob("*_get_*.py") if f'"{path}"' in one.read_text())
    return importlib.import_module(f"{package}.api.{found.parent.name}.{found.stem}")


@contextlib.asynccontextmanager
async def ours(base_url: str, transport: TransportName | httpx.AsyncBaseTransport = "httpcore2") -> AsyncIterator[Walk]:
    """With the whole layer on: credentials, retries, a budget, typed models."""

    async def walk() -> int:
        records = 0
        async for _ in client.logs.list(page_size=100):
            records += 1
        return records

    async with SendcloudIntegrations(
        auth=BasicAuth("p", "s"), base_url=base_url, transport=transport, rate_limits=PLENTY, timeout=60.0
    ) as client:
        yield walk


async def many(walk: Walk, walks: int) -> int:
    """So many walks at once; gives the records of all."""
    return sum(await asyncio.gather(*(walk() for _ in range(walks))))


@contextlib.contextmanager
def untouched() -> Iterator[str]:
    """The name of the package that openapi-python-client makes of our contract without overlay and templates."""
    name = "untouched_client"
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / name
        config = Config.from_sources(
            ConfigFile(post_hooks=[]), MetaType.NONE, CONTRACT, "utf-8", overwrite=True, output_path=package
        )
        with contextlib.redirect_stdout(io.StringIO()):
            generate(config=config)
        sys.path.insert(0, folder)
        try:
            yield name
        finally:
            sys.path.remove(folder)
            for module in [module for module in sys.modules if module.startswith(name)]:
                del sys.modules[module]
