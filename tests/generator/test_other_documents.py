"""`make generate` makes an importable package with a client for any document, on the code that our own client uses."""

from __future__ import annotations

import importlib
import inspect
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from generator.__main__ import main
from generator.client_plan import plan_client
from generator.normalization import UnsupportedError
from generator.security import plan_security
from generator.yaml_documents import dump_yaml
from sendcloud_integrations_client import (
    APIKeyAuth,
    AuthenticationError,
    BasicAuth,
    BearerAuth,
    ConfigurationError,
    NoAuth,
    OAuth2ClientCredentials,
    RateLimits,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.base_client import BaseClient

PACKAGE = "parcel_lockers"
KEY = "a-secret/key+1"
SCHEMES: dict[str, dict[str, Any]] = {
    "Header": {"type": "apiKey", "in": "header", "name": "X-Locker-Key"},
    "Query": {"type": "apiKey", "in": "query", "name": "key"},
    "Cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
    "Basic": {"type": "http", "scheme": "Basic"},
    "Bearer": {"type": "http", "scheme": "bearer"},
    "OAuth": {"type": "oauth2", "flows": {}},
    "OpenId": {"type": "openIdConnect", "openIdConnectUrl": "https://id.test/.well-known"},
    "Digest": {"type": "http", "scheme": "digest"},
    "Tls": {"type": "mutualTLS"},
    "Spaced": {"type": "apiKey", "in": "header", "name": "X Key: 1"},
}


def build_document(*requirements: dict[str, list[str]], **info: Any) -> dict[str, Any]:
    """Return a document of one resource without descriptions whose operations accept some security schemes."""
    used = {name: SCHEMES[name] for requirement in requirements for name in requirement}
    done = {"204": {"description": "Done."}}
    locker = {"type": "object", "properties": {"id": {"type": "integer"}, "city": {"type": "string"}}}
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/locker"}}}}
    lockers = {"content": {"application/json": {"schema": {"type": "array", "items": content_schema(content)}}}}
    path_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parcel lockers API", "version": "1", **info},
        "servers": [{"url": "https://panel.sendcloud.sc/{version}", "variables": {"version": {"default": "api/v7"}}}],
        "security": list(requirements),
        "components": {"schemas": {"locker": locker}, "securitySchemes": used},
        "paths": {
            "/lockers": {
                "get": {
                    "parameters": [{"name": "city", "in": "query", "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "OK", **lockers}},
                }
            },
            "/lockers/{id}": {
                "parameters": path_id,
                "get": {"responses": {"200": {"description": "OK", **content}}},
                "delete": {"description": "Removes one. The parcels in it are lost.", "responses": done},
            },
            "/lockers/{id}/open": {"parameters": path_id, "post": {"responses": done}},
        },
    }


def content_schema(content: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = content["content"]["application/json"]["schema"]
    return schema


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("others")
    spec = folder / "lockers.yml"
    document = build_document({"Header": []}, {"Query": []}, {"Basic": []}, {"Bearer": []}, description="One.\n\nTwo.")
    spec.write_text(dump_yaml(document), encoding="utf-8")
    (folder / "clients").mkdir()
    (folder / "clients" / "notes.txt").write_text("kept")
    options = ["--spec", str(spec), "--out", str(folder / "clients"), "--package", PACKAGE, "--no-overlay"]
    assert main(["generate", *options]) == 0
    assert main(["generate", *options]) == 0  # the second time, it replaces the package
    assert sorted(path.name for path in (folder / "clients").iterdir()) == ["notes.txt", PACKAGE]
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(folder / "clients"))
        yield importlib.import_module(PACKAGE)
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def reply(request: httpx.Request, requests: list[httpx.Request]) -> httpx.Response:
    requests.append(request)
    return httpx.Response(200, json=[{"id": 1, "city": "Eindhoven", "size": "L"}])


async def send(client_class: Any, **options: Any) -> httpx.Request:
    requests: list[httpx.Request] = []
    transport = httpx.MockTransport(lambda request: reply(request, requests))
    async with client_class(transport=transport, **options) as client:
        (locker,) = await client.lockers.list(city="Eindhoven")
    assert locker.to_dict() == {"id": 1, "city": "Eindhoven", "size": "L"}
    return requests[0]


def test_package_has_a_client_named_after_the_document(package: Any) -> None:
    assert package.__all__ == ["BASE_PATH", "BASE_URL", "ParcelLockersClient"]
    assert (package.BASE_URL, package.BASE_PATH) == ("https://panel.sendcloud.sc/api/v7", "/api/v7")
    assert issubclass(package.ParcelLockersClient, BaseClient)
    assert (Path(package.__file__).parent / "py.typed").is_file()
    text = inspect.getdoc(package.ParcelLockersClient) or ""
    assert text.startswith("Parcel lockers API.\n\nOne.\n\nCreate one client per process")


def test_client_shares_everything_but_its_resources_with_our_own() -> None:
    own = {name for name in vars(SendcloudIntegrations) if not name.startswith("_")}
    assert own == {"base_url_variable", "default_base_url", "logs"}
    assert SendcloudIntegrations.__init__ is BaseClient.__init__


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Returns", "ReturnsClient"),
        ("returns-api (v2)", "ReturnsV2Client"),
        ("Returns Client", "ReturnsClient"),
        ("2FA", "Api2FAClient"),
        ("API", "ApiClient"),
        ("Base", "BaseApiClient"),
        ('"""\nimport os', "ImportOsClient"),
    ],
)
def test_class_name_of_a_title(title: str, name: str) -> None:
    assert plan_client(build_document(title=title)).name == name
    assert plan_client(build_document(title=title, **{"x-class": "Other"})).name == "Other"


