"""Operations of the client against Prism, which validates each request and responds with examples."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from conformance.exchanges import OPENAPI_DOCUMENT, Exchange, iterate_exchanges
from conformance.prism import serve_with_prism
from sendcloud_integrations_client import APIStatusError, BasicAuth, InvalidInputError, SendcloudIntegrations, models

EXCHANGES = list(iterate_exchanges())


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve_with_prism(OPENAPI_DOCUMENT, tmp_path_factory.mktemp("prism") / "prism.log") as url:
        yield url


class ExampleSelector:
    """Event hook that selects the response example of Prism by a request header."""

    def __init__(self) -> None:
        self.status = 0
        self.example = ""
        self.requested_urls: list[httpx.URL] = []

    async def __call__(self, request: httpx.Request) -> None:
        request.headers["prefer"] = f"code={self.status}" + (f", example={self.example}" if self.example else "")
        self.requested_urls.append(request.url)


@pytest.fixture
def selector() -> ExampleSelector:
    return ExampleSelector()


@pytest.fixture
async def client(base_url: str, selector: ExampleSelector) -> AsyncIterator[SendcloudIntegrations]:
    async with SendcloudIntegrations(
        auth=BasicAuth("public", "secret"),
        base_url=base_url,
        retries=None,
        rate_limits=None,
        event_hooks={"request": [selector]},
    ) as sendcloud:
        yield sendcloud


def test_iterate_exchanges_covers_every_operation() -> None:
    assert len({one.operation for one in EXCHANGES}) == 11
    assert len(EXCHANGES) > 25
    assert {one.status for one in EXCHANGES} == {200, 201, 204, 400, 404}


@pytest.mark.parametrize("form", ["model", "arguments"])
@pytest.mark.parametrize("exchange", EXCHANGES, ids=str)
async def test_call_sends_a_valid_request_and_decodes_the_response(
    client: SendcloudIntegrations, selector: ExampleSelector, exchange: Exchange, form: str
) -> None:
    selector.status, selector.example = exchange.status, exchange.example
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
        assert caught.value.body == exchange.response
        assert [error.raw for error in caught.value.errors] == exchange.response["errors"]
    else:
        assert to_json_value(await call) == exchange.response
    assert len(selector.requested_urls) == 1


def to_json_value(result: Any) -> Any:
    """Return the result of an operation as a JSON value."""
    if result is None:
        return None
    return result.to_dict() if hasattr(result, "to_dict") else [record.to_dict() for record in result]


# The tests below verify that Prism rejects invalid requests. Otherwise the tests above would prove nothing.


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
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
async def test_prism_rejects_requests_that_violate_the_document(
    base_url: str, method: str, path: str, body: Any, status: int, message: str
) -> None:
    async with httpx.AsyncClient(auth=("public", "secret"), trust_env=False) as http:
        response = await http.request(method, base_url + path, json=body)
    assert (response.status_code, message in response.text) == (status, True), response.text


async def test_prism_rejects_requests_without_credentials(base_url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{base_url}/integrations")).status_code == 401


async def test_client_rejects_an_invalid_page_size_before_sending_a_request(
    client: SendcloudIntegrations, selector: ExampleSelector
) -> None:
    with pytest.raises(InvalidInputError, match="page_size"):
        await client.logs.list(page_size=101)
    assert selector.requested_urls == []
