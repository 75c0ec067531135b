from __future__ import annotations

import asyncio
import base64
import itertools
import logging
import time
import traceback
from urllib.parse import parse_qs, unquote_plus

import attrs
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendcloud_integrations_client.auth import (
    AccessToken,
    BasicAuth,
    MemoryTokenStore,
    OAuth2ClientCredentials,
    OriginGuard,
    TokenErrorTransport,
    auth_from_environment,
    check_base_url,
)
from sendcloud_integrations_client.errors import APIStatusError, AuthenticationError, ConfigurationError

API = "https://panel.sendcloud.sc/api/v3"
TOKEN_URL = "https://account.sendcloud.com/oauth2/token"
SECRET = "s3cr3t-client+secret/&="
ENVIRONMENT = {
    "SENDCLOUD_PUBLIC_KEY": "public-key-of-shop",
    "SENDCLOUD_SECRET_KEY": "basic-secret-value",
    "SENDCLOUD_CLIENT_ID": "client-id-of-shop",
    "SENDCLOUD_CLIENT_SECRET": "oauth-secret-value",
}
BASIC = ("SENDCLOUD_PUBLIC_KEY", "SENDCLOUD_SECRET_KEY")
OAUTH2 = ("SENDCLOUD_CLIENT_ID", "SENDCLOUD_CLIENT_SECRET")


def only(*names: str) -> dict[str, str]:
    return {name: ENVIRONMENT[name] for name in names}


class Server(httpx.AsyncBaseTransport):
    """The API and the token endpoint: gives token-1, token-2, … and takes those in `accepted` (None: any)."""

    def __init__(self) -> None:
        self.token_requests: list[httpx.Request] = []
        self.api_requests: list[tuple[str, bytes]] = []
        self.accepted: set[str] | None = None
        self.expires_in: object = 3600
        self.answers: list[httpx.Response | Exception] = []
        self.token_hold: asyncio.Event | None = None
        self.token_began = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if str(request.url).startswith(TOKEN_URL):
            return await self.token(request)
        await asyncio.sleep(0)
        sent = request.headers["Authorization"].removeprefix("Bearer ")
        self.api_requests.append((sent, await request.aread()))
        good = self.accepted is None or sent in self.accepted
        return httpx.Response(200 if good else 401, json={"data": []})

    async def token(self, request: httpx.Request) -> httpx.Response:
        self.token_requests.append(request)
        number = len(self.token_requests)
        self.token_began.set()
        await asyncio.sleep(0)
        if self.token_hold:
            await self.token_hold.wait()
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        body = {"access_token": f"token-{number}", "scope": "api", "token_type": "bearer"}
        return httpx.Response(200, json=body | ({} if self.expires_in is None else {"expires_in": self.expires_in}))

    @property
    def bearers(self) -> list[str]:
        return [bearer for bearer, _ in self.api_requests]


class CountingStore(MemoryTokenStore):
    def __init__(self) -> None:
        super().__init__()
        self.keys: set[str] = set()
        self.loads = 0

    async def load(self, key: str) -> AccessToken | None:
        self.keys.add(key)
        self.loads += 1
        await asyncio.sleep(0)
        return await super().load(key)

    async def save(self, key: str, token: AccessToken) -> None:
        self.keys.add(key)
        await asyncio.sleep(0)
        await super().save(key, token)

    async def put(self, auth: OAuth2ClientCredentials, value: str, *, seconds: float) -> None:
        await super().save(auth._token_key, AccessToken(value, time.time() + seconds, "api"))


class BrokenStore:
    async def load(self, key: str) -> AccessToken | None:
        raise RuntimeError("cannot load token-1")

    async def save(self, key: str, token: AccessToken) -> None:
        raise RuntimeError(f"cannot save {token.value}")


def oauth(**options: object) -> OAuth2ClientCredentials:
    return OAuth2ClientCredentials("client-id", SECRET, **options)


def client(server: httpx.AsyncBaseTransport, auth: BasicAuth | OAuth2ClientCredentials) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        auth=OriginGuard(auth, httpx.URL(API)), transport=TokenErrorTransport(server), base_url=API
    )


@pytest.fixture
def server() -> Server:
    return Server()


# ---------------------------------------------------------------------------------------------- Basic