async def test_path_of_the_base_url_precedes_each_path(package: Any) -> None:
    auth = BasicAuth("public", "secret")
    assert (await send(package.ParcelLockersClient, auth=auth)).url == (
        "https://panel.sendcloud.sc/api/v7/lockers?city=Eindhoven"
    )
    request = await send(package.ParcelLockersClient, auth=auth, base_url="https://proxy.test/sendcloud/v7/")
    assert request.url == "https://proxy.test/sendcloud/v7/lockers?city=Eindhoven"


async def test_each_kind_of_credentials_is_sent_as_the_document_says(package: Any) -> None:
    client = package.ParcelLockersClient
    assert (await send(client, auth=BasicAuth("public", "secret"))).headers["authorization"].startswith("Basic ")
    assert (await send(client, auth=BearerAuth("a-token"))).headers["authorization"] == "Bearer a-token"
    request = await send(client, auth=APIKeyAuth(KEY))
    assert request.headers["x-locker-key"] == KEY
    assert "key" not in request.url.params
    request = await send(client, auth=APIKeyAuth(KEY, name="key"))
    assert dict(request.url.params) == {"city": "Eindhoven", "key": KEY}
    assert "x-locker-key" not in request.headers


async def test_keys_do_not_appear_in_logs_hooks_and_errors(package: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[httpx.Request] = []

    async def hook(request: httpx.Request) -> None:
        seen.append(request)

    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"detail": f"Invalid: {request.url} {dict(request.headers)}"})

    for name in (None, "key"):
        auth = APIKeyAuth(KEY, name=name)
        client = package.ParcelLockersClient(
            auth=auth, transport=httpx.MockTransport(echo), event_hooks={"request": [hook]}
        )
        async with client:
            with pytest.raises(AuthenticationError) as caught:
                await client.lockers.list()
            with pytest.raises(ConfigurationError, match="credentials are sent to"):
                await client.http.get("https://evil.test/")
            await client.http.get("https://evil.test/", auth=None)
        shown = [caplog.text, str(caught.value), repr(vars(caught.value)), repr(auth), repr(client), repr(seen)]
        assert not any(secret in text for text in shown for secret in (KEY, "a-secret%2Fkey%2B1"))
    assert all("x-locker-key" not in request.headers for request in seen)


