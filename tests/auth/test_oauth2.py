"""OAuth2 client credentials: token requests, renewal, 401 responses, failures, cancellation and token stores."""

from __future__ import annotations

import asyncio
import base64
import inspect
import logging
import time
from urllib.parse import parse_qs, unquote_plus

import attrs
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendcloud_integrations_client.auth import AccessToken, BasicAuth, OAuth2ClientCredentials, TokenErrorTransport
from sendcloud_integrations_client.errors import APIStatusError, AuthenticationError, ConfigurationError
from tests.support import private_state
from tests.support.error_text import get_secret_spellings, render_error
from tests.support.token_server import (
    API_URL,
    CLIENT_SECRET,
    TOKEN_URL,
    BrokenTokenStore,
    RecordingTokenStore,
    TokenServer,
    build_client,
    build_oauth2,
    get_first_authorization,
)


@pytest.fixture
def server() -> TokenServer:
    return TokenServer()


# ---------------------------------------------------------------------------------------------- token request


async def test_token_request_follows_rfc_6749(server: TokenServer) -> None:
    async with build_client(server, build_oauth2()) as http:
        await http.get("/integrations", timeout=3.0, headers={"User-Agent": "mine"}, extensions={"sendcloud": 1})
    (request,) = server.token_requests
    assert request.method == "POST"
    assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"], "scope": ["api"]}
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["User-Agent"] == "mine"
    user, _, password = base64.b64decode(request.headers["Authorization"][6:]).decode().partition(":")
    assert password != CLIENT_SECRET
    assert (unquote_plus(user), unquote_plus(password)) == ("client-id", CLIENT_SECRET)
    assert "sendcloud" not in request.extensions
    assert server.tokens == ["token-1"]


async def test_token_request_has_the_timeout_of_the_call(server: TokenServer) -> None:
    async with build_client(server, build_oauth2()) as http:
        await http.get("/integrations", timeout=3.0)
    assert server.token_requests[0].extensions["timeout"]["read"] == 3.0


async def test_token_url_keeps_its_trailing_slash(server: TokenServer) -> None:
    async with build_client(server, build_oauth2(token_url=TOKEN_URL + "/", scope="other")) as http:
        await http.get("/integrations")
    (request,) = server.token_requests
    assert str(request.url) == TOKEN_URL + "/"
    assert parse_qs(request.content.decode())["scope"] == ["other"]


async def test_a_thousand_concurrent_tasks_send_one_token_request(server: TokenServer) -> None:
    async with build_client(server, build_oauth2()) as http:
        responses = await asyncio.gather(*(http.get("/integrations") for _ in range(1000)))
    assert {response.status_code for response in responses} == {200}
    assert len(server.token_requests) == 1
    assert server.tokens == ["token-1"] * 1000


def test_credentials_work_in_consecutive_event_loops() -> None:
    auth = build_oauth2(refresh_margin=0)
    servers = []

    async def run_requests(expires_in: float) -> None:
        server = TokenServer()
        server.expires_in = expires_in
        servers.append(server)
        async with build_client(server, auth) as http:
            await asyncio.gather(*(http.get("/integrations") for _ in range(20)))

    for _ in range(3):
        asyncio.run(run_requests(3600))
        private_state.forget_token(auth)
    assert [len(server.token_requests) for server in servers] == [1, 1, 1]
    assert private_state.count_token_locks(auth) == 1, "locks of closed loops are dropped"


# ---------------------------------------------------------------------------------------------- token lifetime


async def test_expired_token_is_replaced(server: TokenServer) -> None:
    auth = build_oauth2(token_store=(store := RecordingTokenStore()))
    store.preset("old", seconds=-1)
    async with build_client(server, auth) as http:
        await http.get("/integrations")
    assert server.tokens == ["token-1"]


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        ("", 3600),
        (', "expires_in": null', 3600),
        (', "expires_in": 120', 120),
        (', "expires_in": "120"', 120),
        (', "expires_in": 90.5', 90.5),
        (', "expires_in": "soon"', 3600),
        (', "expires_in": []', 3600),
        (', "expires_in": "nan"', 3600),
        (', "expires_in": "inf"', 3600),
        (', "expires_in": 1e400', 3600),
        (', "expires_in": 1' + "0" * 400, 3600),
        (', "expires_in": 1e300', 366 * 86_400),
    ],
)
async def test_expires_in_is_parsed_leniently(server: TokenServer, expires_in: str, lifetime: float) -> None:
    server.token_responses = [httpx.Response(200, text=f'{{"access_token": "t"{expires_in}}}')]
    auth = build_oauth2(token_store=(store := RecordingTokenStore()))
    before = time.time()
    async with build_client(server, auth) as http:
        await http.get("/integrations")
    token = store.saved
    assert token is not None
    assert before + lifetime <= token.expires_at <= time.time() + lifetime
    assert token.scope == "api"