async def test_basic_sends_public_key_and_secret_key(server: Server) -> None:
    async with client(server, BasicAuth("public", "sécret:x")) as http:
        await http.get("/integrations")
    assert server.bearers == ["Basic " + base64.b64encode("public:sécret:x".encode()).decode()]


async def test_basic_returns_a_401_without_asking_again(server: Server) -> None:
    server.accepted = set()
    async with client(server, BasicAuth("public", "secret")) as http:
        assert (await http.get("/integrations")).status_code == 401
    assert len(server.api_requests) == 1


BAD = ["", "   ", None, 7, b"key", "key\n", "key\x00", "key\x7f", "\ufeffkey", "key\udcff"]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("kind", [BasicAuth, OAuth2ClientCredentials])
@pytest.mark.parametrize("position", [0, 1])
def test_unusable_credentials_are_refused_at_once_without_showing_them(kind, position, bad) -> None:
    values = ["good-one-1", "good-one-2"]
    values[position] = bad
    with pytest.raises(ConfigurationError) as caught:
        kind(*values)
    names = ("public_key", "secret_key") if kind is BasicAuth else ("client_id", "client_secret")
    assert str(caught.value).startswith(names[position])
    assert "good" not in str(caught.value)
    assert "key\n" not in str(caught.value)


def test_a_colon_in_the_public_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="public_key contains"):
        BasicAuth("pub:lic", "secret")


@pytest.mark.parametrize("auth", [BasicAuth("public", "secret"), oauth()])
def test_a_sync_client_is_told_to_be_async(auth) -> None:
    for wrapped in (auth, OriginGuard(auth, httpx.URL(API))):
        with (
            httpx.Client(auth=wrapped, transport=httpx.MockTransport(lambda _: httpx.Response(200))) as http,
            pytest.raises(ConfigurationError, match=r"httpx\.AsyncClient"),
        ):
            http.get(API)


# ---------------------------------------------------------------------------------------------- environment


def test_the_environment_gives_basic() -> None:
    auth = auth_from_environment(only(*BASIC) | {"SENDCLOUD_CLIENT_ID": ""})
    assert isinstance(auth, BasicAuth)
    assert auth.budget_key == BasicAuth(ENVIRONMENT["SENDCLOUD_PUBLIC_KEY"], "x").budget_key
    assert auth._header.reveal() == BasicAuth("public-key-of-shop", "basic-secret-value")._header.reveal()


def test_the_environment_gives_oauth2() -> None:
    auth = auth_from_environment(only(*reversed(OAUTH2)))
    assert isinstance(auth, OAuth2ClientCredentials)
    assert auth._header.reveal() == OAuth2ClientCredentials("client-id-of-shop", "oauth-secret-value")._header.reveal()


def test_the_environment_may_name_the_token_endpoint() -> None:
    token_url = "http://127.0.0.1:8080/oauth2/token"
    auth = auth_from_environment(only(*OAUTH2) | {"SENDCLOUD_TOKEN_URL": token_url})
    assert token_url in repr(auth)
    # As SENDCLOUD_BASE_URL, it may stand there for others.
    assert isinstance(auth_from_environment(only(*BASIC) | {"SENDCLOUD_TOKEN_URL": token_url}), BasicAuth)
    with pytest.raises(ConfigurationError, match="SENDCLOUD_TOKEN_URL is http:"):
        auth_from_environment(only(*OAUTH2) | {"SENDCLOUD_TOKEN_URL": "http://token.example/"})


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError):
        auth_from_environment()
    for name in BASIC:
        monkeypatch.setenv(name, ENVIRONMENT[name])
    assert isinstance(auth_from_environment(), BasicAuth)


COMPLETE = [set(BASIC), set(OAUTH2)]
INCOMPLETE = [
    names for size in range(5) for names in itertools.combinations(ENVIRONMENT, size) if set(names) not in COMPLETE
]


