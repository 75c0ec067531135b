"""Methods with which a test arranges the simulated Sendcloud, and several accounts in one server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sendcloud_integrations_client.testing import SimulatedLimits, SimulatedSendcloud, serve_in_thread
from sendcloud_integrations_client.testing.log_order import LogOrder

NOON = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
API = "http://sendcloud.test/api/v3"
TOKEN_URL = "http://sendcloud.test/oauth2/token"


@pytest.fixture
def server() -> SimulatedSendcloud:
    return SimulatedSendcloud(integrations=3, logs=20, now=lambda: NOON)


def create_client(server: SimulatedSendcloud, *auth: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(server),
        base_url=API,
        auth=auth or ("public", "secret"),  # type: ignore[arg-type]
    )


async def get_data(server: SimulatedSendcloud, path: str, *auth: str) -> Any:
    async with create_client(server, *auth) as client:
        response = await client.get(path)
        assert response.status_code == 200, response.text
        return response.json()["data"]


async def test_set_integration_changes_only_the_passed_fields(server: SimulatedSendcloud) -> None:
    before = await get_data(server, "/integrations/2")
    server.set_integration(
        2, shop_name="Sea & Sand", failing_since=NOON - timedelta(hours=3), service_point_carriers=("dpd",)
    )
    changes = {
        "shop_name": "Sea & Sand",
        "started_failing_at": "2026-05-04T09:00:00+00:00",
        "service_point_carriers": ["dpd"],
    }
    assert await get_data(server, "/integrations/2") == before | changes
    server.set_integration(2, failing_since=None)
    assert (await get_data(server, "/integrations/2"))["started_failing_at"] is None


async def test_add_integration_returns_an_id_that_was_never_used(server: SimulatedSendcloud) -> None:
    first = server.add_integration(shop_name="New shop", type="shopify_v2", failing_since="2026-05-04T09:00:00Z")
    assert first == 4
    record = await get_data(server, "/integrations/4")
    assert (record["shop_name"], record["type"], record["started_failing_at"], record["created_at"]) == (
        "New shop",
        "shopify_v2",
        "2026-05-04T09:00:00Z",
        "2026-05-04T12:00:00Z",
    )
    assert await get_data(server, "/integrations/4/logs") == []
    server.remove_integration(4)
    assert server.add_integration() == 5
    assert (await get_data(server, "/integrations/5"))["started_failing_at"] is None
    assert {row["id"] for row in await get_data(server, "/integrations")} == {1, 2, 3, 5}


async def test_added_prestashop_integration_has_statuses_to_replace(server: SimulatedSendcloud) -> None:
    number = server.add_integration(type="prestashop_v2")
    assert await get_data(server, f"/shop-order-statuses?integration_id={number}") == []


async def test_removed_integration_returns_404_and_its_logs_remain_in_the_list_of_all_logs(
    server: SimulatedSendcloud,
) -> None:
    log_id = server.add_log(3)
    server.remove_integration(3)
    async with create_client(server) as client:
        assert (await client.get("/integrations/3")).status_code == 404
        assert (await client.get("/integrations/3/logs")).status_code == 404
    assert (await get_data(server, "/integrations/logs"))[0]["id"] == log_id


async def test_added_log_is_the_newest_of_its_integration(server: SimulatedSendcloud) -> None:
    created_at = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
    log_id = server.add_log(
        2, exception="Read timed out", exception_type="TimeoutError", response_code=504, created_at=created_at
    )
    assert log_id == 21
    [newest] = await get_data(server, "/integrations/2/logs?page_size=1")
    shop_url = (await get_data(server, "/integrations/2"))["shop_url"]
    expected = {
        "id": 21,
        "integration_id": 2,
        "exception": "Read timed out",
        "exception_type": "TimeoutError",
        "response_code": 504,
        "created_at": "2026-05-01T08:30:00+00:00",
        "base_url": shop_url.removesuffix("/"),
        "method": "",
        "protected": False,
        "additional_data": "",
    }
    assert {name: newest[name] for name in expected} == expected


@pytest.mark.parametrize("log_order", ["newest_first", "created_at", "equal_created_at_repeated"])
async def test_lone_surrogates_are_sent_escaped_as_shops_send_them(log_order: LogOrder) -> None:
    server = SimulatedSendcloud(integrations=2, logs=5, log_order=log_order)
    server.set_integration(2, shop_name="Shop \ud83d")
    log_id = server.add_log(2, exception="emoji cut: \ud83d", request={"headers": {"\udc00": "x"}})
    async with create_client(server) as http:
        response = await http.get("/integrations/2/logs")
        assert b"emoji cut: \\ud83d" in response.content
        assert json.loads(response.content)["data"][0]["id"] == log_id
        assert b"Shop \\ud83d" in (await http.get("/integrations")).content


async def test_created_at_of_an_added_log_defaults_to_the_clock_of_the_server(server: SimulatedSendcloud) -> None:
    server.clock.advance(60)
    server.add_log(1)
    assert (await get_data(server, "/integrations/logs"))[0]["created_at"] == "2026-05-04T12:01:00Z"


@pytest.mark.parametrize(
    ("method", "fields", "message"),
    [
        ("set_integration", {"shop_name": ""}, "Invalid shop_name: Must not be empty"),
        ("set_integration", {"failing_since": "yesterday"}, "Invalid failing_since: Must be a valid date-time"),
        ("set_integration", {"failing_since": datetime(2026, 5, 4)}, "Invalid failing_since: must have a time zone"),
        ("set_integration", {"created_at": None}, "Invalid created_at: Expected string, got null"),
        ("set_integration", {"feedback_type": "never"}, "Invalid feedback_type: Must be one of"),
        ("add_integration", {"webhook_active": "yes"}, "Invalid webhook_active: Expected boolean, got string"),
        ("add_log", {"response_code": -1}, "Invalid response_code: Must be at least 0"),
        ("add_log", {"request": {"payload": 1}}, "Invalid request.payload: Expected string or object or null"),
        ("add_log", {"created_at": datetime(2026, 5, 4)}, "Invalid created_at: must have a time zone"),
    ],
)
async def test_invalid_value_raises_value_error_and_changes_nothing(
    server: SimulatedSendcloud, method: str, fields: dict[str, Any], message: str
) -> None:
    before = await get_data(server, "/integrations"), await get_data(server, "/integrations/logs")
    arguments = () if method == "add_integration" else (2,)
    with pytest.raises(ValueError, match=message):
        getattr(server, method)(*arguments, **fields)
    assert (await get_data(server, "/integrations"), await get_data(server, "/integrations/logs")) == before


def test_unknown_field_raises_type_error(server: SimulatedSendcloud) -> None:
    with pytest.raises(TypeError, match=r"Unknown field 'started_failing_at': must be one of .*failing_since"):
        server.set_integration(2, started_failing_at=None)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Unknown field 'message'"):
        server.add_log(2, message="Read timed out")  # type: ignore[call-arg]


@pytest.mark.parametrize("method", ["set_integration", "remove_integration", "add_log"])
def test_unknown_integration_raises_value_error(server: SimulatedSendcloud, method: str) -> None:
    with pytest.raises(ValueError, match="Unknown integration 99"):
        getattr(server, method)(99)


def test_arrangement_is_possible_while_another_thread_serves_requests(server: SimulatedSendcloud) -> None:
    with serve_in_thread(server) as base_url, httpx.Client(base_url=base_url, auth=("public", "secret")) as client:
        for number in range(20):
            added = server.add_integration(shop_name=f"Shop {number}")
            server.add_log(added, exception=f"Failure {number}")
            assert client.get(f"/integrations/{added}/logs").json()["data"][0]["exception"] == f"Failure {number}"
        assert len(client.get("/integrations").json()["data"]) == 23


class TestAccounts:
    async def test_accounts_share_no_data(self, server: SimulatedSendcloud) -> None:
        other = server.add_account("other", "other-secret", integrations=2, logs=5)
        other.set_integration(1, shop_name="Of the other account")
        other.add_log(1, exception="Of the other account")
        assert other.credentials.public_key == "other"
        names = [row["shop_name"] for row in await get_data(server, "/integrations")]
        assert len(names) == 3
        assert "Of the other account" not in names
        assert (await get_data(server, "/integrations/1", "other", "other-secret"))[
            "shop_name"
        ] == "Of the other account"
        logs = await get_data(server, "/integrations/logs", "other", "other-secret")
        assert [log["id"] for log in logs] == [6, 5, 4, 3, 2, 1]
        assert len(await get_data(server, "/integrations/logs")) == 20

    async def test_accounts_have_different_data_by_default(self, server: SimulatedSendcloud) -> None:
        server.add_account("one", "s")
        server.add_account("two", "s")
        assert await get_data(server, "/integrations", "one", "s") != await get_data(
            server, "/integrations", "two", "s"
        )

    @pytest.mark.parametrize("auth", [("other", "secret"), ("public", "other-secret"), ("third", "secret")])
    async def test_credentials_of_another_account_are_rejected(
        self, server: SimulatedSendcloud, auth: tuple[str, str]
    ) -> None:
        server.add_account("other", "other-secret")
        async with create_client(server, *auth) as client:
            assert (await client.get("/integrations")).status_code == 401

    async def test_tokens_belong_to_the_account_of_their_client(self, server: SimulatedSendcloud) -> None:
        account = server.add_account(
            "other", "other-secret", client_id="other-client", client_secret="cs", integrations=1, logs=0
        )
        server.add_account("third", "third-secret", integrations=2, logs=0)
        form = {"grant_type": "client_credentials", "scope": "api"}
        tokens = []
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url=API) as client:
            for auth, count in (
                (("client", "client-secret"), 3),
                (("other-client", "cs"), 1),
                (("third", "third-secret"), 2),
            ):
                response = await client.post(TOKEN_URL, data=form, auth=auth)
                tokens.append({"Authorization": f"Bearer {response.json()['access_token']}"})
                listed = await client.get("/integrations", headers=tokens[-1])
                assert len(listed.json()["data"]) == count
            in_form = form | {"client_id": "other-client", "client_secret": "cs"}
            assert (await client.post(TOKEN_URL, data=in_form)).status_code == 200
            assert (await client.post(TOKEN_URL, data=form, auth=("other-client", "client-secret"))).status_code == 401
            account.expire_tokens()
            statuses = [(await client.get("/integrations", headers=token)).status_code for token in tokens]
            assert statuses == [200, 401, 200]
            server.expire_tokens()
            assert {(await client.get("/integrations", headers=token)).status_code for token in tokens} == {401}

    async def test_accounts_have_separate_limits(self, server: SimulatedSendcloud) -> None:
        server.add_account("other", "s", limits=SimulatedLimits(reads_per_minute=1))
        async with create_client(server, "other", "s") as limited, create_client(server) as unlimited:
            assert [(await limited.get("/integrations")).status_code for _ in range(2)] == [200, 429]
            assert [(await unlimited.get("/integrations")).status_code for _ in range(2)] == [200, 200]

    async def test_credentials_of_one_account_can_expire(self, server: SimulatedSendcloud) -> None:
        server.add_account("other", "s", scenario="expired_credentials")
        async with create_client(server, "other", "s") as expired:
            assert (await expired.get("/integrations")).status_code == 401
        assert len(await get_data(server, "/integrations")) == 3

    def test_duplicate_public_key_or_client_id_raises_value_error(self, server: SimulatedSendcloud) -> None:
        with pytest.raises(ValueError, match="Invalid public_key: another account"):
            server.add_account("public", "other")
        with pytest.raises(ValueError, match="Invalid client_id: another account"):
            server.add_account("other", "other", client_id="client")
        # Nothing of the rejected accounts remains.
        server.add_account("other", "other")

    def test_invalid_options_raise_value_error(self, server: SimulatedSendcloud) -> None:
        with pytest.raises(ValueError, match="must not be negative"):
            server.add_account("other", "s", logs=-1)