@pytest.mark.parametrize("expires_in", [0, -5, "0"])
async def test_token_that_is_issued_expired_is_used_once(server: TokenServer, expires_in: object) -> None:
    server.expires_in = expires_in
    async with build_client(server, build_oauth2()) as http:
        await http.get("/integrations")
        await http.get("/integrations")
    assert server.tokens == ["token-1", "token-2"]


async def test_one_task_renews_before_expiry_while_other_tasks_use_the_current_token(server: TokenServer) -> None:
    auth = build_oauth2(token_store=(store := RecordingTokenStore()), refresh_margin=60.0)
    store.preset("old", seconds=30)
    server.token_gate = asyncio.Event()
    async with build_client(server, auth) as http:
        await http.get("/integrations", headers={"warm": "up"})  # loads the token from the store
        renewing = asyncio.create_task(http.get("/integrations"))
        await server.token_requested.wait()
        private_state.end_renewal_pause(auth)  # a slow renewal can last longer than the pause
        await asyncio.wait_for(asyncio.gather(*(http.get("/integrations") for _ in range(50))), 30)
        assert not renewing.done()
        assert server.tokens == ["old"] * 51
        server.token_gate.set()
        await renewing
        await http.get("/integrations")
    assert server.tokens[51:] == ["token-1"] * 2
    assert len(server.token_requests) == 1


async def test_token_is_not_renewed_before_refresh_margin(server: TokenServer) -> None:
    auth = build_oauth2(token_store=(store := RecordingTokenStore()), refresh_margin=60.0)
    store.preset("old", seconds=90)
    async with build_client(server, auth) as http:
        await http.get("/integrations")
        await http.get("/integrations")
    assert server.token_requests == []
    assert store.load_count == 1, "the token in memory is used first"


async def test_token_that_lives_shorter_than_refresh_margin_is_not_renewed_at_every_call(server: TokenServer) -> None:
    server.expires_in = 30
    async with build_client(server, build_oauth2(refresh_margin=60.0)) as http:
        for _ in range(20):
            await http.get("/integrations")
    assert len(server.token_requests) == 2