@pytest.mark.parametrize("names", INCOMPLETE, ids=" ".join)
def test_no_pair_half_a_pair_and_both_pairs_are_refused_by_name(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        auth_from_environment(only(*names))
    message = str(caught.value)
    touched = [pair for pair in (BASIC, OAUTH2) if set(pair) & set(names)] or [BASIC, OAUTH2]
    assert all(name in message for pair in touched for name in pair)
    missing = message.partition("but ")[2]
    if missing:
        assert not any(name in missing for name in names)
    assert not any(value in shown(caught.value) for value in ENVIRONMENT.values())


# ---------------------------------------------------------------------------------------------- token request


async def test_the_token_request_is_the_one_that_rfc_6749_asks_for(server: Server) -> None:
    async with client(server, oauth()) as http:
        await http.get("/integrations", timeout=3.0, headers={"User-Agent": "mine"}, extensions={"sendcloud": 1})
    (request,) = server.token_requests
    assert request.method == "POST"
    assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"], "scope": ["api"]}
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["User-Agent"] == "mine"
    user, _, password = base64.b64decode(request.headers["Authorization"][6:]).decode().partition(":")
    assert password != SECRET
    assert (unquote_plus(user), unquote_plus(password)) == ("client-id", SECRET)
    assert "sendcloud" not in request.extensions
    assert server.bearers == ["token-1"]


async def test_the_token_request_has_the_timeout_of_the_call(server: Server) -> None:
    async with client(server, oauth()) as http:
        await http.get("/integrations", timeout=3.0)
    assert server.token_requests[0].extensions["timeout"]["read"] == 3.0


async def test_a_token_url_is_kept_to_its_trailing_slash(server: Server) -> None:
    async with client(server, oauth(token_url=TOKEN_URL + "/", scope="other")) as http:
        await http.get("/integrations")
    (request,) = server.token_requests
    assert str(request.url) == TOKEN_URL + "/"
    assert parse_qs(request.content.decode())["scope"] == ["other"]


async def test_a_thousand_tasks_at_once_make_one_token_request(server: Server) -> None:
    async with client(server, oauth()) as http:
        answers = await asyncio.gather(*(http.get("/integrations") for _ in range(1000)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(server.token_requests) == 1
    assert server.bearers == ["token-1"] * 1000


def test_one_object_works_in_several_event_loops_one_after_the_other() -> None:
    auth = oauth(refresh_ahead=0)
    hosts = []

    async def job(expires_in: float) -> None:
        server = Server()
        server.expires_in = expires_in
        hosts.append(server)
        async with client(server, auth) as http:
            await asyncio.gather(*(http.get("/integrations") for _ in range(20)))

    for _ in range(3):
        asyncio.run(job(3600))
        auth._token = None
        auth._store = MemoryTokenStore()
    assert [len(server.token_requests) for server in hosts] == [1, 1, 1]
    assert len(auth._locks) == 1, "locks of closed loops are let go"


# ---------------------------------------------------------------------------------------------- life of a token


async def test_an_expired_token_is_replaced(server: Server) -> None:
    auth = oauth(store=(store := CountingStore()))
    await store.put(auth, "old", seconds=-1)
    async with client(server, auth) as http:
        await http.get("/integrations")
    assert server.bearers == ["token-1"]


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
    ],
)
async def test_expires_in_is_read_leniently(server: Server, expires_in: str, lifetime: float) -> None:
    server.answers = [httpx.Response(200, text=f'{{"access_token": "t"{expires_in}}}')]
    auth = oauth(store=(store := CountingStore()))
    before = time.time()
    async with client(server, auth) as http:
        await http.get("/integrations")
    token = await store.load(auth._token_key)
    assert token is not None
    assert before + lifetime <= token.expires_at <= time.time() + lifetime
    assert token.scope == "api"


@pytest.mark.parametrize("expires_in", [0, -5, "0"])
async def test_a_token_that_is_born_expired_is_used_once(server: Server, expires_in: object) -> None:
    server.expires_in = expires_in
    async with client(server, oauth()) as http:
        await http.get("/integrations")
        await http.get("/integrations")
    assert server.bearers == ["token-1", "token-2"]


async def test_one_task_renews_ahead_of_expiry_while_the_others_use_the_old_token(server: Server) -> None:
    auth = oauth(store=(store := CountingStore()), refresh_ahead=60.0)
    await store.put(auth, "old", seconds=30)
    server.token_hold = asyncio.Event()
    async with client(server, auth) as http:
        await http.get("/integrations", headers={"warm": "up"})  # takes the token from the store
        renewing = asyncio.create_task(http.get("/integrations"))
        await server.token_began.wait()
        auth._renew_from = 0.0  # a slow renewal outlasts the pause between two of them
        await asyncio.wait_for(asyncio.gather(*(http.get("/integrations") for _ in range(50))), 5)
        assert not renewing.done()
        assert server.bearers == ["old"] * 51
        server.token_hold.set()
        await renewing
        await http.get("/integrations")
    assert server.bearers[51:] == ["token-1"] * 2
    assert len(server.token_requests) == 1


async def test_a_token_is_not_renewed_before_refresh_ahead(server: Server) -> None:
    auth = oauth(store=(store := CountingStore()), refresh_ahead=60.0)
    await store.put(auth, "old", seconds=90)
    async with client(server, auth) as http:
        await http.get("/integrations")
        await http.get("/integrations")
    assert server.token_requests == []
    assert store.loads == 1, "memory is asked first"


async def test_tokens_shorter_lived_than_refresh_ahead_are_not_renewed_at_every_call(server: Server) -> None:
    server.expires_in = 30
    async with client(server, oauth(refresh_ahead=60.0)) as http:
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
async def test_while_the_old_token_is_good_a_failed_renewal_hurts_no_call(
    server: Server, failure, caplog: pytest.LogCaptureFixture
) -> None:
    auth = oauth(store=(store := CountingStore()))
    await store.put(auth, "old", seconds=30)
    async with client(server, auth) as http:
        server.answers = [failure]
        for _ in range(10):
            assert (await http.get("/integrations")).status_code == 200
        assert server.bearers == ["old"] * 10
        assert len(server.token_requests) == 1, "not tried again at once"
        assert "old one is used" in caplog.text
        auth._renew_from = 0.0  # the pause is over
        await http.get("/integrations")
    assert server.bearers[10:] == ["token-2"]


# ---------------------------------------------------------------------------------------------- 401


async def test_after_a_401_the_token_is_renewed_and_the_request_sent_again(server: Server) -> None:
    server.accepted = {"token-2"}
    async with client(server, oauth()) as http:
        answer = await http.post("/integrations/7/logs", json={"a": 1})
        assert answer.status_code == 200
        await http.get("/integrations")
    assert server.bearers == ["token-1", "token-2", "token-2"]
    assert server.api_requests[0][1] == server.api_requests[1][1] == b'{"a":1}'


async def test_a_second_401_is_returned_and_nothing_more_is_sent(server: Server) -> None:
    server.accepted = set()
    async with client(server, oauth()) as http:
        assert (await http.get("/integrations")).status_code == 401
    assert server.bearers == ["token-1", "token-2"]
    assert len(server.token_requests) == 2


async def test_a_token_that_the_endpoint_gives_again_after_a_401_is_used_from_then_on(server: Server) -> None:
    server.answers = [httpx.Response(200, json={"access_token": "same"}) for _ in range(2)]
    server.accepted = set()
    async with client(server, oauth()) as http:
        await http.get("/integrations")
        server.accepted = {"same"}
        await http.get("/integrations")
    assert server.bearers == ["same"] * 3
    assert len(server.token_requests) == 2


async def test_a_thousand_401_at_once_renew_once(server: Server) -> None:
    auth = oauth(store=(store := CountingStore()))
    await store.put(auth, "revoked", seconds=900)
    server.accepted = {"token-1"}
    async with client(server, auth) as http:
        answers = await asyncio.gather(*(http.get("/integrations") for _ in range(1000)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(server.token_requests) == 1


async def test_a_401_takes_the_token_that_another_process_renewed(server: Server) -> None:
    auth = oauth(store=(store := CountingStore()))
    await store.put(auth, "first", seconds=900)
    server.accepted = {"first"}
    async with client(server, auth) as http:
        await http.get("/integrations")
        server.accepted = {"second"}
        await store.put(auth, "second", seconds=800)
        assert (await http.get("/integrations")).status_code == 200
    assert server.token_requests == []
    assert server.bearers == ["first", "first", "second"]


async def test_a_waiter_with_a_401_holds_no_connection() -> None:
    closed: list[bool] = []

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b"{}"

        async def aclose(self) -> None:
            closed.append(True)

    flow = oauth().async_auth_flow(httpx.Request("GET", API))
    await flow.asend(None)
    await flow.asend(httpx.Response(200, json={"access_token": "t"}))
    await flow.asend(httpx.Response(401, stream=Body()))
    assert closed == [True]
    await flow.aclose()


# ---------------------------------------------------------------------------------------------- failing endpoint

ENDPOINT_ANSWERS = [
    (
        httpx.Response(401, json={"error": "invalid_client", "error_description": "Unknown\nclient"}),
        401,
        "invalid_client: Unknown client",
    ),
    (httpx.Response(400, json={"error": "invalid_scope"}), 400, "answered 400: invalid_scope"),
    (httpx.Response(500, json={"error": {"x": 1}}), 500, "no OAuth2 answer but 17 bytes, application/json"),
    (httpx.Response(502, html="<html>bad gateway</html>"), 502, "no OAuth2 answer but 24 bytes, text/html"),
    (httpx.Response(503), 503, "no OAuth2 answer but 0 bytes, no content type"),
    (httpx.Response(302, headers={"Location": "https://evil.example/"}), 302, "answered 302"),
    (httpx.Response(201, json={"access_token": "t"}), 201, "answered 201"),
    (httpx.Response(200, html="<html>login</html>"), 200, "no usable access token"),
    (httpx.Response(200, content=b'{"access_tok'), 200, "no usable access token"),
    (httpx.Response(200, json=["token"]), 200, "no usable access token"),
    (httpx.Response(200, content=b"[" * 200_000), 200, "no usable access token"),
    (httpx.Response(200, json={}), 200, "no usable access token"),
    (httpx.Response(200, json={"access_token": 7}), 200, "no usable access token"),
    (httpx.Response(200, json={"access_token": ""}), 200, "no usable access token"),
    (httpx.Response(200, json={"access_token": "to\nken"}), 200, "no usable access token"),
    (httpx.Response(200, json={"access_token": "t", "token_type": "mac"}), 200, "no usable access token"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "status", "text"), ENDPOINT_ANSWERS)
async def test_a_failing_token_endpoint_says_which_and_what(server: Server, answer, status, text) -> None:
    server.answers = [answer]
    async with client(server, oauth()) as http:
        with pytest.raises(AuthenticationError) as caught:
            await http.get("/integrations")
        assert isinstance(caught.value, APIStatusError)
        assert caught.value.status_code == status
        assert TOKEN_URL in str(caught.value)
        assert text in str(caught.value)
        assert "\n" not in str(caught.value)
        assert server.api_requests == []
        assert (await http.get("/integrations")).status_code == 200, "the next call tries again"


async def test_an_unreachable_token_endpoint_raises_the_transports_error(server: Server) -> None:
    for wrap in (TokenErrorTransport, lambda transport: transport):
        server.answers = [httpx.ConnectError("refused")]
        async with httpx.AsyncClient(auth=oauth(), transport=wrap(server)) as http:
            with pytest.raises(httpx.ConnectError, match="refused"):
                await http.get(API)
            assert (await http.get(API)).status_code == 200


async def test_an_api_error_passes_the_token_error_transport_as_it_is() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("api is down")

    transport = TokenErrorTransport(httpx.MockTransport(broken))
    async with httpx.AsyncClient(auth=BasicAuth("p", "s"), transport=transport) as http:
        with pytest.raises(httpx.ConnectError, match="api is down"):
            await http.get(API)


@pytest.mark.parametrize("failure", [httpx.Response(401, json={"error": "invalid_client"}), httpx.ReadTimeout("slow")])
async def test_tasks_that_waited_for_a_failed_fetch_share_its_failure(server: Server, failure) -> None:
    server.answers = [failure]
    async with client(server, oauth()) as http:
        results = await asyncio.gather(*(http.get("/integrations") for _ in range(100)), return_exceptions=True)
        assert len(server.token_requests) == 1
        assert len({id(error) for error in results}) == 100, "each has its own, with its own traceback"
        assert len({str(error) for error in results}) == 1
        assert (await http.get("/integrations")).status_code == 200


# ---------------------------------------------------------------------------------------------- cancellation


async def test_cancelling_the_fetching_task_lets_the_next_one_fetch(server: Server) -> None:
    server.token_hold = asyncio.Event()
    async with client(server, oauth()) as http:
        fetching = asyncio.create_task(http.get("/integrations"))
        await server.token_began.wait()
        waiting = [asyncio.create_task(http.get("/integrations")) for _ in range(20)]
        await asyncio.sleep(0)
        fetching.cancel()
        server.token_hold.set()
        answers = await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert fetching.cancelled()
    assert {answer.status_code for answer in answers} == {200}
    assert len(server.token_requests) == 2


@settings(max_examples=150, deadline=None)
@given(
    moments=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=8),
    seconds=st.sampled_from([None, -1, 30, 900]),
    revoked=st.booleans(),
)
def test_cancelling_any_tasks_at_any_await_strands_nobody(moments, seconds, revoked) -> None:
    async def scenario() -> None:
        server, store = Server(), CountingStore()
        auth = oauth(store=store)
        if seconds is not None:
            await store.put(auth, "old", seconds=seconds)
        server.accepted = {f"token-{number}" for number in range(20)} | (set() if revoked else {"old"})
        async with client(server, auth) as http:
            tasks = [asyncio.create_task(http.get("/integrations")) for _ in range(10)]
            for step in range(31):
                for index, moment in moments:
                    if moment == step:
                        tasks[index].cancel()
                await asyncio.sleep(0)
            results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
            assert not auth._lock().locked()
            cancelled = {index for index, _ in moments}
            assert {results[index].status_code for index in range(10) if index not in cancelled} <= {200}
            assert (await asyncio.wait_for(http.get("/integrations"), 5)).status_code == 200
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


async def test_a_cancelled_waiter_leaves_the_queue(server: Server) -> None:
    server.token_hold = asyncio.Event()
    async with client(server, oauth()) as http:
        tasks = [asyncio.create_task(http.get("/integrations")) for _ in range(3)]
        await server.token_began.wait()
        await asyncio.sleep(0)
        tasks[1].cancel()
        server.token_hold.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [httpx.Response, asyncio.CancelledError, httpx.Response]
    assert len(server.token_requests) == 1


# ---------------------------------------------------------------------------------------------- stores


async def test_two_clients_of_one_store_share_a_token(server: Server) -> None:
    store = CountingStore()
    for _ in range(2):
        async with client(server, oauth(store=store)) as http:
            await http.get("/integrations")
    assert len(server.token_requests) == 1
    assert len(store.keys) == 1


async def test_a_renewal_ahead_takes_the_token_that_another_process_renewed(server: Server) -> None:
    auth = oauth(store=(store := CountingStore()))
    await store.put(auth, "old", seconds=30)
    async with client(server, auth) as http:
        await http.get("/integrations")
        await store.put(auth, "new", seconds=900)
        await http.get("/integrations")
    assert server.bearers == ["old", "new"]
    assert server.token_requests == []


def test_a_store_key_tells_endpoint_client_and_scope_apart_and_holds_no_secret() -> None:
    keys = [
        oauth()._token_key,
        oauth(scope="other")._token_key,
        oauth(token_url=TOKEN_URL + "/")._token_key,
        OAuth2ClientCredentials("client-ids", SECRET)._token_key,
    ]
    assert len(set(keys)) == 4
    assert OAuth2ClientCredentials("client-id", "rotated")._token_key == keys[0]
    assert all(key.isalnum() and len(key) == 64 for key in keys)


async def test_a_broken_store_costs_a_warning_and_no_call(server: Server, caplog) -> None:
    async with client(server, oauth(store=BrokenStore())) as http:
        await http.get("/integrations")
        await http.get("/integrations")
    assert server.bearers == ["token-1", "token-1"]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "The token store failed to load: RuntimeError",
        "The token store failed to save: RuntimeError",
    ]


async def test_an_unsendable_token_from_a_store_is_not_used(server: Server) -> None:
    auth = oauth(store=(store := CountingStore()))
    await store.put(auth, "to\r\nken", seconds=900)
    async with client(server, auth) as http:
        await http.get("/integrations")
    assert server.bearers == ["token-1"]


def test_an_access_token_can_be_kept_as_plain_data() -> None:
    token = AccessToken("value", 1234.5, "api")
    assert AccessToken(**attrs.asdict(token)) == token
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        token.value = "other"


# ---------------------------------------------------------------------------------------------- budget


def test_equal_credentials_share_a_budget_and_others_do_not() -> None:
    keys = {
        BasicAuth("one", "x").budget_key,
        BasicAuth("two", "x").budget_key,
        OAuth2ClientCredentials("one", "x").budget_key,
        OAuth2ClientCredentials("two", "x").budget_key,
    }
    assert len(keys) == 4
    assert BasicAuth("one", "y").budget_key in keys
    assert oauth(scope="other").budget_key == oauth().budget_key
    guarded = OriginGuard(oauth(), httpx.URL(API))
    assert guarded.budget_key == oauth().budget_key
    assert "client-id" not in guarded.budget_key


# ---------------------------------------------------------------------------------------------- origins


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/api/v3",
        "http://panel.sendcloud.sc/api/v3",
        "https://panel.sendcloud.sc:8443/api/v3",
        "https://panel.sendcloud.sc.evil.example/",
        "https://panel.sendcloud.sc@evil.example/",
        TOKEN_URL,
    ],
)
@pytest.mark.parametrize("auth", [BasicAuth("public", "secret"), oauth()])
async def test_a_request_to_another_origin_is_refused_before_anything_is_sent(auth, url, server: Server) -> None:
    async with client(server, auth) as http:
        with pytest.raises(ConfigurationError, match="refused"):
            await http.get(url)
    assert server.api_requests == []
    assert server.token_requests == []