async def test_key_goes_to_no_other_origin(package: Any) -> None:
    requests: list[httpx.Request] = []
    transport = httpx.MockTransport(lambda request: reply(request, requests))
    async with package.ParcelLockersClient(auth=APIKeyAuth(KEY), transport=transport) as client:
        await client.http.get("https://evil.test/", auth=None)
    assert KEY not in str(requests[0].headers)


def test_credentials_of_another_kind_are_rejected(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    keys_only = type("KeysOnly", (package.ParcelLockersClient,), {"security_schemes": scheme_classes({"Header": []})})
    with pytest.raises(ConfigurationError, match=r"the API accepts APIKeyAuth, not BasicAuth"):
        keys_only(auth=BasicAuth("public", "secret"))
    with pytest.raises(ConfigurationError, match=r"No credentials found\. Pass auth=APIKeyAuth\(…\)"):
        keys_only()
    with pytest.raises(ConfigurationError, match="has no API key named other"):
        keys_only(auth=APIKeyAuth(KEY, name="other"))
    with pytest.raises(
        ConfigurationError, match="the API accepts BasicAuth or OAuth2ClientCredentials or BearerAuth, not APIKeyAuth"
    ):
        SendcloudIntegrations(auth=APIKeyAuth(KEY))
    unknown = type("Unknown", (package.ParcelLockersClient,), {"default_base_url": None})
    with pytest.raises(ConfigurationError, match=r"No base URL found: .* Pass base_url="):
        unknown(auth=BasicAuth("public", "secret"))
    monkeypatch.setenv("SENDCLOUD_BASE_URL", "https://integrations.test")  # of the Integrations API only
    with pytest.raises(ConfigurationError, match="No base URL found"):
        unknown(auth=BasicAuth("public", "secret"))


@pytest.mark.parametrize("key", ["", " ", "ü", "a\nb", "key "])
def test_invalid_keys_are_rejected_without_being_shown(key: str) -> None:
    for create in (APIKeyAuth, BearerAuth):
        with pytest.raises(ConfigurationError, match=r"Invalid (key|token): must"):
            create(key)


async def test_api_without_security_schemes_needs_no_credentials(package: Any) -> None:
    public = type("Public", (package.ParcelLockersClient,), {"security_schemes": ()})
    request = await send(public)
    assert "authorization" not in request.headers
    assert "authorization" in (await send(public, auth=BasicAuth("public", "secret"))).headers
    assert (await send(public, auth=APIKeyAuth(KEY, name="X-Key"))).headers["x-key"] == KEY
    with pytest.raises(ConfigurationError, match=r"declares no API key\. Pass the name of the header as name="):
        public(auth=APIKeyAuth(KEY))
    assert "authorization" not in (await send(package.ParcelLockersClient, auth=NoAuth())).headers


async def test_clients_of_several_apis_share_credentials_and_one_budget(package: Any) -> None:
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "shared-token", "expires_in": 3600})
        return httpx.Response(200, json={"data": []} if "integrations" in request.url.path else [])

    auth = OAuth2ClientCredentials("client", "secret", token_url="https://id.test/token")
    limits = RateLimits(reads_per_minute=3)
    waits: list[float] = []
    options: dict[str, Any] = {"auth": auth, "rate_limits": limits, "on_call": lambda report: waits.append(1)}
    async with (
        SendcloudIntegrations(transport=httpx.MockTransport(respond), **options) as integrations,
        package.ParcelLockersClient(transport=httpx.MockTransport(respond), **options) as lockers,
    ):
        assert budget_of(integrations) is budget_of(lockers)
        await integrations.integrations.list()
        await lockers.lockers.list()
    assert [request.url.path for request in requests] == ["/token", "/api/v3/integrations", "/api/v7/lockers"]
    assert {request.headers["authorization"] for request in requests[1:]} == {"Bearer shared-token"}


