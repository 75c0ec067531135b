"""`SENDCLOUD_LOG` sets up readable log lines on stderr, without secrets and without duplicates."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import httpx
import pytest

from sendcloud_integrations_client import BasicAuth, ConfigurationError, RetryPolicy, SendcloudIntegrations

LOGGER = logging.getLogger("sendcloud_integrations_client")
PROGRAM = """
import asyncio, logging, sys
import httpx
from sendcloud_integrations_client import BasicAuth, RetryPolicy, SendcloudIntegrations

if "basicConfig" in sys.argv:
    logging.basicConfig(format="root %(message)s")
statuses = [503, 200, 200]

def respond(request):
    return httpx.Response(statuses.pop(0), json={"data": []})

async def main():
    options = {"auth": BasicAuth("public-key", "s3cret"), "retries": RetryPolicy(base_delay=0.0)}
    SendcloudIntegrations(**options)
    async with SendcloudIntegrations(**options, transport=httpx.MockTransport(respond)) as client:
        await client.logs.list(cursor="cursor-to-hide")
        await client.integrations.list()

asyncio.run(main())
"""


@cache
def run_program(value: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"SENDCLOUD_LOG": value},
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.fixture
def logger_restored() -> Iterator[None]:
    level, handlers = LOGGER.level, list(LOGGER.handlers)
    yield
    LOGGER.setLevel(level)
    LOGGER.handlers[:] = handlers


def test_debug_logs_each_attempt_and_retry_once() -> None:
    lines = run_program("debug")
    assert [line.split()[1] for line in lines] == ["DEBUG", "INFO", "DEBUG", "DEBUG"]
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} (DEBUG|INFO)  ? +list_(logs|integrations)\b", line) for line in lines)


def test_info_logs_retries_only() -> None:
    (line,) = run_program(" INFO ")
    assert "list_logs" in line
    assert "503" in line


def test_lines_contain_no_secrets() -> None:
    text = "\n".join(run_program("debug"))
    assert not re.search("s3cret|public-key|Basic|cursor-to-hide", text)


def test_nothing_is_logged_without_the_variable() -> None:
    assert run_program("") == []


def test_configured_root_logger_receives_each_line_once() -> None:
    lines = run_program("debug", "basicConfig")
    assert len(lines) == 4
    assert all(line.startswith("root list_") for line in lines)


def test_unknown_level_raises(monkeypatch: pytest.MonkeyPatch, logger_restored: None) -> None:
    monkeypatch.setenv("SENDCLOUD_LOG", "verbose")
    with pytest.raises(ConfigurationError, match="Invalid SENDCLOUD_LOG: must be debug or info"):
        SendcloudIntegrations(auth=BasicAuth("p", "s"))


def test_many_clients_add_one_handler(monkeypatch: pytest.MonkeyPatch, logger_restored: None) -> None:
    monkeypatch.setenv("SENDCLOUD_LOG", "info")
    before = len(LOGGER.handlers)
    for _ in range(3):
        SendcloudIntegrations(
            auth=BasicAuth("p", "s"),
            retries=RetryPolicy(),
            transport=httpx.MockTransport(lambda _: httpx.Response(200)),
        )
    assert len(LOGGER.handlers) == before + 1
    assert LOGGER.level == logging.INFO
