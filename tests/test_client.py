"""Operations send the requests that the OpenAPI document defines, and return typed records or raise typed errors."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from pytest_httpx import HTTPXMock

import sendcloud_integrations_client as sendcloud
from sendcloud_integrations_client import BasicAuth, RetryPolicy, SendcloudIntegrations, api
from tests.support.contract_samples import list_examples

BASE_URL = "https://panel.sendcloud.sc/api/v3"
Client = SendcloudIntegrations


@pytest.fixture
async def client(httpx_mock: HTTPXMock) -> AsyncIterator[Client]:
    async with Client(
        auth=BasicAuth("public", "secret"),
        retries=None,
        rate_limits=None,  # a 429 response in one test would pause the next test
        transport=httpx.AsyncHTTPTransport(verify=False),  # pytest-httpx replaces this transport only
    ) as created:
        yield created


def get_example(operation: str, kind: str) -> Any:
    return next(value for name, example_kind, value in list_examples() if (name, example_kind) == (operation, kind))


MAPPING = {"READY_TO_SEND": "11", "IN_TRANSIT": "11", "DELIVERED": "12", "CANCEL": None}
ENTRIES = [{"status_category": category, "external_id": external_id} for category, external_id in MAPPING.items()]
STATUSES = get_example("replace_shop_order_statuses", "request")["statuses"]
LOG = get_example("create_integration_log", "request")

CALLS: list[tuple[str, Callable[[Client], Awaitable[Any]], str, str, Any]] = [
    ("list_integrations", lambda c: c.integrations.list(), "GET", "/integrations", None),
    (
        "list_integrations",
        lambda c: c.integrations.list(sort="-updated_at"),
        "GET",
        "/integrations?sort=-updated_at",
        None,
    ),
    ("retrieve_integration", lambda c: c.integrations.retrieve(7), "GET", "/integrations/7", None),
    (
        "update_integration",
        lambda c: c.integrations.update(7, shop_name="x", webhook_url=None),
        "PATCH",
        "/integrations/7",
        {"shop_name": "x", "webhook_url": None},
    ),
    (
        "update_integration",
        lambda c: c.integrations.update(7, feedback_type=sendcloud.FeedbackType.EAGER),
        "PATCH",
        "/integrations/7",
        {"feedback_type": "eager"},
    ),
    (
        "update_integration",
        lambda c: c.integrations.update(7, sendcloud.IntegrationUpdate(feedback_type=sendcloud.FeedbackType.NONE)),
        "PATCH",
        "/integrations/7",
        {"feedback_type": "none"},
    ),
    ("delete_integration", lambda c: c.integrations.delete(7), "DELETE", "/integrations/7", None),
    ("list_logs", lambda c: c.logs.list(), "GET", "/integrations/logs", None),
    (
        "list_logs",
        lambda c: c.logs.list(cursor="2023-03-01T02:02:00+01:00", page_size=100),
        "GET",
        "/integrations/logs?cursor=2023-03-01T02%3A02%3A00%2B01%3A00&page_size=100",
        None,
    ),
    ("list_integration_logs", lambda c: c.logs.list(integration_id=7), "GET", "/integrations/7/logs", None),
    ("create_integration_log", lambda c: c.logs.create(7, **LOG), "POST", "/integrations/7/logs", LOG),
    (
        "create_integration_log",
        lambda c: c.logs.create(7, sendcloud.IntegrationLogCreate.from_dict(LOG)),
        "POST",
        "/integrations/7/logs",
        LOG,
    ),
    (
        "create_integration_log",
        lambda c: c.logs.create(
            7,
            base_url="https://shop.example",
            created_at=datetime(2023, 3, 1, tzinfo=UTC),
            request=sendcloud.LoggedRequestCreate(headers={"A": "b"}),
        ),
        "POST",
        "/integrations/7/logs",
        {"base_url": "https://shop.example", "created_at": "2023-03-01T00:00:00Z", "request": {"headers": {"A": "b"}}},
    ),
    (
        "list_shop_order_statuses",
        lambda c: c.shop_order_statuses.list(7, language="nl-nl", show_deleted=True),
        "GET",
        "/shop-order-statuses?integration_id=7&language=nl-nl&show_deleted=true",
        None,
    ),
    (
        "list_shop_order_statuses",
        lambda c: c.shop_order_statuses.list(7, language=sendcloud.Language.NL_NL),
        "GET",
        "/shop-order-statuses?integration_id=7&language=nl-nl",
        None,
    ),
    (
        "replace_shop_order_statuses",
        lambda c: c.shop_order_statuses.replace(7, statuses=STATUSES),
        "POST",
        "/shop-order-statuses",
        {"integration_id": 7, "statuses": STATUSES},
    ),
    (
        "replace_shop_order_statuses",
        lambda c: c.shop_order_statuses.replace(
            7, statuses=[sendcloud.ShopOrderStatusInput.from_dict(status) for status in STATUSES]
        ),
        "POST",
        "/shop-order-statuses",
        {"integration_id": 7, "statuses": STATUSES},
    ),
    (
        "replace_shop_order_statuses",
        lambda c: c.shop_order_statuses.replace(
            sendcloud.ShopOrderStatusesReplace.from_dict({"integration_id": 7, "statuses": STATUSES})
        ),
        "POST",
        "/shop-order-statuses",
        {"integration_id": 7, "statuses": STATUSES},
    ),
    (
        "retrieve_status_mapping",
        lambda c: c.status_mapping.retrieve(7),
        "GET",
        "/shop-order-statuses/mapping?integration_id=7",
        None,
    ),
    (
        "replace_status_mapping",
        lambda c: c.status_mapping.replace(7, mapping=MAPPING),
        "POST",
        "/shop-order-statuses/mapping",
        {"integration_id": 7, "mapping": ENTRIES},
    ),
    (
        "replace_status_mapping",
        lambda c: c.status_mapping.replace(
            7, mapping={sendcloud.StatusCategory(name): item for name, item in MAPPING.items()}
        ),
        "POST",
        "/shop-order-statuses/mapping",
        {"integration_id": 7, "mapping": ENTRIES},
    ),
    (
        "replace_status_mapping",
        lambda c: c.status_mapping.replace(7, mapping=ENTRIES),
        "POST",
        "/shop-order-statuses/mapping",
        {"integration_id": 7, "mapping": ENTRIES},
    ),
]


@pytest.mark.parametrize(("operation", "call", "method", "target", "body"), CALLS)
async def test_operation_sends_its_request_and_returns_typed_records(
    operation: str,
    call: Callable[[Client], Awaitable[Any]],
    method: str,
    target: str,
    body: Any,
    client: Client,
    httpx_mock: HTTPXMock,
) -> None:
    status, expected = next(
        ((status, value) for name, status, value in list_examples() if name == operation and status.startswith("2")),
        ("204", None),
    )
    content = b"" if status == "204" else orjson.dumps(expected)
    httpx_mock.add_response(status_code=int(status), content=content, headers={"content-type": "application/json"})
    result = await call(client)

    request = httpx_mock.get_requests()[0]
    assert (request.method, str(request.url)) == (method, BASE_URL + target)
    assert request.headers["authorization"].startswith("Basic ")
    assert request.headers["accept"] == "application/json"
    assert (orjson.loads(request.content) if request.content else None) == body
    assert ("content-type" in request.headers) == (body is not None)

    if expected is None:
        assert result is None
    elif isinstance(expected["data"], list):
        records = result.data if isinstance(result, sendcloud.Page) else result
        assert [record.to_dict() for record in records] == expected["data"]
    else:
        assert result.to_dict() == expected["data"]


def test_every_operation_of_the_document_is_tested() -> None:
    assert {operation for operation, *_ in CALLS} == {name for name, _, _ in list_examples()}


async def test_detailed_variant_returns_status_code_and_headers(client: Client, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json={"data": [{"id": 1}]}, headers={"X-Request-Id": "r1"})
    response = await api.integrations.list_integrations_detailed(client)
    assert [integration.id for integration in response.parsed] == [1]
    assert (response.status_code, response.headers["x-request-id"], response.attempts) == (200, "r1", 1)


INVALID_CALLS: list[tuple[Callable[[Client], Awaitable[Any]], str, str]] = [
    (lambda c: c.integrations.retrieve(0), "retrieve_integration", "integration_id"),
    (lambda c: c.integrations.retrieve(-1), "retrieve_integration", "integration_id"),
    (lambda c: c.integrations.retrieve(True), "retrieve_integration", "integration_id"),
    (lambda c: c.integrations.retrieve("7/../8"), "retrieve_integration", "integration_id"),  # type: ignore[arg-type]
    (lambda c: c.integrations.update(7), "update_integration", "body"),
    (lambda c: c.integrations.update(7, shop_name=""), "update_integration", "shop_name"),
    (lambda c: c.integrations.update(7, feedback_type="s3cret"), "update_integration", "feedback_type"),  # type: ignore[call-overload]
    (lambda c: c.logs.list(page_size=0), "list_logs", "page_size"),
    (lambda c: c.logs.list(page_size=101), "list_logs", "page_size"),
    (lambda c: c.logs.list(integration_id=0), "list_integration_logs", "integration_id"),
    (lambda c: c.logs.create(7, base_url=""), "create_integration_log", "base_url"),
    (lambda c: c.shop_order_statuses.list(7, language="xx"), "list_shop_order_statuses", "language"),  # type: ignore[arg-type]
    (
        lambda c: c.shop_order_statuses.replace(7, statuses=[{"external_id": "s3cret"}]),
        "replace_shop_order_statuses",
        "statuses[0].translations",
    ),
    (lambda c: c.status_mapping.replace(7, mapping={"DELIVERED": "s3cret"}), "replace_status_mapping", "mapping"),
    (lambda c: c.status_mapping.replace(7, mapping="DELIVERED"), "replace_status_mapping", "mapping"),  # type: ignore[call-overload]
]


@pytest.mark.parametrize(("call", "operation", "field"), INVALID_CALLS)
async def test_invalid_argument_raises_before_a_request_is_sent(
    call: Callable[[Client], Awaitable[Any]], operation: str, field: str, client: Client, httpx_mock: HTTPXMock
) -> None:
    with pytest.raises(sendcloud.InvalidInputError) as caught:
        await call(client)
    assert (caught.value.operation, caught.value.field) == (operation, field)
    assert "s3cret" not in str(caught.value)
    assert httpx_mock.get_requests() == []


async def test_body_as_model_and_keyword_arguments_raises_type_error(client: Client) -> None:
    with pytest.raises(TypeError, match="as a model or as keyword arguments, not both"):
        await client.integrations.update(7, sendcloud.IntegrationUpdate(shop_name="x"), shop_name="y")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="takes a model as its body, not dict"):
        await client.integrations.update(7, {"shop_name": "x"})  # type: ignore[call-overload]


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206])
async def test_any_2xx_with_the_documented_body_is_a_success(
    status: int, client: Client, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(status_code=status, json={"data": {"id": 7}})
    assert (await client.integrations.retrieve(7)).id == 7
    httpx_mock.add_response(status_code=status, json={})
    assert await client.integrations.delete(7) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("status", [201, 204])
async def test_2xx_without_the_documented_body_raises(status: int, client: Client, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(status_code=status, text="<html>")
    with pytest.raises(sendcloud.ResponseDecodeError, match=f"expected JSON in the {status} response"):
        await client.integrations.retrieve(7)


@pytest.mark.parametrize(
    ("status", "error_name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (404, "NotFoundError"),
        (429, "RateLimitError"),
        (500, "ServerError"),
        (302, "APIStatusError"),
        (418, "APIStatusError"),
        (520, "ServerError"),
    ],
)
async def test_every_status_that_is_not_a_success_raises(
    status: int, error_name: str, client: Client, httpx_mock: HTTPXMock
) -> None:
    headers = {"location": "https://elsewhere.example/", "retry-after": "7"}
    httpx_mock.add_response(status_code=status, text="<html>", headers=headers)
    with pytest.raises(getattr(sendcloud, error_name)) as caught:
        await client.integrations.retrieve(7)
    error = caught.value
    assert isinstance(error, sendcloud.APIStatusError)
    assert (error.operation, error.method, error.path) == ("retrieve_integration", "GET", "/api/v3/integrations/7")
    assert (error.status_code, error.attempts, error.retry_after) == (status, 1, 7.0)
    assert len(httpx_mock.get_requests()) == 1
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("failure", "error_class"),
    [
        (httpx.ConnectError("refused"), sendcloud.APIConnectionError),
        (httpx.ReadError(""), sendcloud.APIConnectionError),
        (httpx.RemoteProtocolError("cut"), sendcloud.APIConnectionError),
        (httpx.ReadTimeout("slow"), sendcloud.APITimeoutError),
        (httpx.PoolTimeout("full"), sendcloud.APITimeoutError),
    ],
)
async def test_connection_error_is_typed_and_keeps_its_cause(
    failure: Exception, error_class: type[sendcloud.APIError], client: Client, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_exception(failure)
    with pytest.raises(error_class) as caught:
        await client.integrations.retrieve(7)
    assert type(caught.value) is error_class
    assert caught.value.__cause__ is failure
    assert str(caught.value).startswith("retrieve_integration (GET /api/v3/integrations/7) failed: ")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.attempts) == (error_class, str(caught.value), 1)


async def test_error_contains_the_number_of_attempts_and_the_duration(httpx_mock: HTTPXMock) -> None:
    policy = RetryPolicy(max_attempts=3, base_delay=0.001)
    httpx_mock.add_response(status_code=503, is_reusable=True)
    transport = httpx.AsyncHTTPTransport(verify=False)
    async with Client(auth=BasicAuth("p", "s"), retries=policy, transport=transport) as client:
        with pytest.raises(
            sendcloud.ServerError, match=r"failed after 3 attempts in [\d.]+ s: .*\. Try again later\.$"
        ) as caught:
            await client.integrations.list()
        assert caught.value.attempts == 3
        with pytest.raises(sendcloud.ServerError) as caught:
            await client.with_options(retries=None).integrations.list()
        assert caught.value.attempts == 1
        with pytest.raises(sendcloud.ServerError) as caught:
            await client.with_options(retries=RetryPolicy(max_attempts=2, base_delay=0)).integrations.list()
        assert caught.value.attempts == 2
        with pytest.raises(sendcloud.ServerError) as caught:
            await client.with_options(timeout=1.0).integrations.list()
        assert caught.value.attempts == 3
    assert {request.extensions["timeout"]["read"] for request in httpx_mock.get_requests()[-3:]} == {1.0}


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"data": {', b"[]", b'{"data": 5}'])
async def test_undecodable_success_raises_response_decode_error(
    content: bytes, client: Client, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(content=content)
    with pytest.raises(sendcloud.ResponseDecodeError) as caught:
        await client.integrations.retrieve(7)
    assert (caught.value.operation, caught.value.status_code) == ("retrieve_integration", 200)


async def test_missing_options_are_read_from_the_environment(
    httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDCLOUD_PUBLIC_KEY", "public")
    monkeypatch.setenv("SENDCLOUD_SECRET_KEY", "secret")
    monkeypatch.setenv("SENDCLOUD_BASE_URL", "https://other.example/v3")
    httpx_mock.add_response(url="https://other.example/v3/integrations", json={"data": []})
    async with Client(transport=httpx.AsyncHTTPTransport(verify=False)) as client:
        assert (await client.integrations.list()).data == []
    monkeypatch.delenv("SENDCLOUD_SECRET_KEY")
    with pytest.raises(sendcloud.ConfigurationError, match="SENDCLOUD_SECRET_KEY is missing"):
        Client()


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_invalid_timeout_raises_configuration_error(timeout: float) -> None:
    with pytest.raises(sendcloud.ConfigurationError, match="timeout"):
        Client(auth=BasicAuth("p", "s"), timeout=timeout)


async def test_credentials_are_not_sent_to_another_origin(client: Client, httpx_mock: HTTPXMock) -> None:
    with pytest.raises(sendcloud.ConfigurationError, match="rejected"):
        await client.http.get("https://elsewhere.example/api/v3/integrations")
    assert httpx_mock.get_requests() == []


async def test_link_to_another_host_is_not_followed(client: Client, httpx_mock: HTTPXMock) -> None:
    link = '<https://elsewhere.example/logs?cursor=c1>; rel="next"'
    httpx_mock.add_response(url=f"{BASE_URL}/integrations/logs", json={"data": [{"id": 1}]}, headers={"Link": link})
    httpx_mock.add_response(url=f"{BASE_URL}/integrations/logs?cursor=c1", json={"data": [{"id": 2}]})
    assert [log.id async for log in client.logs.list()] == [1, 2]


async def test_view_shares_the_http_client(client: Client) -> None:
    view = client.with_options(timeout=5.0)
    assert view.http is client.http
    assert view.logs is not client.logs


def test_empty_base_url_is_not_replaced_by_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_BASE_URL", "https://sendcloud.example/api/v3")
    with pytest.raises(sendcloud.ConfigurationError, match=r"Invalid base_url: must be an absolute https:// URL\."):
        Client(auth=BasicAuth("p", "s"), base_url="")


def test_unencrypted_base_url_requires_allow_insecure_http() -> None:
    auth = BasicAuth("p", "s")
    with pytest.raises(sendcloud.ConfigurationError, match="would send credentials unencrypted"):
        Client(auth=auth, base_url="http://sendcloud.internal/api/v3")
    Client(auth=auth, base_url="http://sendcloud.internal/api/v3", allow_insecure_http=True)
    Client(auth=auth, base_url="http://127.0.0.1:8080/api/v3")


def test_repr_shows_the_options_without_the_secret() -> None:
    client = Client(auth=BasicAuth("public", "secret"), base_url="https://sendcloud.example/api/v3")
    assert (
        repr(client)
        == "SendcloudIntegrations(auth=BasicAuth(public_key='publ…'), base_url='https://sendcloud.example/api/v3')"
    )
