"""The generated package is what the contract gives, and holds no name that a person would not choose."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import sendcloud_integrations_client as sendcloud
from generator.build import CONTRACT, GENERATED, differences, generate
from generator.documents import parse_yaml, validate

REFERENCE = Path(__file__).parents[2] / "shared" / "reference" / "sendcloud-v3-integrations-openapi.yml"
UNWANTED = re.compile(r"sc_?public|response_?\d|type_?\d|object_?object|_item\b|Item\b|Object\b|Model\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    content: dict[str, Any] = parse_yaml(CONTRACT.read_bytes(), CONTRACT.name)
    return content


def test_the_contract_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document, CONTRACT.name)
    assert sum(len(item) - ("parameters" in item) for item in document["paths"].values()) == 11


def test_generation_is_the_same_to_the_byte_and_is_what_is_committed(tmp_path: Path) -> None:
    generate(CONTRACT, tmp_path / "one" / GENERATED.name)
    assert differences(GENERATED, tmp_path / "one" / GENERATED.name) == []


def test_a_failed_generation_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "generated"
    out.mkdir()
    (out / "kept.py").write_text("kept = True\n")
    broken = tmp_path / "broken.yml"
    broken.write_text("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n")
    done = subprocess.run(
        [sys.executable, "-m", "generator", "generate", "--spec", str(broken), "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
        cwd=CONTRACT.parent.parent,
    )
    assert done.returncode == 2
    assert "matches nothing: $.paths['/integrations'].get" in done.stderr
    assert [path.name for path in out.iterdir()] == ["kept.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.yml", "generated"]


def public_names() -> list[str]:
    names = [*sendcloud.__all__, *sendcloud.models.__all__]
    names += [path.stem for path in GENERATED.rglob("*.py")]
    for resource in vars(sendcloud.api).values():
        if inspect.ismodule(resource):
            names += getattr(resource, "__all__", [])
    return names


def test_no_public_name_is_a_generators() -> None:
    assert len(public_names()) > 60
    assert [name for name in public_names() if UNWANTED.search(name)] == []


@pytest.mark.parametrize(
    ("resource", "methods"),
    [
        ("integrations", {"list", "retrieve", "update", "delete"}),
        ("logs", {"list", "across", "create"}),
        ("shop_order_statuses", {"list", "replace"}),
        ("status_mapping", {"retrieve", "replace"}),
    ],
)
def test_every_operation_is_a_method_of_a_resource(resource: str, methods: set[str]) -> None:
    client = sendcloud.SendcloudIntegrations(auth=sendcloud.BasicAuth("public", "secret"))
    found = getattr(client, resource)
    assert {name for name in dir(found) if not name.startswith("_")} == methods
    for name in methods:
        documentation = inspect.getdoc(getattr(found, name)) or ""
        assert "Args:" in documentation
        assert "Raises:" in documentation
        assert re.search(r"`(GET|POST|PATCH|DELETE) /", documentation)


def test_every_model_documents_every_attribute() -> None:
    for name in sendcloud.models.__all__:
        model = getattr(sendcloud.models, name)
        documentation = inspect.getdoc(model) or ""
        for attribute in getattr(model, "__wire_names__", ()):
            assert re.search(rf"^ +{attribute}: \w", documentation, re.MULTILINE), (name, attribute)


def test_there_are_no_synchronous_endpoint_functions() -> None:
    for resource in vars(sendcloud.api).values():
        for name in getattr(resource, "__all__", ()):
            assert inspect.iscoroutinefunction(getattr(resource, name)), name


def test_help_reads_like_documentation() -> None:
    code = "import sendcloud_integrations_client as s; help(s)"
    text = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Asyncio client for Sendcloud's Integrations API v3" in text
    assert "client.integrations           list, retrieve, update, delete" in text
    assert not re.search(r"sc_public|response_200|type_0|object_object", text)


def signatures(package: Path) -> str:
    """Every signature of a generated package: its code without docstrings and bodies of text."""
    code = "\n".join(path.read_text() for path in sorted(package.rglob("*.py")))
    return re.sub(r'"""(?:[^"\\]|\\.|"(?!""))*"""', "", code)


@pytest.mark.skipif(not REFERENCE.exists(), reason="the published document is not at hand")
def test_the_published_document_gives_the_same_names_and_signatures(tmp_path: Path) -> None:
    generate(REFERENCE, tmp_path / "generated")
    assert signatures(tmp_path / "generated") == signatures(GENERATED)


def test_a_new_endpoint_without_an_overlay_entry_becomes_a_method(document: dict[str, Any], tmp_path: Path) -> None:
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
    assert "async def list(" in resource
    assert "integration_id: int" in resource
    assert "builtins.list[IntegrationWebhook]" in resource
    assert (
        "def webhooks(self) -> WebhooksResource" in (tmp_path / "generated" / "resources" / "__init__.py").read_text()
    )