@pytest.mark.parametrize("url", ["/integrations", API, "https://PANEL.sendcloud.sc:443/elsewhere"])
async def test_the_apis_own_origin_is_served(server: Server, url: str) -> None:
    async with client(server, oauth()) as http:
        assert (await http.get(url)).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://panel.sendcloud.sc/api/v3",
        "https://panel.sendcloud.sc/api/v3/",
        "https://example.com:8443",
        "http://localhost:8000/x",
        "http://127.0.0.1:1",
        "http://127.9.8.7",
        "http://[::1]:8000/api",
    ],
)
def test_good_base_urls_come_back_as_they_are(url: str) -> None:
    assert str(check_base_url(url)) == str(check_base_url(httpx.URL(url))) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://panel.sendcloud.sc/api/v3",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "http://127.1",
    ],
)
def test_plain_http_beyond_loopback_is_refused_unless_asked_for_by_name(url: str) -> None:
    with pytest.raises(ConfigurationError, match="allow_insecure_http=True"):
        check_base_url(url)
    assert str(check_base_url(url, allow_insecure_http=True)) == url
    with pytest.raises(ConfigurationError, match="token_url"):
        oauth(token_url=url)
    assert url in repr(oauth(token_url=url, allow_insecure_http=True))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "panel.sendcloud.sc",
        "/api/v3",
        "//panel.sendcloud.sc",
        "https://",
        "https:///api",
        "ftp://panel.sendcloud.sc",
        "file:///etc/passwd",
        "https://user:hunter2@panel.sendcloud.sc",
        "https://user@panel.sendcloud.sc",
        "https://u:hunter2:x@[panel",
        "https://host:hunter2",
        "https://panel.sendcloud.sc?key=hunter2",
        "https://panel.sendcloud.sc/?",
        "https://panel.sendcloud.sc/#hunter2",
        "https://hunter2\n",
        "https://\udcffhunter2",
        7,
        None,
        b"https://panel.sendcloud.sc",
    ],
)
def test_bad_base_urls_are_refused_without_being_shown(url) -> None:
    for allow in (False, True):
        with pytest.raises(ConfigurationError, match=r"^base_url must") as caught:
            check_base_url(url, allow_insecure_http=allow)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf")])