FAILURES = [
    httpx.Response(500, text="no"),
    httpx.Response(200, text="<html>"),
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("slow"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: repr(failure))
async def test_failed_renewal_fails_no_call_while_the_current_token_is_valid(
    server: TokenServer, failure, caplog: pytest.LogCaptureFixture
) -> None:
    auth = build_oauth2(token_store=(store := RecordingTokenStore()))
    store.preset("old", seconds=30)
    async with build_client(server, auth) as http:
        server.token_responses = [failure]
        for _ in range(10):
            assert (await http.get("/integrations")).status_code == 200
        assert server.tokens == ["old"] * 10
        assert len(server.token_requests) == 1, "not repeated immediately"
        assert "current token is used until it expires" in caplog.text
        private_state.end_renewal_pause(auth)
        await http.get("/integrations")
    assert server.tokens[10:] == ["token-2"]


# ---------------------------------------------------------------------------------------------- 401


async def test_401_response_renews_the_token_and_repeats_the_request(server: TokenServer) -> None:
    server.accepted_tokens = {"token-2"}
    async with build_client(server, build_oauth2()) as http:
        response = await http.post("/integrations/7/logs", json={"a": 1})
        assert response.status_code == 200
        await http.get("/integrations")
    assert server.tokens == ["token-1", "token-2", "token-2"]
    assert server.api_requests[0][1] == server.api_requests[1][1] == b'{"a":1}'


async def test_second_401_response_is_returned_without_another_request(server: TokenServer) -> None:
    server.accepted_tokens = set()
    async with build_client(server, build_oauth2()) as http:
        assert (await http.get("/integrations")).status_code == 401
    assert server.tokens == ["token-1", "token-2"]
    assert len(server.token_requests) == 2


async def test_rejected_token_that_the_endpoint_issues_again_is_used_from_then_on(server: TokenServer) -> None:
    server.token_responses = [httpx.Response(200, json={"access_token": "same"}) for _ in range(2)]
    server.accepted_tokens = set()
    async with build_client(server, build_oauth2()) as http:
        await http.get("/integrations")
        server.accepted_tokens = {"same"}
        await http.get("/integrations")
    assert server.tokens == ["same"] * 3
    assert len(server.token_requests) == 2


async def test_a_thousand_concurrent_401_responses_renew_the_token_once(server: TokenServer) -> None:
    auth = build_oauth2(token_store=(store := RecordingTokenStore()))
    store.preset("revoked", seconds=900)
    server.accepted_tokens = {"token-1"}
    async with build_client(server, auth) as http:
        responses = await asyncio.gather(*(http.get("/integrations") for _ in range(1000)))
    assert {response.status_code for response in responses} == {200}
    assert len(server.token_requests) == 1


async def test_401_response_loads_the_token_that_another_process_renewed(server: TokenServer) -> None:
    auth = build_oauth2(token_store=(store := RecordingTokenStore()))
    store.preset("first", seconds=900)
    server.accepted_tokens = {"first"}
    async with build_client(server, auth) as http:
        await http.get("/integrations")
        server.accepted_tokens = {"second"}
        store.preset("second", seconds=800)
        assert (await http.get("/integrations")).status_code == 200
    assert server.token_requests == []
    assert server.tokens == ["first", "first", "second"]


async def test_connection_of_a_401_response_is_released_before_the_token_request() -> None:
    closed: list[bool] = []

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b"{}"

        async def aclose(self) -> None:
            closed.append(True)

    flow = build_oauth2().async_auth_flow(httpx.Request("GET", API_URL))
    await flow.asend(None)
    await flow.asend(httpx.Response(200, json={"access_token": "t"}))
    await flow.asend(httpx.Response(401, stream=Body()))
    assert closed == [True]
    await flow.aclose()


# ---------------------------------------------------------------------------------------------- endpoint errors

ENDPOINT_RESPONSES = [
    (
        httpx.Response(401, json={"error": "invalid_client", "error_description": "Unknown\nclient"}),
        401,
        "invalid_client: Unknown client",
    ),
    (httpx.Response(400, json={"error": "invalid_scope"}), 400, "returned 400: invalid_scope"),
    (httpx.Response(500, json={"error": {"x": 1}}), 500, "no OAuth2 response but 17 bytes, application/json"),
    (httpx.Response(502, html="<html>bad gateway</html>"), 502, "no OAuth2 response but 24 bytes, text/html"),
    (httpx.Response(503), 503, "no OAuth2 response but 0 bytes, no content type"),
    (
        httpx.Response(302, headers={"Location": "https://evil.example/"}),
        302,
        "returned 302: redirects to https://evil.example/",
    ),
    (httpx.Response(400, json={"error": {"code": 412, "message": "No such client"}}), 400, "412: No such client"),
    (httpx.Response(400, json={"client_id": ["Required."]}), 400, "(client_id): Required."),
    (httpx.Response(204), 204, "no usable access token"),
    (httpx.Response(200, html="<html>login</html>"), 200, "no usable access token"),
    (httpx.Response(200, content=b'{"access_tok'), 200, "no usable access token"),
    (httpx.Response(200, json=["token"]), 200, "no usable access token"),
    (httpx.Response(200, content=b"[" * 200_000), 200, "no usable access token"),
    (httpx.Response(200, json={}), 200, "no usable access token"),
    (httpx.Response(200, json={"access_token": 7}), 200, "no usable access token"),
    (httpx.Response(200, json={"access_token": ""}), 200, "no usable access token"),
    (httpx.Response(200, json={"access_token": "to\nken"}), 200, "no usable access token"),
    (httpx.Response(200, json={"access_token": "t" * 16_385}), 200, "no usable access token"),
    (httpx.Response(200, json={"access_token": "t", "token_type": "mac"}), 200, "no usable access token"),
]  # fmt: skip


@pytest.mark.parametrize(("response", "status", "text"), ENDPOINT_RESPONSES)
async def test_token_endpoint_error_names_the_endpoint_and_the_problem(
    server: TokenServer, response, status, text
) -> None:
    server.token_responses = [response]
    async with build_client(server, build_oauth2()) as http:
        with pytest.raises(AuthenticationError) as caught:
            await http.get("/integrations")
        assert isinstance(caught.value, APIStatusError)
        assert caught.value.status_code == status
        assert TOKEN_URL in str(caught.value)
        assert text in str(caught.value)
        assert "\n" not in str(caught.value)
        assert server.api_requests == []
        assert (await http.get("/integrations")).status_code == 200, "the next call sends a new token request"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(201, json={"access_token": "t"}),
        httpx.Response(200, json={"access_token": "t" * 16_384}),
        httpx.Response(200, content=b'\xef\xbb\xbf{"access_token": "t"}'),
        httpx.Response(200, content=b'{"access_token": "t", "name": "\xff\x01\\ud83d", "expires_in": NaN}'),
    ],
)
async def test_token_is_read_from_any_success_and_lenient_json(server: TokenServer, response: httpx.Response) -> None:
    server.token_responses = [response]
    async with build_client(server, build_oauth2()) as http:
        for _ in range(2):
            assert (await http.get("/integrations")).status_code == 200
    assert {token.strip("t") for token in server.tokens} == {""}
    assert len(server.token_requests) == 1


