"""`update` replaces the document and the client together or not at all, and reports changes for callers."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock
from ruamel.yaml import YAML

from generator.__main__ import main
from generator.build import GENERATED, OPENAPI_DOCUMENT, find_differences
from generator.documents import DocumentError, parse, read_document
from generator.overlay import OverlayError
from generator.update import UpdateError, merge_prose, read_upstream_url, report_changes, update

Document = dict[str, Any]


class ProjectCopy:
    """Copy of the document and the generated package that an update can replace."""

    def __init__(self, folder: Path) -> None:
        self.document_path = folder / "openapi" / OPENAPI_DOCUMENT.name
        self.generated = folder / "package" / GENERATED.name
        self.folder = folder
        self.document_path.parent.mkdir()
        shutil.copy(OPENAPI_DOCUMENT, self.document_path)
        shutil.copytree(GENERATED, self.generated)
        self.messages: list[str] = []

    def update(self, document: Document | str) -> bool:
        source = self.folder / "new.yml"
        if isinstance(document, str):
            source.write_text(document)
        else:
            YAML(typ="safe").dump(document, source)
        return update(
            str(source), document_path=self.document_path, generated=self.generated, notify=self.messages.append
        )

    @property
    def is_unchanged(self) -> bool:
        names = {path.name for path in self.folder.iterdir()}
        return (
            self.document_path.read_bytes() == OPENAPI_DOCUMENT.read_bytes()
            and find_differences(GENERATED, self.generated) == []
            and names <= {"openapi", "package", "new.yml"}
        )


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    return ProjectCopy(tmp_path)


@pytest.fixture
def document() -> Document:
    return read_document(OPENAPI_DOCUMENT)


def test_equivalent_document_changes_nothing(project: ProjectCopy, document: Document) -> None:
    document["info"]["description"] = "Other words."
    document["paths"]["/integrations"]["get"]["x-internal"] = True
    assert project.update(document) is False
    assert project.is_unchanged


@pytest.mark.long
def test_new_document_is_reported_and_installed(project: ProjectCopy, document: Document) -> None:
    schemas = document["components"]["schemas"]
    document["paths"]["/integrations/{id}/webhooks"] = {
        "get": {
            "operationId": "sc-public-v3-integrations-get-list_webhooks",
            "tags": ["Integrations"],
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "responses": {
                "200": {
                    "description": "OK",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "data": {"type": "array", "items": {"$ref": "#/components/schemas/webhook-object"}}
                                },
                            }
                        }
                    },
                }
            },
        }
    }
    schemas["webhook-object"] = {"type": "object", "properties": {"id": {"type": "integer"}}}
    schemas["integration-model"]["properties"]["feedback_type"]["enum"].append("weekly")
    del schemas["integration-log"]["properties"]["protected"]
    schemas["error-document"] = schemas.pop("errors")

    def rename_references(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: "#/components/schemas/error-document"
                if key == "$ref" and value == "#/components/schemas/errors"
                else rename_references(value)
                for key, value in node.items()
            }
        return [rename_references(child) for child in node] if isinstance(node, list) else node

    assert project.update(rename_references(document)) is True

    report = project.messages[0]
    breaking, _, other = report.partition("Other changes")
    assert "protected" in breaking
    assert "`errors` renamed to `error-document`" in breaking
    assert "weekly" in other
    assert "/integrations/{id}/webhooks" in other
    assert "Replaced" in project.messages[-1]

    changed = set(find_differences(GENERATED, project.generated))
    assert {
        "resources/webhooks.py",
        "api/webhooks/list_integration_webhooks.py",
        "models/webhook.py",
        "models/feedback_type.py",
        "models/integration_log.py",
    } <= changed
    assert "WEEKLY" in (project.generated / "models" / "feedback_type.py").read_text()
    assert "protected" not in (project.generated / "models" / "integration_log.py").read_text()
    # Our descriptions and the leading comment are kept.
    assert project.document_path.read_text().splitlines()[0] == OPENAPI_DOCUMENT.read_text().splitlines()[0]
    current, new = read_document(OPENAPI_DOCUMENT), read_document(project.document_path)
    assert new["info"]["description"] == current["info"]["description"]
    assert (
        report_changes(
            str(project.folder / "new.yml"), document_path=project.document_path, notify=project.messages.append
        )
        is False
    )


def test_unmatched_overlay_action_changes_nothing(project: ProjectCopy, document: Document) -> None:
    moved = document["paths"].pop("/integrations/logs")
    document["paths"]["/logs"] = moved
    with pytest.raises(OverlayError, match=r"\$\.paths\['/integrations/logs'\]\.get"):
        project.update(document)
    assert "/integrations/logs" in project.messages[0]
    assert project.is_unchanged


def test_keywords_and_reserved_names_get_a_suffix(
    project: ProjectCopy, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.update._MYPY", ("-c", ""))  # another test runs the real type check, which is slow
    schemas = document["components"]["schemas"]
    schemas["integration-log"]["properties"]["class"] = {"type": "string"}
    schemas["integration-model"]["properties"]["page"] = {"type": "object", "additionalProperties": {"type": "string"}}
    document["paths"]["/integrations"]["get"]["parameters"].append(
        {"name": "client", "in": "query", "schema": {"type": "string"}}
    )
    assert project.update(document) is True
    listed = (project.generated / "api" / "integrations" / "list_integrations.py").read_text()
    assert "client_: str | None = None" in listed
    assert "class_: str | None" in (project.generated / "models" / "integration_log.py").read_text()


@pytest.mark.long
def test_failed_type_check_changes_nothing(
    project: ProjectCopy, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    document["components"]["schemas"]["integration-log"]["properties"]["colour"] = {"type": "string"}
    package = GENERATED.parent.name
    for place, message in (
        ("generated/models/x.py", r"does not pass mypy --strict\. This is a bug of the generator: report it\."),
        ("resources/logs.py", rf"does not fit hand-written code: {package}/resources/logs\.py, line 7, "),
    ):
        output = f"{package}/{place}:7: error: bad\nFound 1 error"
        monkeypatch.setattr("generator.update._MYPY", ("-c", f"print({output!r}); raise SystemExit(1)"))
        with pytest.raises(UpdateError, match=message) as caught:
            project.update(document)
        assert "\n" not in str(caught.value)
        assert project.is_unchanged


INVALID_DOCUMENTS = [
    ("not YAML", "a: [unclosed", "not YAML"),
    ("not OpenAPI", "just: a mapping", "not an OpenAPI document"),
    ("a list", "[1, 2]", "not an OpenAPI document"),
    (
        "OpenAPI 2.0",
        "openapi: 2.0.0\ninfo: {title: t, version: '1'}\npaths: {}",
        "OpenAPI 2.0.0 is not supported. Use a 3.0 or 3.1 document.",
    ),
    ("no info", "openapi: 3.1.0\npaths: {}", "not valid OpenAPI 3.1"),
    (
        "a dangling reference",
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"
        "paths: {/a: {get: {responses: {'200': {$ref: '#/components/responses/None'}}}}}",
        "refers to #/components/responses/None, which does not exist",
    ),
    (
        "a reference to a file",
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/a: {$ref: other.yml}}",
        "outside of the document",
    ),
]


@pytest.mark.parametrize(
    ("content", "text"), [(c, t) for _, c, t in INVALID_DOCUMENTS], ids=[name for name, _, _ in INVALID_DOCUMENTS]
)
def test_invalid_document_is_reported_in_one_line(
    content: str, text: str, project: ProjectCopy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DocumentError, match=r"new\.yml") as caught:
        project.update(content)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert project.is_unchanged
    assert main(["update", "--spec", str(tmp_path / "new.yml")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Nothing was changed.")
    assert error.count("\n") == 1


def test_missing_file_is_reported_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "--spec", "missing.yml"]) == 2
    assert "missing.yml: cannot be read (No such file or directory)" in capsys.readouterr().err


def test_network_error_is_reported_in_one_line(httpx_mock: HTTPXMock, capsys: pytest.CaptureFixture[str]) -> None:
    httpx_mock.add_exception(httpx.ConnectError("Name or service not known"))
    assert main(["update", "--check"]) == 2
    error = capsys.readouterr().err
    assert f"{read_upstream_url()}: cannot be fetched (ConnectError: Name or service not known)" in error
    assert error.count("\n") == 1


def test_error_status_is_reported_in_one_line(httpx_mock: HTTPXMock, capsys: pytest.CaptureFixture[str]) -> None:
    httpx_mock.add_response(status_code=404)
    assert main(["update"]) == 2
    assert "cannot be fetched (status 404)" in capsys.readouterr().err


def test_check_reports_whether_the_published_document_differs(
    httpx_mock: HTTPXMock, document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    httpx_mock.add_response(content=OPENAPI_DOCUMENT.read_bytes())
    assert main(["update", "--check"]) == 0
    assert "is equivalent to openapi/" in capsys.readouterr().out
    changed = OPENAPI_DOCUMENT.read_text().replace("maximum: 100", "maximum: 50")
    httpx_mock.add_response(text=changed)
    assert main(["update", "--check"]) == 1
    assert "page_size" in capsys.readouterr().out


def test_merge_prose_keeps_current_descriptions_and_new_schemas() -> None:
    current = {
        "info": {"description": "current"},
        "a": {"summary": "current", "type": "string", "example": {"summary": "s"}},
    }
    new = {
        "info": {"description": "new"},
        "a": {"summary": "new", "type": "integer", "x-mint": 1, "example": {"summary": "value"}},
        "properties": {"description": {"type": "string", "description": "new"}},
    }
    original = copy.deepcopy(new)
    assert merge_prose(current, new) == {
        "info": {"description": "current"},
        "a": {"summary": "current", "type": "integer", "example": {"summary": "value"}},
        "properties": {"description": {"type": "string", "description": "new"}},
    }
    assert new == original


def test_timestamps_in_a_document_stay_text() -> None:
    assert parse(b"openapi: 3.1.0\nexample: 2023-11-04T14:15:22Z\n", "x")["example"] == "2023-11-04T14:15:22Z"
