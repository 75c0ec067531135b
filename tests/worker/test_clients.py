"""The clients of a worker stay open between jobs."""

from __future__ import annotations

import pytest

from sendcloud_integrations_client import BasicAuth
from sendcloud_integrations_client.profiles import Account
from sendcloud_integrations_client.worker.clients import ClientPool

ONE, TWO = (Account(name, BasicAuth("public", "secret")) for name in ("one", "two"))


async def test_jobs_of_an_account_share_one_client() -> None:
    pool = ClientPool()
    async with pool.use(ONE) as first:
        pass
    async with pool.use(ONE) as second, pool.use(TWO) as other:
        assert second is first
        assert other is not first
    await pool.aclose()
    assert first.http.is_closed
    assert other.http.is_closed


async def test_changed_credentials_replace_the_client() -> None:
    pool = ClientPool()
    async with pool.use(ONE) as first:
        pass
    async with pool.use(Account("one", BasicAuth("public", "rotated"))) as second:
        assert second is not first
        assert first.http.is_closed
        assert not second.http.is_closed
    await pool.aclose()


async def test_a_job_that_was_taken_over_does_not_leak_its_client() -> None:
    pool = ClientPool()
    async with pool.use(ONE) as first:
        async with pool.use(ONE) as second:
            assert second is not first
        assert not second.http.is_closed
    assert second.http.is_closed
    assert not first.http.is_closed
    await pool.aclose()
    assert first.http.is_closed


@pytest.mark.parametrize("number", [1, 3])
async def test_the_number_of_idle_clients_is_bounded(number: int) -> None:
    pool = ClientPool(max_idle=number)
    clients = []
    for index in range(5):
        async with pool.use(Account(f"shop-{index}", BasicAuth("public", "secret"))) as client:
            clients.append(client)
    assert [client.http.is_closed for client in clients] == [True] * (5 - number) + [False] * number
    await pool.aclose()
