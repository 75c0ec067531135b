"""Realistic changes to our own document, generated with its overlay: the code imports, type-checks and works."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.build import OPENAPI_DOCUMENT, generate
from generator.documents import read_document
from generator.yaml_documents import dump_yaml

PACKAGE = "package_of_mutations"
JSON = "application/json"
HOSTILE_NAME = "a\": __import__('os').system('touch PWNED'), \"b"


def respond(schema: Any, status: str = "200", media_type: str = JSON) -> dict[str, Any]:
    return {"responses": {status: {"description": "OK", "content": {media_type: {"schema": schema}}}}}


def path_id(name: str = "id") -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}


def mutate(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with all changes that do not exclude each other."""
    changed = copy.deepcopy(document)
    paths, schemas = changed["paths"], changed["components"]["schemas"]
    record = {"type": "object", "properties": {"id": {"type": "integer"}}}
    done = {"responses": {"204": {"description": "OK"}}}
    query = paths["/integrations"]["get"].setdefault("parameters", [])
    query.append({"name": HOSTILE_NAME, "in": "query", "schema": {"type": "string"}})
    query.append({"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}})
    query.append({"name": "required", "in": "query", "required": True, "schema": {"type": "string"}})
    for parameter in query:
        parameter["x-name"] = "evil(): pass"
    query.reverse()
    paths["/integrations/{id}/health"] = {"parameters": [path_id()], "get": respond(record)}
    paths["/account"] = {"get": respond(record)}
    for action in ("pause", "import"):
        paths[f"/integrations/{{id}}/{action}"] = {"parameters": [path_id()], "post": copy.deepcopy(done)}
    for name in ("warehouses", "batches", "branches", "customs", "series", "send", "with_options"):
        paths[f"/{name}/{{id}}"] = {"parameters": [path_id()], "get": respond({"$ref": "#/components/schemas/Any"})}
    for name in ("Any", "Model", "Response", "Self", "2fa", "datetime", "Rule"):
        schemas[name] = copy.deepcopy(record)
        paths[f"/uses/{name}"] = {"get": respond({"$ref": f"#/components/schemas/{name}"})}
    schemas["webhook-object"] = {
        "type": "object",
        "required": ["id", "at", "size", "owner"],
        "properties": {
            "id": {"type": "integer"},
            "id_": {"type": "integer"},
            "date": {"type": "string", "format": "date"},
            "attrs": {"type": "string"},
            "datetime": {"type": "string", "format": "date-time"},
            "events": {"type": "array", "items": {"type": "string", "enum": ["on hold", "on-hold", 'a"b']}},
            "maybe": {"type": ["string", "null"], "enum": ["a", None]},
            "at": {"type": "string", "format": "date-time"},
            "size": {"type": "number"},
            "owner": {"$ref": "#/components/schemas/2fa"},
            "alias": {"description": "An alias.", "allOf": [{"$ref": "#/components/schemas/2fa"}]},
            "parent": {"$ref": "#/components/schemas/webhook-object"},
            "union": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]},
        },
    }
    paths["/webhooks"] = {"get": respond({"type": "array", "items": {"$ref": "#/components/schemas/webhook-object"}})}
    paths["/webhooks"]["post"] = {
        "requestBody": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/webhook-object"}}}},
        "parameters": [{"name": "dry_run", "in": "query", "schema": {"type": "boolean"}}],
        **respond({"anyOf": [{"$ref": "#/components/schemas/webhook-object"}, {"type": "null"}]}, "201"),
    }
    schemas["integration-log"]["properties"]["date"] = {"type": "string", "format": "date"}
    schemas["integration-log"]["required"] = ["created_at"]
    paths["/integrations"]["get"]["description"] = 'A text with \u2028 and \x85 and """ in it.'
    changed["servers"] = [{"url": "https://panel.sendcloud.sc/api/v4"}]
    return changed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("mutations")
    spec = folder / "document.yml"
    spec.write_text(dump_yaml(mutate(read_document(OPENAPI_DOCUMENT))), encoding="utf-8")
    generate(spec, folder / PACKAGE)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(folder))
        yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.mark.long
def test_generated_code_passes_mypy_strict(folder: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, f"--cache-dir={folder / 'cache'}"]
    environment = {**os.environ, "MYPYPATH": str(OPENAPI_DOCUMENT.parents[1])}
    done = subprocess.run(
        [*command, "-p", PACKAGE], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("Success"), done.stdout[-2000:] + done.stderr


def test_all_modules_import_and_nothing_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for path in sorted((folder / PACKAGE).rglob("*.py")):
        importlib.import_module(".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"))
    assert not (folder / "PWNED").exists()


@pytest.mark.parametrize(
    ("resource", "methods"),
    [
        ("health", {"retrieve"}),
        ("account", {"retrieve"}),
        ("integrations", {"list", "retrieve", "update", "delete", "pause", "import_"}),
        ("warehouses", {"retrieve"}),
        ("send_", {"retrieve"}),
        ("with_options_", {"retrieve"}),
        ("webhooks", {"list", "create"}),
        ("shop_order_statuses", {"list", "replace"}),
    ],
)
def test_names_follow_the_rules(folder: Path, resource: str, methods: set[str]) -> None:
    module = importlib.import_module(f"{PACKAGE}.resources.{resource}")
    (found,) = (value for name, value in vars(module).items() if name.endswith("Resource"))
    assert {name for name in dir(found) if not name.startswith("_")} == methods | {"with_response"}


@pytest.mark.parametrize("noun", ["warehouse", "batch", "branch", "customs", "series"])
def test_operations_have_the_right_singular(folder: Path, noun: str) -> None:
    assert list((folder / PACKAGE / "api").glob(f"*/retrieve_{noun}.py"))


def test_classes_do_not_clash(folder: Path) -> None:
    models = importlib.import_module(f"{PACKAGE}.models")
    assert {"AnyModel", "ModelModel", "ResponseModel", "SelfModel", "Model2fa", "WebhookObjectEvent"} <= set(
        models.__all__
    )
    webhook = models.Webhook
    assert [member.value for member in models.WebhookObjectEvent] == ["on hold", "on-hold", 'a"b']
    assert webhook.wire_names["id"] == "id"
    assert webhook.wire_names["id_"] == "id_"
    assert webhook.wire_names["date_"] == "date"
    assert webhook.wire_names["attrs_"] == "attrs"


def test_parameters_keep_their_meaning_in_any_order_and_extensions_are_ignored(folder: Path) -> None:
    module = importlib.import_module(f"{PACKAGE}.api.integrations.list_integrations")
    signature = inspect.signature(module.list_integrations)
    assert list(signature.parameters)[:2] == ["client", "required"]
    assert {"tags", "sort", "a_import_os_system_touch_pwned_b"} <= set(signature.parameters)
    assert 'and """ in it.' in (inspect.getdoc(module.list_integrations) or "")


def test_path_of_the_base_url_comes_from_the_document(folder: Path) -> None:
    server = importlib.import_module(f"{PACKAGE}.server")
    assert (server.BASE_URL, server.BASE_PATH) == ("https://panel.sendcloud.sc/api/v4", "/api/v4")