async def test_unreachable_token_endpoint_raises_the_error_of_the_transport(server: TokenServer) -> None:
    for wrap in (TokenErrorTransport, lambda transport: transport):
        server.token_responses = [httpx.ConnectError("refused")]
        async with httpx.AsyncClient(auth=build_oauth2(), transport=wrap(server)) as http:
            with pytest.raises(httpx.ConnectError, match="refused"):
                await http.get(API_URL)
            assert (await http.get(API_URL)).status_code == 200


async def test_token_error_transport_does_not_change_errors_of_api_requests() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("api is down")

    transport = TokenErrorTransport(httpx.MockTransport(fail))
    async with httpx.AsyncClient(auth=BasicAuth("p", "s"), transport=transport) as http:
        with pytest.raises(httpx.ConnectError, match="api is down"):
            await http.get(API_URL)


@pytest.mark.parametrize("failure", [httpx.Response(401, json={"error": "invalid_client"}), httpx.ReadTimeout("slow")])
async def test_tasks_that_waited_for_a_failed_token_request_share_its_error(server: TokenServer, failure) -> None:
    server.token_responses = [failure]
    async with build_client(server, build_oauth2()) as http:
        results = await asyncio.gather(*(http.get("/integrations") for _ in range(100)), return_exceptions=True)
        assert len(server.token_requests) == 1
        assert len({id(error) for error in results}) == 100, "each task gets a separate error with a separate traceback"
        assert len({str(error) for error in results}) == 1
        assert (await http.get("/integrations")).status_code == 200


# ---------------------------------------------------------------------------------------------- cancellation


async def test_cancelling_the_task_that_fetches_the_token_lets_another_task_fetch_it(server: TokenServer) -> None:
    server.token_gate = asyncio.Event()
    async with build_client(server, build_oauth2()) as http:
        fetching = asyncio.create_task(http.get("/integrations"))
        await server.token_requested.wait()
        waiting = [asyncio.create_task(http.get("/integrations")) for _ in range(20)]
        await asyncio.sleep(0)
        fetching.cancel()
        server.token_gate.set()
        responses = await asyncio.wait_for(asyncio.gather(*waiting), 30)
    assert fetching.cancelled()
    assert {response.status_code for response in responses} == {200}
    assert len(server.token_requests) == 2


@settings(max_examples=5 * settings().max_examples)
@given(
    cancellations=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=8),
    seconds=st.sampled_from([None, -1, 30, 900]),
    revoked=st.booleans(),
)
def test_cancelling_any_task_at_any_await_blocks_no_other_task(cancellations, seconds, revoked) -> None:
    async def scenario() -> None:
        server, store = TokenServer(), RecordingTokenStore()
        auth = build_oauth2(token_store=store)
        if seconds is not None:
            store.preset("old", seconds=seconds)
        server.accepted_tokens = {f"token-{number}" for number in range(20)} | (set() if revoked else {"old"})
        async with build_client(server, auth) as http:
            tasks = [asyncio.create_task(http.get("/integrations")) for _ in range(10)]
            for step in range(31):
                for index, cancel_step in cancellations:
                    if cancel_step == step:
                        tasks[index].cancel()
                await asyncio.sleep(0)
            results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
            assert not private_state.is_token_lock_held(auth)
            cancelled = {index for index, _ in cancellations}
            assert {results[index].status_code for index in range(10) if index not in cancelled} <= {200}
            assert (await asyncio.wait_for(http.get("/integrations"), 30)).status_code == 200
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


