"""Iterations over all pages of logs: with this client, and with plain code on each peer."""

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

from generator.build import OPENAPI_DOCUMENT
from sendcloud_integrations_client import BasicAuth, RateLimits, SendcloudIntegrations
from sendcloud_integrations_client.transports.selection import TransportName

ReadAll = Callable[[], Awaitable[int]]
"""Reads every record of every page and returns the number of records."""

MAX_CONNECTIONS = 1000
UNREACHABLE_LIMITS = RateLimits(reads_per_minute=100_000_000)


def parse_next_url(link: str | None) -> str | None:
    return link[1 : link.index(">")] if link else None


@contextlib.asynccontextmanager
async def untyped_httpx(base_url: str) -> AsyncIterator[ReadAll]:
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
    async with httpx.AsyncClient(limits=limits, timeout=60.0) as http:
        yield lambda: read_all(http, base_url, json.loads)


@contextlib.asynccontextmanager
async def untyped_httpx2(base_url: str) -> AsyncIterator[ReadAll]:
    limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
    async with httpx2.AsyncClient(limits=limits, timeout=60.0) as http:
        yield lambda: read_all(http, base_url, json.loads)


@contextlib.asynccontextmanager
async def untyped_httpx_aiohttp(base_url: str) -> AsyncIterator[ReadAll]:
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
    transport = httpx_aiohttp.AiohttpTransport(limits=limits)
    async with httpx.AsyncClient(transport=transport, timeout=60.0) as http:
        yield lambda: read_all(http, base_url, orjson.loads)


async def read_all(http: Any, base_url: str, loads: Callable[[bytes], Any]) -> int:
    records = 0
    url: str | None = f"{base_url}/integrations/logs?page_size=100"
    while url is not None:
        response = await http.get(url)
        records += len(loads(response.content)["data"])
        url = parse_next_url(response.headers.get("link"))
    return records


@contextlib.asynccontextmanager
async def untyped_aiohttp(base_url: str) -> AsyncIterator[ReadAll]:
    async def read_all_pages() -> int:
        records = 0
        url: str | None = f"{base_url}/integrations/logs?page_size=100"
        while url is not None:
            async with http.get(url) as response:
                records += len(orjson.loads(await response.read())["data"])
                url = parse_next_url(response.headers.get("link"))
        return records

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS)) as http:
        yield read_all_pages


@contextlib.asynccontextmanager
async def generated_client(base_url: str) -> AsyncIterator[ReadAll]:
    with generate_unmodified_client() as package:
        list_logs: Any = find_endpoint_module("/integrations/logs", package).asyncio_detailed
        client: Any = importlib.import_module(f"{package}.client").Client(base_url=base_url)

        async def read_all_pages() -> int:
            records = 0
            cursor: dict[str, datetime] = {}
            while True:
                response = await list_logs(client=client, page_size=100, **cursor)
                records += len(response.parsed.data)
                url = parse_next_url(response.headers.get("link"))
                if url is None:
                    return records
                cursor = {"cursor": datetime.fromisoformat(unquote(url.partition("cursor=")[2].partition("&")[0]))}

        async with client:
            yield read_all_pages


def find_endpoint_module(path: str, package: str) -> Any:
    """Return the module that openapi-python-client generated for GET of a path."""
    folder = Path(importlib.import_module(f"{package}.api").__path__[0])
    module_file = next(file for file in folder.rglob("*_get_*.py") if f'"{path}"' in file.read_text())
    return importlib.import_module(f"{package}.api.{module_file.parent.name}.{module_file.stem}")


@contextlib.asynccontextmanager
async def this_client(
    base_url: str, transport: TransportName | httpx.AsyncBaseTransport = "httpcore2"
) -> AsyncIterator[ReadAll]:
    """This client with all layers: credentials, retries, rate limiting, typed models."""

    async def read_all_pages() -> int:
        records = 0
        async for _ in client.logs.list(page_size=100):
            records += 1
        return records

    async with SendcloudIntegrations(
        auth=BasicAuth("p", "s"), base_url=base_url, transport=transport, rate_limits=UNREACHABLE_LIMITS, timeout=60.0
    ) as client:
        yield read_all_pages


async def read_concurrently(read_all: ReadAll, iterations: int) -> int:
    """Run several iterations concurrently; return the number of records of all of them."""
    return sum(await asyncio.gather(*(read_all() for _ in range(iterations))))


@contextlib.contextmanager
def generate_unmodified_client() -> Iterator[str]:
    """Generate a package with openapi-python-client, without overlay and templates; yield its name."""
    name = "unmodified_client"
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / name
        config = Config.from_sources(
            ConfigFile(post_hooks=[]), MetaType.NONE, OPENAPI_DOCUMENT, "utf-8", overwrite=True, output_path=package
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
