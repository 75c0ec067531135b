"""PostgreSQL URLs with the parameters of libpq, as managed services publish them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from sendcloud_integrations_client import ConfigurationError
from sendcloud_integrations_client.sync import LogStore


@pytest.mark.parametrize(
    "parameters",
    [
        "sslmode=require",
        "sslmode=prefer&channel_binding=prefer&gssencmode=disable",
        "connect_timeout=5",
        "connect_timeout=0",
        "ssl=prefer",
        "prepared_statement_cache_size=10",
        "target_session_attrs=read-write",
        "application_name=nightly%20sync&options=-c%20work_mem%3D5MB",
    ],
)
async def test_url_with_libpq_parameters_connects(parameters: str, new_postgresql_database: Callable[[], str]) -> None:
    url = new_postgresql_database()
    async with LogStore(f"{url}{'&' if '?' in url else '?'}{parameters}") as store:
        await store.migrate()
        async with store.reading() as connection:
            name = (await connection.execute(text("SELECT current_setting('application_name')"))).scalar_one()
            memory = (await connection.execute(text("SELECT current_setting('work_mem')"))).scalar_one()
    if "application_name" in parameters:
        assert (name, memory) == ("nightly sync", "5MB")


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("sslmode=on", "sslmode must be one of allow, disable, prefer, require, verify-ca, verify-full"),
        ("channel_binding=require", "channel_binding=require is not supported"),
        ("gssencmode=require", "gssencmode=require is not supported"),
        ("connect_timeout=soon", "connect_timeout must be an integer of seconds"),
    ],
)
def test_invalid_parameter_is_named_before_a_connection_is_made(parameters: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        LogStore(f"postgresql://name:hush@host/logs?{parameters}")
    assert "hush" not in str(caught.value)
