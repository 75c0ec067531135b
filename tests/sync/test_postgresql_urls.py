"""PostgreSQL URLs with the parameters of libpq, as managed services publish them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

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
        "connect_timeout=soon&connect_timeout=5",  # the last one counts
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


@pytest.mark.parametrize("separator", [",", "&host="])
async def test_next_host_is_used_if_the_first_one_does_not_exist(
    separator: str, new_postgresql_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_postgresql_database()
    assert "?host=" in url
    missing = quote(str(tmp_path), safe="")
    async with LogStore(url.replace("?host=", f"?host={missing}{separator}")) as store:
        await store.migrate()
        assert await store.is_migrated()


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgresql://u:p%2Cw@h1:5433,h2/logs?sslmode=require", "h1,h2", "5433,5432"),
        ("postgresql://h1:5433,h2:5434", "h1,h2", "5433,5434"),
        ("postgresql+asyncpg://u@/logs?host=h1:5433&host=h2", "h1,h2", "5433,5432"),
    ],
)
def test_several_hosts_become_parameters_that_every_driver_reads(url: str, host: str, port: str) -> None:
    parsed = LogStore(url).engine.url
    assert (parsed.host, parsed.query["host"], parsed.query["port"]) == (None, host, port)
    if "%2C" in url:
        assert (parsed.username, parsed.password, parsed.database) == ("u", "p,w", "logs")
        assert parsed.query["sslmode"] == "require"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("sslmode=on", "sslmode must be one of allow, disable, prefer, require, verify-ca, verify-full"),
        ("channel_binding=require", "channel_binding=require is not supported"),
        ("gssencmode=require", "gssencmode=require is not supported"),
        ("connect_timeout=soon", "connect_timeout must be an integer of seconds"),
        ("sslmode=require&sslmode=on", "sslmode must be one of allow"),
    ],
)
def test_invalid_parameter_is_named_before_a_connection_is_made(parameters: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        LogStore(f"postgresql://name:hush@host/logs?{parameters}")
    assert "hush" not in str(caught.value)