def budget_of(client: BaseClient) -> Any:
    """Return the object that counts the slots of a client, found below its transports."""
    pending: list[Any] = [client.http]
    visited: list[Any] = []
    while pending:
        found = pending.pop()
        if type(found).__name__ == "LocalBudget":
            return found
        if any(found is one for one in visited) or not hasattr(found, "__dict__"):
            continue
        visited.append(found)
        pending += list(vars(found).values())
    raise AssertionError("no budget")


def scheme_classes(*requirements: dict[str, list[str]]) -> tuple[Any, ...]:
    from sendcloud_integrations_client.auth.security_schemes import SecurityScheme

    assert len(requirements) == 1
    return (SecurityScheme("api_key", "X-Locker-Key", "header"),)


def kinds(*requirements: dict[str, list[str]]) -> list[str]:
    return [plan.kind.strip('"') for plan in plan_security(build_document(*requirements))]


def test_security_requirements_are_read() -> None:
    assert kinds({"Header": []}, {"Basic": []}) == ["api_key", "basic"]
    assert kinds({"OAuth": ["a"]}) == kinds({"OpenId": []}) == kinds({"Bearer": []}) == ["bearer"]
    assert kinds({"Cookie": []}, {"Basic": []}) == ["basic"]
    assert kinds({}, {"Tls": []}) == []
    unused = build_document({"Basic": []})
    del unused["security"]
    assert [plan.kind for plan in plan_security(unused)] == ['"basic"']


@pytest.mark.parametrize("names", [["Cookie"], ["Digest"], ["Tls"], ["Spaced"], ["Basic", "Header"]])
def test_operation_without_a_supported_scheme_is_rejected_by_name(names: list[str]) -> None:
    with pytest.raises(UnsupportedError) as caught:
        plan_security(build_document({name: [] for name in names}))
    assert str(caught.value) == f"GET /lockers: the security scheme {', '.join(names)} is not supported"


def test_operations_without_text_have_useful_docstrings(package: Any) -> None:
    resource = importlib.import_module(f"{PACKAGE}.resources.lockers").LockersResource
    expected = {
        "list": "List lockers.",
        "retrieve": "Retrieve a locker.",
        "open": "Open locker.",
        "delete": "Removes one.\n\nThe parcels in it are lost.\n\n`DELETE /lockers/{id}`",
    }
    for name, text in expected.items():
        assert (inspect.getdoc(getattr(resource, name)) or "").startswith(text)
    assert "city: Query parameter `city`." in (inspect.getdoc(resource.list) or "")
    assert "locker_id: Path parameter `id`." in (inspect.getdoc(resource.retrieve) or "")


def test_failure_with_our_overlay_suggests_to_apply_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "lockers.yml"
    spec.write_text(dump_yaml(build_document()), encoding="utf-8")
    assert main(["generate", "--spec", str(spec), "--out", str(tmp_path / "x")]) == 2
    error = capsys.readouterr().err
    assert "For another one, add OVERLAY=none (--no-overlay), or OVERLAY=file.yml (--overlay)." in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", ["my-client", "class", "1st"])
def test_folder_that_python_cannot_import_is_rejected(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "lockers.yml"
    spec.write_text(dump_yaml(build_document()), encoding="utf-8")
    assert main(["generate", "--spec", str(spec), "--out", str(tmp_path / name), "--no-overlay"]) == 2
    assert main(["generate", "--spec", str(spec), "--out", str(tmp_path), "--package", name, "--no-overlay"]) == 2
    assert capsys.readouterr().err.count("PACKAGE=name") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["lockers.yml"]


def test_separate_server_of_a_path_is_rejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = build_document()
    document["paths"]["/lockers"]["servers"] = [{"url": "https://other.test"}]
    spec = tmp_path / "lockers.yml"
    spec.write_text(dump_yaml(document), encoding="utf-8")
    assert main(["generate", "--spec", str(spec), "--out", str(tmp_path / "x"), "--no-overlay"]) == 2
    assert "GET /lockers: a separate server is not supported" in capsys.readouterr().err
