"""The generated package is up to date and contains only readable names."""

from __future__ import annotations

import inspect
import pydoc
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import sendcloud_integrations_client as sendcloud
from generator.__main__ import main
from generator.build import GENERATED, OPENAPI_DOCUMENT, find_differences, generate
from generator.documents import parse_yaml, validate

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "sendcloud-v3-integrations-openapi.yml"
UNWANTED = re.compile(r"sc_?public|response_?\d|type_?\d|object_?object|_item\b|Item\b|Object\b|Model\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    content: dict[str, Any] = parse_yaml(OPENAPI_DOCUMENT.read_bytes(), OPENAPI_DOCUMENT.name)
    return content


def test_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document, OPENAPI_DOCUMENT.name)
    assert sum(len(item) - ("parameters" in item) for item in document["paths"].values()) >= 11


def test_committed_package_is_reproduced_byte_for_byte(tmp_path: Path) -> None:
    generate(OPENAPI_DOCUMENT, tmp_path / GENERATED.name, has_client=False)
    assert find_differences(GENERATED, tmp_path / GENERATED.name) == []


def test_failed_generation_does_not_change_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "generated"
    out.mkdir()
    (out / "kept.py").write_text("kept = True\n")
    broken = tmp_path / "broken.yml"
    broken.write_text("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n")
    assert main(["generate", "--spec", str(broken), "--out", str(out)]) == 2
    assert "matches nothing: $.paths['/integrations'].get" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["kept.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.yml", "generated"]


def list_public_names() -> list[str]:
    names = [*sendcloud.__all__, *sendcloud.models.__all__]
    names += [path.stem for path in GENERATED.rglob("*.py")]
    for resource in vars(sendcloud.api).values():
        if inspect.ismodule(resource):
            names += getattr(resource, "__all__", [])
    return names


def test_public_names_contain_no_generator_artefacts() -> None:
    assert len(list_public_names()) > 60
    assert [name for name in list_public_names() if UNWANTED.search(name)] == []


@pytest.mark.parametrize(
    ("resource", "methods"),
    [
        ("integrations", {"list", "retrieve", "update", "delete"}),
        ("logs", {"list", "list_for_integrations", "create"}),
        ("shop_order_statuses", {"list", "replace"}),
        ("status_mapping", {"retrieve", "replace"}),
    ],
)
def test_resources_have_a_documented_method_per_operation(resource: str, methods: set[str]) -> None:
    client = sendcloud.SendcloudIntegrations(auth=sendcloud.BasicAuth("public", "secret"))
    found = getattr(client, resource)
    assert {name for name in dir(found) if not name.startswith("_")} == methods | {"with_response"}
    with_response = {name for name in dir(found.with_response) if not name.startswith("_")}
    assert with_response == methods - {"list_for_integrations"}
    for name in methods:
        documentation = inspect.getdoc(getattr(found, name)) or ""
        assert "Args:" in documentation
        assert "Raises:" in documentation
        assert re.search(r"`(GET|POST|PATCH|DELETE) /", documentation)


def test_models_document_all_attributes() -> None:
    for name in sendcloud.models.__all__:
        model = getattr(sendcloud.models, name)
        documentation = inspect.getdoc(model) or ""
        for attribute in getattr(model, "wire_names", ()):
            assert re.search(rf"^ +{attribute}: \w", documentation, re.MULTILINE), (name, attribute)


def test_endpoint_functions_are_coroutine_functions() -> None:
    for resource in vars(sendcloud.api).values():
        for name in getattr(resource, "__all__", ()):
            assert inspect.iscoroutinefunction(getattr(resource, name)), name


def test_help_describes_the_package() -> None:
    text = pydoc.render_doc(sendcloud, renderer=pydoc.plaintext)  # what `help` prints
    assert "Asyncio client for Sendcloud's Integrations API v3" in text
    assert "client.integrations           list, retrieve, update, delete" in text
    assert not re.search(r"sc_public|response_200|type_0|object_object", text)


def read_code_without_docstrings(package: Path) -> str:
    code = "\n".join(path.read_text() for path in sorted(package.rglob("*.py")))
    return re.sub(r'"""(?:[^"\\]|\\.|"(?!""))*"""', "", code)


@pytest.mark.skipif(not REFERENCE.exists(), reason="needs the published document")
def test_published_document_generates_the_same_code(tmp_path: Path) -> None:
    generate(REFERENCE, tmp_path / "generated", has_client=False)
    assert read_code_without_docstrings(tmp_path / "generated") == read_code_without_docstrings(GENERATED)


@pytest.mark.long
def test_new_endpoint_without_overlay_entry_becomes_a_method(document: dict[str, Any], tmp_path: Path) -> None:
    document["paths"]["/integrations/{id}/webhooks"] = {
        "get": {
            "operationId": "sc-public-v3-integrations-get-retrieve_webhooks",
            "summary": "List the webhooks",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}],
            "responses": {
                "200": {
                    "description": "Webhooks",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "data": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "properties": {
                                                "id": {"type": "integer"},
                                                "state": {"type": "string", "enum": ["on", "off"]},
                                            },
                                        },
                                    }
                                },
                            }
                        }
                    },
                }
            },
        }
    }
    spec = tmp_path / "new.yml"
    YAML(typ="safe").dump(document, spec)
    generate(spec, tmp_path / "generated")
    resource = (tmp_path / "generated" / "resources" / "webhooks.py").read_text()
    assert "    def list(" in resource
    assert "integration_id: int" in resource
    assert "-> Paginator[IntegrationWebhook]:" in resource
    assert (
        "def webhooks(self) -> WebhooksResource" in (tmp_path / "generated" / "resources" / "__init__.py").read_text()
    )