def test_a_senseless_refresh_ahead_is_refused(bad: float) -> None:
    with pytest.raises(ConfigurationError, match="refresh_ahead"):
        oauth(refresh_ahead=bad)


# ---------------------------------------------------------------------------------------------- secrecy


def shown(error: BaseException) -> str:
    """All that a report of the error could print: text, repr, traceback, and the locals of this package's frames."""
    frames = [
        frame
        for link in (error, error.__cause__, error.__context__)
        if link is not None
        for frame in traceback.TracebackException.from_exception(link, capture_locals=True).stack
        if frame.filename.endswith("/auth.py")
    ]
    attributes = {name: value for name, value in vars(error).items() if name != "_request"}
    printed = "".join(traceback.format_exception(error))
    return f"{error} {error!r} {attributes} {printed} {[frame.locals for frame in frames]}"


def forms(secret: str, user: str = "client-id") -> list[str]:
    from urllib.parse import quote_plus

    pair = f"{quote_plus(user)}:{quote_plus(secret)}".encode()
    return [secret, quote_plus(secret), base64.b64encode(pair).decode()]


def test_repr_and_str_show_nothing_secret() -> None:
    long_id, secret = "abcdefghijkl", "top-secret-value"
    for auth in (BasicAuth(long_id, secret), OAuth2ClientCredentials(long_id, secret)):
        guarded = OriginGuard(auth, httpx.URL(API))
        for text in (repr(auth), str(auth), repr(guarded), repr(vars(auth)), f"{auth.budget_key}"):
            assert secret not in text
            assert long_id not in text
            assert forms(secret, long_id)[2] not in text
        assert type(auth).__name__ in repr(auth)
        assert "abcd" in repr(auth)
    assert "value" not in repr(AccessToken("value-of-token", 1.0)).replace("AccessToken", "")