async def test_cancelled_task_leaves_the_queue_for_the_token(server: TokenServer) -> None:
    server.token_gate = asyncio.Event()
    async with build_client(server, build_oauth2()) as http:
        tasks = [asyncio.create_task(http.get("/integrations")) for _ in range(3)]
        await server.token_requested.wait()
        await asyncio.sleep(0)
        tasks[1].cancel()
        server.token_gate.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [httpx.Response, asyncio.CancelledError, httpx.Response]
    assert len(server.token_requests) == 1


# ---------------------------------------------------------------------------------------------- token stores


async def test_two_clients_with_one_store_share_a_token(server: TokenServer) -> None:
    store = RecordingTokenStore()
    for _ in range(2):
        async with build_client(server, build_oauth2(token_store=store)) as http:
            await http.get("/integrations")
    assert len(server.token_requests) == 1
    assert len(store.keys) == 1


async def test_early_renewal_loads_the_token_that_another_process_renewed(server: TokenServer) -> None:
    auth = build_oauth2(token_store=(store := RecordingTokenStore()))
    store.preset("old", seconds=30)
    async with build_client(server, auth) as http:
        await http.get("/integrations")
        store.preset("new", seconds=900)
        await http.get("/integrations")
    assert server.tokens == ["old", "new"]
    assert server.token_requests == []


async def find_store_key(client_id: str, secret: str, **options: str) -> str:
    store = RecordingTokenStore()
    async with httpx.AsyncClient(
        auth=OAuth2ClientCredentials(client_id, secret, token_store=store, **options),
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"access_token": "t"})),
    ) as http:
        await http.get(API_URL)
    (key,) = store.keys
    return key


async def test_store_key_depends_on_endpoint_client_and_scope_and_not_on_the_secret() -> None:
    keys = [
        await find_store_key("client-id", CLIENT_SECRET),
        await find_store_key("client-id", CLIENT_SECRET, scope="other"),
        await find_store_key("client-id", CLIENT_SECRET, token_url=TOKEN_URL + "/"),
        await find_store_key("client-ids", CLIENT_SECRET),
    ]
    assert len(set(keys)) == 4
    assert await find_store_key("client-id", "rotated") == keys[0]
    assert all(key.isalnum() and len(key) == 64 for key in keys)


async def test_failing_store_logs_warnings_and_fails_no_call(server: TokenServer, caplog) -> None:
    async with build_client(server, build_oauth2(token_store=BrokenTokenStore())) as http:
        await http.get("/integrations")
        await http.get("/integrations")
    assert server.tokens == ["token-1", "token-1"]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "Token store: load failed with RuntimeError",
        "Token store: save failed with RuntimeError",
    ]


async def test_stored_token_with_line_breaks_is_not_used(server: TokenServer) -> None:
    auth = build_oauth2(token_store=(store := RecordingTokenStore()))
    store.preset("to\r\nken", seconds=900)
    async with build_client(server, auth) as http:
        await http.get("/integrations")
    assert server.tokens == ["token-1"]


def test_access_token_converts_to_plain_data_and_back() -> None:
    token = AccessToken("value", 1234.5, "api")
    assert AccessToken(**attrs.asdict(token)) == token
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        token.value = "other"


@pytest.mark.parametrize("invalid", [-1, float("nan"), float("inf")])
def test_invalid_refresh_margin_raises_configuration_error(invalid: float) -> None:
    with pytest.raises(ConfigurationError, match="refresh_margin"):
        build_oauth2(refresh_margin=invalid)


# ------------------------------------------------------------------------------------------ secrets in errors and logs


@pytest.mark.parametrize(
    "options", [{"token_url": "http://shop.example"}, {"scope": ""}, {"refresh_margin": -1}], ids=str
)
def test_error_about_an_option_shows_no_secret_in_local_variables(options) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build_oauth2(**options)
    assert "OAuth2ClientCredentials(client_id=" in render_error(caught.value), (
        "the partly initialized object has a repr"
    )
    assert CLIENT_SECRET not in render_error(caught.value)


