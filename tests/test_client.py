"""Every operation sends what the contract asks for, gives typed records, and fails in a way one can act on."""

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
from tests.contract_samples import examples

BASE = "https://panel.sendcloud.sc/api/v3"
Client = SendcloudIntegrations


@pytest.fixture
async def client(httpx_mock: HTTPXMock) -> AsyncIterator[Client]:
    async with Client(
        auth=BasicAuth("public", "secret"),
        retries=None,
        rate_limits=None,  # a 429 in one test would hold up the next
        transport=httpx.AsyncHTTPTransport(verify=False),  # pytest-httpx stands in for it, and not for ours
    ) as one:
        yield one


def example(operation: str, of: str) -> Any:
    return next(value for name, status, value in examples() if (name, status) == (operation, of))


MAPPING = {"READY_TO_SEND": "11", "IN_TRANSIT": "11", "DELIVERED": "12", "CANCEL": None}
ENTRIES = [{"status_category": category, "external_id": external_id} for category, external_id in MAPPING.items()]
STATUSES = example("replace_shop_order_statuses", "request")["statuses"]
LOG = example("create_integration_log", "request")

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
async def test_what_is_sent_and_what_comes_back(
    operation: str,
    call: Callable[[Client], Awaitable[Any]],
    method: str,
    target: str,
    body: Any,
    client: Client,
    httpx_mock: HTTPXMock,
) -> None:
    status, answer = next(
        ((status, value) for name, status, value in examples() if name == operation and status.startswith("2")),
        ("204", None),
    )
    content = b"" if status == "204" else orjson.dumps(answer)
    httpx_mock.add_response(status_code=int(status), content=content, headers={"content-type": "application/json"})
    result = await call(client)

    request = httpx_mock.get_requests()[0]
    assert (request.method, str(request.url)) == (method, BASE + target)
    assert request.headers["authorization"].startswith("Basic ")
    assert request.headers["accept"] == "application/json"
    assert (orjson.loads(request.content) if request.content else None) == body
    assert ("content-type" in request.headers) == (body is not None)

    if answer is None:
        assert result is None
    elif isinstance(answer["data"], list):
        records = result.data if isinstance(result, sendcloud.Page) else result
        assert [record.to_dict() for record in records] == answer["data"]
    else:
        assert result.to_dict() == answer["data"]


def test_every_operation_is_called() -> None:
    assert {operation for operation, *_ in CALLS} == {name for name, _, _ in examples()}


async def test_a_detailed_twin_gives_status_and_headers(client: Client, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json={"data": [{"id": 1}]}, headers={"X-Request-Id": "r1"})
    answer = await api.integrations.list_integrations_detailed(client)
    assert [one.id for one in answer.parsed] == [1]
    assert (answer.status_code, answer.headers["x-request-id"], answer.attempts) == (200, "r1", 1)


BAD_INPUT: list[tuple[Callable[[Client], Awaitable[Any]], str, str]] = [
    (lambda c: c.integrations.retrieve(0), "retrieve_integration", "id"),
    (lambda c: c.integrations.retrieve(-1), "retrieve_integration", "id"),
    (lambda c: c.integrations.retrieve(True), "retrieve_integration", "id"),
    (lambda c: c.integrations.retrieve("7/../8"), "retrieve_integration", "id"),  # type: ignore[arg-type]
    (lambda c: c.integrations.update(7), "update_integration", "the body"),
    (lambda c: c.integrations.update(7, shop_name=""), "update_integration", "shop_name"),
    (lambda c: c.integrations.update(7, feedback_type="s3cret"), "update_integration", "feedback_type"),  # type: ignore[call-overload]
    (lambda c: c.logs.list(page_size=0), "list_logs", "page_size"),
    (lambda c: c.logs.list(page_size=101), "list_logs", "page_size"),
    (lambda c: c.logs.list(integration_id=0), "list_integration_logs", "id"),
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


@pytest.mark.parametrize(("call", "operation", "field"), BAD_INPUT)
async def test_bad_input_is_refused_before_a_request_is_spent(
    call: Callable[[Client], Awaitable[Any]], operation: str, field: str, client: Client, httpx_mock: HTTPXMock
) -> None:
    with pytest.raises(sendcloud.InvalidInputError) as caught:
        await call(client)
    assert (caught.value.operation, caught.value.field) == (operation, field)
    assert "s3cret" not in str(caught.value)
    assert httpx_mock.get_requests() == []


async def test_a_body_in_both_forms_is_a_mistake(client: Client) -> None:
    with pytest.raises(TypeError, match="as a model or as keyword arguments, not as both"):
        await client.integrations.update(7, sendcloud.IntegrationUpdate(shop_name="x"), shop_name="y")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="takes a model as its body, not dict"):
        await client.integrations.update(7, {"shop_name": "x"})  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (404, "NotFoundError"),
        (429, "RateLimitError"),
        (500, "ServerError"),
        (302, "APIStatusError"),
        (201, "APIStatusError"),
        (204, "APIStatusError"),
    ],
)
async def test_every_status_that_is_no_success_raises(
    status: int, kind: str, client: Client, httpx_mock: HTTPXMock
) -> None:
    headers = {"location": "https://elsewhere.example/", "retry-after": "7"}
    httpx_mock.add_response(status_code=status, text="<html>", headers=headers)
    with pytest.raises(getattr(sendcloud, kind)) as caught:
        await client.integrations.retrieve(7)
    error = caught.value
    assert isinstance(error, sendcloud.APIStatusError)
    assert (error.operation, error.method, error.path) == ("retrieve_integration", "GET", "/api/v3/integrations/7")
    assert (error.status_code, error.attempts, error.retry_after) == (status, 1, 7.0)
    assert len(httpx_mock.get_requests()) == 1
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ConnectError("refused"), sendcloud.APIConnectionError),
        (httpx.ReadError(""), sendcloud.APIConnectionError),
        (httpx.RemoteProtocolError("cut"), sendcloud.APIConnectionError),
        (httpx.ReadTimeout("slow"), sendcloud.APITimeoutError),
        (httpx.PoolTimeout("full"), sendcloud.APITimeoutError),
    ],
)
async def test_a_broken_connection_is_typed_and_keeps_its_cause(
    failure: Exception, kind: type[sendcloud.APIError], client: Client, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_exception(failure)
    with pytest.raises(kind) as caught:
        await client.integrations.retrieve(7)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is failure
    assert str(caught.value).startswith("retrieve_integration (GET /api/v3/integrations/7): ")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.attempts) == (kind, str(caught.value), 1)