def test_a_bad_credential_shows_neither_itself_nor_the_other_one() -> None:
    secret = "top-secret-value"  # not in the calls themselves, whose source a traceback quotes
    for kind in (BasicAuth, OAuth2ClientCredentials):
        with pytest.raises(ConfigurationError) as caught:
            kind("public-id\n", secret)
        assert secret not in shown(caught.value)
        with pytest.raises(ConfigurationError) as caught:
            kind("public-id", f"{secret}\n")
        assert secret not in shown(caught.value)


@pytest.mark.parametrize(
    "options", [{"token_url": "http://shop.example"}, {"scope": ""}, {"refresh_ahead": -1}], ids=str
)
def test_a_bad_option_shows_no_secret_in_locals(options) -> None:
    with pytest.raises(ConfigurationError) as caught:
        oauth(**options)
    assert "OAuth2ClientCredentials(client_id=" in shown(caught.value), "the half-built object has a repr"
    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda text: httpx.Response(401, json={"error": "invalid_client", "error_description": text}),
        lambda text: httpx.Response(400, json={"error": text}),
        lambda text: httpx.Response(200, json={"error": text, "access_token": ["tok-in-a-list"]}),
        lambda text: httpx.Response(200, json={"access_token": f"tok-in-a-list {text}"}),
        lambda text: httpx.Response(500, text=text),
        lambda text: httpx.Response(500, headers={"content-type": text.replace("…", "")}),
    ],
)
async def test_a_token_endpoint_that_echoes_credentials_shows_none(server: Server, make, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = [make("x" * 250 + " " + " and ".join(forms(SECRET)) + " …")]
    async with client(server, oauth()) as http:
        with pytest.raises(AuthenticationError) as caught:
            await http.get("/integrations")
    for form in [*forms(SECRET), "tok-in-a-list"]:
        assert form not in shown(caught.value)
        assert form[:8] not in str(caught.value)
        assert form not in caplog.text


async def test_no_token_and_no_secret_is_logged_at_debug_or_shown_by_an_error(caplog) -> None:
    caplog.set_level(logging.DEBUG)
    server = Server()
    server.accepted = {"token-2"}
    auth = oauth()
    async with client(server, auth) as http:
        answer = await http.get("/integrations")
        server.accepted = set()
        with pytest.raises(httpx.HTTPStatusError) as caught:
            (await http.get("/integrations")).raise_for_status()
    printed = (
        f"{shown(caught.value)} {caplog.text} {answer!r} {answer.request.headers!r} {answer.history!r} {vars(auth)}"
    )
    assert "HTTP Request: POST" in caplog.text
    for secret in ["token-1", "token-2", "token-3", *forms(SECRET)]:
        assert secret not in printed


async def test_an_error_while_sending_shows_no_token_in_locals(server: Server) -> None:
    class Broken(Server):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.token_requests:
                raise httpx.ConnectError("gone", request=request)
            return await super().handle_async_request(request)

    async with client(Broken(), oauth()) as http:
        with pytest.raises(httpx.ConnectError) as caught:
            await http.get("/integrations")
    assert "token-1" not in shown(caught.value)


# ---------------------------------------------------------------------------------------------- pytest-httpx


async def test_redirects_do_not_carry_credentials_to_another_origin(httpx_mock) -> None:
    httpx_mock.add_response(url=f"{API}/integrations", status_code=302, headers={"Location": "https://evil.example/"})
    async with httpx.AsyncClient(auth=OriginGuard(BasicAuth("public", "secret"), httpx.URL(API))) as http:
        assert (await http.get(f"{API}/integrations")).status_code == 302
    assert len(httpx_mock.get_requests()) == 1
