"""Operations that share a list method can have different parameters: none is dropped or sent to the wrong one."""

from __future__ import annotations

import copy
import importlib
import inspect
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from generator.build import OPENAPI_DOCUMENT, generate
from generator.documents import read_document
from generator.naming import NamingError
from generator.yaml_documents import dump_yaml
from sendcloud_integrations_client import BasicAuth, InvalidInputError, SendcloudIntegrations

PACKAGE = "package_of_shared_lists"
ALL_LOGS, LOGS_OF_INTEGRATION = "/integrations/logs", "/integrations/{id}/logs"


def build_document(parameters: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return our document with further query parameters of the two lists of logs."""
    document = copy.deepcopy(read_document(OPENAPI_DOCUMENT))
    for path, added in parameters.items():
        document["paths"][path]["get"].setdefault("parameters", []).extend({"in": "query", **one} for one in added)
    return document


def build_package(folder: Path, document: dict[str, Any]) -> None:
    spec = folder / "document.yml"
    spec.write_text(dump_yaml(document), encoding="utf-8")
    generate(spec, folder / PACKAGE)


@pytest.fixture(scope="module")
def resource_class(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("shared")
    text = {"schema": {"type": "string"}}
    kind = {"name": "kind", "required": True, **text}
    since = {"name": "since", "required": True, "schema": {"type": "string", "format": "date"}}
    added = {
        ALL_LOGS: [{"name": "severity", **text}, {"name": "zone", "required": True, **text}, kind],
        LOGS_OF_INTEGRATION: [since, kind],
    }
    build_package(folder, build_document(added))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(folder))
        yield importlib.import_module(f"{PACKAGE}.resources.logs").LogsResource
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
async def logs(resource_class: Any) -> AsyncIterator[tuple[Any, list[str]]]:
    urls: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        urls.append(request.url.raw_path.decode().removeprefix("/api/v3"))
        return httpx.Response(200, json={"data": []})

    async with SendcloudIntegrations(
        auth=BasicAuth("p", "s"),
        base_url="http://127.0.0.1:9/api/v3",
        transport=httpx.MockTransport(respond),
        rate_limits=None,
    ) as client:
        yield resource_class(client), urls


def test_arguments_that_only_one_operation_has_are_optional(resource_class: Any) -> None:
    parameters = inspect.signature(resource_class.list).parameters
    assert list(parameters) == [
        *("self", "kind", "integration_id", "cursor", "page_size", "severity", "zone", "since", "on_decode_error")
    ]
    required = [name for name, one in parameters.items() if one.default is inspect.Parameter.empty]
    assert required == ["self", "kind"]
    documentation = inspect.getdoc(resource_class.list) or ""
    assert "since: Query parameter `since`. Requires integration_id." in documentation
    assert "severity: Query parameter `severity`. Cannot be combined with integration_id." in documentation


async def test_each_operation_gets_its_own_arguments(logs: tuple[Any, list[str]]) -> None:
    resource, urls = logs
    await resource.list("k", zone="z", severity="high")
    await resource.list("k", integration_id=7, since="2026-01-02")
    await resource.with_response.list("k", integration_id=7, since="2026-01-02", page_size=5)
    assert sorted(urls[0].partition("?")[2].split("&")) == ["kind=k", "severity=high", "zone=z"]
    assert sorted(urls[1].partition("?")[2].split("&")) == ["kind=k", "since=2026-01-02"]
    assert urls[2].startswith("/integrations/7/logs?")
    assert "page_size=5" in urls[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "zone for logs.list: is required"),
        ({"integration_id": 7}, "since for logs.list: is required"),
        ({"zone": "z", "since": "2026-01-02"}, "since for logs.list: requires integration_id"),
        (
            {"integration_id": 7, "since": "2026-01-02", "severity": "high"},
            "severity for logs.list: cannot be combined with integration_id",
        ),
    ],
)
async def test_argument_of_the_other_operation_is_rejected(
    logs: tuple[Any, list[str]], arguments: dict[str, Any], message: str
) -> None:
    resource, urls = logs
    with pytest.raises(InvalidInputError, match=message):
        await resource.list("k", **arguments)
    assert urls == []


def test_argument_of_two_types_is_rejected_in_one_line(tmp_path: Path) -> None:
    added = {
        ALL_LOGS: [{"name": "kind", "schema": {"type": "string"}}],
        LOGS_OF_INTEGRATION: [{"name": "kind", "schema": {"type": "integer"}}],
    }
    with pytest.raises(NamingError, match=r"of the method list have different types of kind\. Set x-method\.$"):
        build_package(tmp_path, build_document(added))


def test_operation_that_is_no_list_is_rejected_in_one_line(tmp_path: Path) -> None:
    document = build_document({})
    success = document["paths"][LOGS_OF_INTEGRATION]["get"]["responses"]["200"]
    success["content"]["application/json"]["schema"]["properties"]["data"] = {"type": "object"}
    with pytest.raises(NamingError, match=r"^list_integration_logs is not a list"):
        build_package(tmp_path, document)
