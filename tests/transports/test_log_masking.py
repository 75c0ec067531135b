"""Credentials that a server echoes do not appear in any log, whatever its level."""

from __future__ import annotations

import asyncio
import base64
import logging

import pytest

from sendcloud_integrations_client import AuthenticationError, BasicAuth, SendcloudIntegrations
from tests.support.raw_server import run_raw_server

SECRET = "s3cret-key-of-a-shop"
ENCODED = base64.b64encode(f"public:{SECRET}".encode()).decode()


async def echo_authorization(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    value = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"authorization")).split(b": ")[1]
    body = b'{"detail": "' + value + b'"}'
    writer.write(b"HTTP/1.1 401 X\r\nAuthorization: " + value + b"\r\nX-Echo: " + value)
    writer.write(b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()


async def test_echoed_credentials_are_masked_in_logs_and_errors(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with (
            run_raw_server(echo_authorization) as base_url,
            SendcloudIntegrations(auth=BasicAuth("public", SECRET), base_url=base_url) as client,
        ):
            with pytest.raises(AuthenticationError) as caught:
                await client.logs.list()
    assert "receive_response_headers.complete" in caplog.text
    for text in (caplog.text, str(caught.value), repr(caught.value.__dict__)):
        assert ENCODED not in text
        assert SECRET not in text