async def test_the_error_says_how_many_attempts_and_how_long(httpx_mock: HTTPXMock) -> None:
    policy = RetryPolicy(max_attempts=3, base_delay=0.001)
    httpx_mock.add_response(status_code=503, is_reusable=True)
    transport = httpx.AsyncHTTPTransport(verify=False)
    async with Client(auth=BasicAuth("p", "s"), retries=policy, transport=transport) as client:
        with pytest.raises(sendcloud.ServerError, match=r"after 3 attempts in 0\.\d s\. Try again later\.$") as caught:
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
async def test_a_success_that_cannot_be_read_is_typed(content: bytes, client: Client, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(content=content)
    with pytest.raises(sendcloud.ResponseDecodeError) as caught:
        await client.integrations.retrieve(7)
    assert (caught.value.operation, caught.value.status_code) == ("retrieve_integration", 200)


async def test_the_environment_stands_in_for_what_is_not_given(
    httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDCLOUD_PUBLIC_KEY", "public")
    monkeypatch.setenv("SENDCLOUD_SECRET_KEY", "secret")
    monkeypatch.setenv("SENDCLOUD_BASE_URL", "https://other.example/v3")
    httpx_mock.add_response(url="https://other.example/v3/integrations", json={"data": []})
    async with Client(transport=httpx.AsyncHTTPTransport(verify=False)) as client:
        assert await client.integrations.list() == []
    monkeypatch.delenv("SENDCLOUD_SECRET_KEY")
    with pytest.raises(sendcloud.ConfigurationError, match="SENDCLOUD_SECRET_KEY is missing"):
        Client()


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_senseless_timeout_is_refused(timeout: float) -> None:
    with pytest.raises(sendcloud.ConfigurationError, match="timeout"):
        Client(auth=BasicAuth("p", "s"), timeout=timeout)


async def test_credentials_go_to_no_other_origin(client: Client, httpx_mock: HTTPXMock) -> None:
    with pytest.raises(sendcloud.ConfigurationError, match="refused"):
        await client.http.get("https://elsewhere.example/api/v3/integrations")
    assert httpx_mock.get_requests() == []


async def test_a_link_to_elsewhere_is_not_followed(client: Client, httpx_mock: HTTPXMock) -> None:
    link = '<https://elsewhere.example/logs?cursor=c1>; rel="next"'
    httpx_mock.add_response(url=f"{BASE}/integrations/logs", json={"data": [{"id": 1}]}, headers={"Link": link})
    httpx_mock.add_response(url=f"{BASE}/integrations/logs?cursor=c1", json={"data": [{"id": 2}]})
    assert [log.id async for log in client.logs.list()] == [1, 2]


async def test_a_view_shares_connections_and_budget(client: Client) -> None:
    view = client.with_options(timeout=5.0)
    assert view.http is client.http
    assert view.logs is not client.logs


def test_credentials_travel_in_the_clear_only_where_that_is_asked_for_by_name() -> None:
    auth = BasicAuth("p", "s")
    with pytest.raises(sendcloud.ConfigurationError, match="would send credentials in the clear"):
        Client(auth=auth, base_url="http://sendcloud.internal/api/v3")
    Client(auth=auth, base_url="http://sendcloud.internal/api/v3", allow_insecure_http=True)
    Client(auth=auth, base_url="http://127.0.0.1:8080/api/v3")


async def test_no_secret_is_in_what_a_client_shows(client: Client) -> None:
    assert "secret" not in repr(client)
    assert "publ…" in repr(client)
