"""The client's operations against Prism, which holds every request to the contract and answers from its examples."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from conformance.exchanges import CONTRACT, Exchange, exchanges
from conformance.prism import prism
from sendcloud_integrations_client import APIStatusError, BasicAuth, InvalidInputError, SendcloudIntegrations, models

EXCHANGES = list(exchanges())


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prism(CONTRACT, tmp_path_factory.mktemp("prism") / "prism.log") as address:
        yield address


class Preference:
    """Asks Prism for one of its answers, by a header that the client knows nothing of."""

    def __init__(self) -> None:
        self.status = 0
        self.example = ""
        self.asked: list[httpx.URL] = []

    async def __call__(self, request: httpx.Request) -> None:
        request.headers["prefer"] = f"code={self.status}" + (f", example={self.example}" if self.example else "")
        self.asked.append(request.url)


@pytest.fixture
def preference() -> Preference:
    return Preference()


@pytest.fixture
async def client(base_url: str, preference: Preference) -> AsyncIterator[SendcloudIntegrations]:
    async with SendcloudIntegrations(
        auth=BasicAuth("public", "secret"),
        base_url=base_url,
        retries=None,
        rate_limits=None,
        event_hooks={"request": [preference]},
    ) as one:
        yield one


def test_every_operation_has_an_exchange() -> None:
    assert len({one.operation for one in EXCHANGES}) == 11
    assert len(EXCHANGES) > 25
    assert {one.status for one in EXCHANGES} == {200, 201, 204, 400, 404}


@pytest.mark.parametrize("form", ["model", "arguments"])
@pytest.mark.parametrize("exchange", EXCHANGES, ids=str)
async def test_an_exchange(
    client: SendcloudIntegrations, preference: Preference, exchange: Exchange, form: str
) -> None:
    preference.status, preference.example = exchange.status, exchange.example
    method = getattr(getattr(client, exchange.resource), exchange.method)
    if exchange.body is None:
        call = method(**exchange.arguments)
    elif form == "arguments":
        call = method(**exchange.arguments, **exchange.body)
    else:
        call = method(*exchange.arguments.values(), getattr(models, exchange.model).from_dict(exchange.body))

    if exchange.status >= 400:
        with pytest.raises(APIStatusError) as caught:
            await call
        assert caught.value.status_code == exchange.status
        assert caught.value.operation == exchange.operation
        assert caught.value.body == exchange.answer
        assert [error.raw for error in caught.value.errors] == exchange.answer["errors"]
    else:
        assert plain(await call) == exchange.answer
    assert len(preference.asked) == 1


def plain(answer: Any) -> Any:
    """An operation's result as JSON values."""
    if answer is None:
        return None
    return answer.to_dict() if hasattr(answer, "to_dict") else [record.to_dict() for record in answer]


# What keeps the tests above from passing whatever the client sends.


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/integrations", None, 200, ""),
        ("GET", "/integration", None, 404, "NO_PATH_MATCHED"),
        ("PUT", "/integrations", None, 405, "NO_METHOD_MATCHED"),
        ("GET", "/integrations/0", None, 422, "must be >= 1"),
        ("GET", "/integrations/logs?page_size=101", None, 422, "must be <= 100"),
        ("GET", "/shop-order-statuses", None, 400, "Integration ID is a required GET parameter"),
        ("POST", "/integrations/1/logs", {"method": "GET"}, 400, "extra_forbidden"),
        ("POST", "/integrations/1/logs", {"base_url": "https://shop.example", "new": 1}, 400, "extra_forbidden"),
        ("POST", "/shop-order-statuses/mapping", {"integration_id": 1, "mapping": []}, 400, "errors"),
    ],
)
async def test_prism_holds_requests_to_the_contract(
    base_url: str, method: str, path: str, body: Any, status: int, said: str
) -> None:
    async with httpx.AsyncClient(auth=("public", "secret"), trust_env=False) as http:
        answer = await http.request(method, base_url + path, json=body)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text


async def test_prism_asks_for_credentials(base_url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{base_url}/integrations")).status_code == 401


async def test_a_page_size_past_the_limit_does_not_get_as_far_as_prism(
    client: SendcloudIntegrations, preference: Preference
) -> None:
    with pytest.raises(InvalidInputError, match="page_size"):
        await client.logs.list(page_size=101)
    assert preference.asked == []