@pytest.mark.parametrize(
    "build_response",
    [
        lambda text: httpx.Response(401, json={"error": "invalid_client", "error_description": text}),
        lambda text: httpx.Response(400, json={"error": text}),
        lambda text: httpx.Response(200, json={"error": text, "access_token": ["tok-in-a-list"]}),
        lambda text: httpx.Response(200, json={"access_token": f"tok-in-a-list {text}"}),
        lambda text: httpx.Response(500, text=text),
        lambda text: httpx.Response(500, headers={"content-type": text.replace("…", "")}),
    ],
)
async def test_error_of_a_token_endpoint_that_echoes_credentials_does_not_show_them(
    server, build_response, caplog
) -> None:
    caplog.set_level(logging.DEBUG)
    server.token_responses = [
        build_response("x" * 250 + " " + " and ".join(get_secret_spellings(CLIENT_SECRET)) + " …")
    ]
    async with build_client(server, build_oauth2()) as http:
        with pytest.raises(AuthenticationError) as caught:
            await http.get("/integrations")
    for spelling in [*get_secret_spellings(CLIENT_SECRET), "tok-in-a-list"]:
        assert spelling not in render_error(caught.value)
        assert spelling[:8] not in str(caught.value)
        assert spelling not in caplog.text


async def test_debug_logs_and_errors_contain_no_token_and_no_secret(caplog) -> None:
    caplog.set_level(logging.DEBUG)
    server = TokenServer()
    server.accepted_tokens = {"token-2"}
    auth = build_oauth2()
    async with build_client(server, auth) as http:
        response = await http.get("/integrations")
        server.accepted_tokens = set()
        with pytest.raises(httpx.HTTPStatusError) as caught:
            (await http.get("/integrations")).raise_for_status()
    shown_response = f"{response!r} {response.request.headers!r} {response.history!r}"
    printed = f"{render_error(caught.value)} {caplog.text} {shown_response} {vars(auth)}"
    assert "HTTP Request: POST" in caplog.text
    for secret in ["token-1", "token-2", "token-3", *get_secret_spellings(CLIENT_SECRET)]:
        assert secret not in printed


async def test_connection_error_shows_no_token_in_local_variables(server: TokenServer) -> None:
    class DisconnectingServer(TokenServer):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.token_requests:
                raise httpx.ConnectError("gone", request=request)
            return await super().handle_async_request(request)

    async with build_client(DisconnectingServer(), build_oauth2()) as http:
        with pytest.raises(httpx.ConnectError) as caught:
            await http.get("/integrations")
    assert "token-1" not in render_error(caught.value)


async def test_client_id_is_form_encoded() -> None:
    header = await get_first_authorization(OAuth2ClientCredentials("client id:ü&=", CLIENT_SECRET))
    user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    assert user == "client+id%3A%C3%BC%26%3D"
    assert (unquote_plus(user), unquote_plus(password)) == ("client id:ü&=", CLIENT_SECRET)


@pytest.mark.parametrize("values", [("a", "b", "c"), ("c", "b", "a")])
async def test_late_401_response_for_an_old_token_does_not_make_a_newer_rejected_token_usable(
    values: tuple[str, str, str],
) -> None:
    auth = build_oauth2()
    late, second, third = flows = [auth.async_auth_flow(httpx.Request("GET", API_URL)) for _ in range(3)]
    await late.asend(None)
    await late.asend(httpx.Response(200, json={"access_token": values[0]}))
    await second.asend(None)
    await second.asend(httpx.Response(401))
    await second.asend(httpx.Response(200, json={"access_token": values[1]}))
    assert (await third.asend(None)).headers["Authorization"] == f"Bearer {values[1]}"
    assert (await third.asend(httpx.Response(401))).url == TOKEN_URL
    repeated = asyncio.ensure_future(late.asend(httpx.Response(401)))
    for _ in range(5):
        await asyncio.sleep(0)
    await third.asend(httpx.Response(200, json={"access_token": values[2]}))
    assert (await repeated).headers["Authorization"] == f"Bearer {values[2]}"
    for flow in flows:
        await flow.aclose()


@pytest.mark.parametrize("value", ["a", "z"])
async def test_401_response_loads_a_newer_token_with_any_value(server: TokenServer, value: str) -> None:
    auth = build_oauth2(token_store=(store := RecordingTokenStore()))
    store.preset("m", seconds=900)
    server.accepted_tokens = {"m"}
    async with build_client(server, auth) as http:
        await http.get("/integrations")
        server.accepted_tokens = {value}
        store.preset(value, seconds=900)
        assert (await http.get("/integrations")).status_code == 200
    assert server.token_requests == []


def test_default_refresh_margin_is_one_minute() -> None:
    assert inspect.signature(OAuth2ClientCredentials).parameters["refresh_margin"].default == 60.0


async def test_renewal_is_started_again_a_quarter_of_refresh_margin_after_the_last_one(
    server: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    auth = build_oauth2(token_store=(store := RecordingTokenStore()), refresh_margin=60.0)
    store.preset("old", seconds=59)
    server.token_responses = [httpx.Response(503) for _ in range(3)]
    async with build_client(server, auth) as http:
        for seconds, requests in ((0.0, 0), (0.0, 1), (14.0, 0), (2.0, 1)):
            clock[0] += seconds
            server.token_requests.clear()
            await http.get("/integrations")
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(server.token_requests) == requests


def test_error_about_the_token_url_names_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_TOKEN_URL", "ftp://x.example")
    with pytest.raises(ConfigurationError, match=r"^Invalid SENDCLOUD_TOKEN_URL: "):
        build_oauth2()
    with pytest.raises(ConfigurationError, match=r"^Invalid token_url: "):
        build_oauth2(token_url="ftp://x.example")


@pytest.mark.parametrize(
    ("variable", "url"), [("", TOKEN_URL), ("https://other.example/token", "https://other.example/token")]
)
async def test_token_url_of_the_environment_is_used_unless_it_is_empty(
    server: TokenServer, variable: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDCLOUD_TOKEN_URL", variable)
    flow = build_oauth2().async_auth_flow(httpx.Request("GET", API_URL))
    assert str((await anext(flow)).url) == url
    await flow.aclose()


def test_refresh_margin_of_zero_is_valid() -> None:
    assert repr(build_oauth2(refresh_margin=0)) == repr(build_oauth2())


@pytest.mark.parametrize("token_type", ["Bearer", "BEARER", "", None])
@pytest.mark.parametrize(("scope", "saved_scope"), [("read", "read"), (None, "api"), (["read"], "api")])
async def test_token_type_is_compared_without_case_and_scope_defaults_to_the_requested_one(
    server: TokenServer, token_type: str | None, scope: object, saved_scope: str
) -> None:
    body = {"access_token": "t", "token_type": token_type, "scope": scope}
    server.token_responses = [httpx.Response(200, json=body)]
    auth = build_oauth2(token_store=(store := RecordingTokenStore()))
    async with build_client(server, auth) as http:
        await http.get("/integrations")
    assert server.tokens == ["t"]
    assert store.saved is not None
    assert store.saved.scope == saved_scope


@pytest.mark.parametrize("value", ["", "a b", "tök", "a\n"])
async def test_token_that_cannot_be_a_header_is_rejected(server: TokenServer, value: str) -> None:
    server.token_responses = [httpx.Response(200, json={"access_token": value})]
    async with build_client(server, build_oauth2()) as http:
        with pytest.raises(AuthenticationError, match="returned 200: no usable access token"):
            await http.get("/integrations")


async def test_error_of_a_token_request_refers_to_that_request() -> None:
    token_request = await anext(build_oauth2().async_auth_flow(httpx.Request("GET", API_URL)))
    for error in (httpx.ConnectError("refused"), ConfigurationError("closed")):

        def fail(_: httpx.Request, error: Exception = error) -> httpx.Response:
            raise error

        transport = TokenErrorTransport(httpx.MockTransport(fail))
        response = await transport.handle_async_request(token_request)
        assert response.is_error
        assert response.extensions["sendcloud_token_error"] is error
        if isinstance(error, httpx.TransportError):
            assert error.request is token_request


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": "a", "error_description": "b"}, "returned 400: a: b."),
        ({"error": 7, "error_description": "b"}, "returned 400: b."),
        ({"error": "a", "error_description": None}, "returned 400: a."),
        ({"message": "x"}, "returned 400: x."),
        ({"other": []}, "returned 400: no OAuth2 response but 12 bytes, application/json."),
    ],
)
async def test_error_text_of_the_token_endpoint_is_shown(server: TokenServer, body: dict, text: str) -> None:
    server.token_responses = [httpx.Response(400, json=body)]
    async with build_client(server, build_oauth2()) as http:
        with pytest.raises(AuthenticationError) as caught:
            await http.get("/integrations")
    assert f"token endpoint {TOKEN_URL} {text}" in str(caught.value)
