"""`update` replaces the document and the client together or not at all, and reports changes for callers."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock
from ruamel.yaml import YAML

from generator.__main__ import main
from generator.build import GENERATED, OPENAPI_DOCUMENT, OVERLAY, find_differences
from generator.changes import Change
from generator.documents import DocumentError, parse, read_document
from generator.follow_ups import FollowUp, TypeCheckError, find_code_places
from generator.output import OutputError
from generator.update import UpdateError, merge_prose, read_upstream_url, report_changes, update
from generator.update_report import UpdateReport, write_report

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

    def update(self, document: Document | str, **options: Any) -> UpdateReport | None:
        source = self.folder / "new.yml"
        if isinstance(document, str):
            source.write_text(document)
        else:
            YAML(typ="safe").dump(document, source)
        return update(
            str(source),
            document_path=self.document_path,
            generated=self.generated,
            notify=self.messages.append,
            **options,
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
    assert project.update(document) is None
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

    found = project.update(rename_references(document))
    assert found is not None

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


def without_type_check(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Replace mypy, which is slow, by a program that prints some errors."""
    code = f"print({chr(10).join(lines)!r}); raise SystemExit({int(bool(lines))})"
    monkeypatch.setattr("generator.follow_ups._MYPY", ("-c", code))


PACKAGE = GENERATED.parent.name
CODE_ERROR = (
    f'{PACKAGE}/cli/commands/integrations.py:70: error: Unexpected keyword argument "sort" for "list"  [call-arg]'
)


def test_overlay_actions_and_code_that_no_longer_fit_are_listed(
    project: ProjectCopy, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_type_check(monkeypatch, CODE_ERROR, "Found 1 error")
    document["paths"]["/integrations"]["get"]["parameters"] = []
    found = project.update(document)
    assert found is not None
    assert found.follow_ups is not None
    overlay, code = found.follow_ups
    line = OVERLAY.read_text().splitlines()[overlay.line - 1]
    assert line == "  - target: $.paths['/integrations'].get.parameters[?@.name == 'sort'].schema"
    assert overlay.file == "openapi/overlay.yml"
    assert code == FollowUp(
        f"{PACKAGE}/cli/commands/integrations.py", 70, 'Unexpected keyword argument "sort" for "list"'
    )
    assert str(code) in project.messages[-2]
    assert "Replaced" in project.messages[-1]
    assert "sort" not in (project.generated / "api" / "integrations" / "list_integrations.py").read_text()


@pytest.mark.long
def test_dry_run_lists_the_places_and_changes_nothing(
    project: ProjectCopy, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_type_check(monkeypatch, CODE_ERROR)
    document["paths"]["/integrations"]["get"]["parameters"] = []
    found = project.update(document, dry_run=True)
    assert found is not None
    assert len(found.follow_ups or ()) == 2
    assert project.messages[-1] == "Nothing was changed: this was a dry run."
    assert project.is_unchanged


@pytest.mark.long
def test_dirty_working_tree_is_rejected(
    project: ProjectCopy, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_type_check(monkeypatch)
    git = ("git", "-C", str(project.folder), "-c", "user.name=n", "-c", "user.email=e@example.test")
    for command in (("init", "-q"), ("add", "openapi"), ("commit", "-qm", "Add the document")):
        subprocess.run([*git, *command], check=True)
    document["components"]["schemas"]["integration-log"]["properties"]["colour"] = {"type": "string"}
    original = project.document_path.read_bytes()
    project.document_path.write_bytes(original + b"# edited\n")
    with pytest.raises(UpdateError, match=r"uncommitted changes\. Commit them first, or add FORCE=1 \(--force\)"):
        project.update(document)
    assert project.document_path.read_bytes().endswith(b"# edited\n")
    assert project.update(document, dry_run=True) is not None
    assert project.update(document, force=True) is not None
    assert b"colour" in project.document_path.read_bytes()


def test_report_as_markdown_and_as_json(tmp_path: Path) -> None:
    hostile = "a](http://evil.test) <img> `x` | @team"
    changes = (Change(True, f"`{hostile}`", hostile), Change(False, "Log.state", "optional property added"))
    report = UpdateReport("new.yml", changes, ("origin",), (FollowUp("a/b.py", 70, "bad"),))
    write_report(report, tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text()
    assert "## Breaking for callers (1)\n\n- `'a](http://evil.test) <img> 'x' | @team'`: a\\](http" in text
    assert "\\<img\\>" in text
    assert "## Other changes (1)\n\n- `Log.state`: optional property added" in text
    assert "## Security\n\n- origin" in text
    assert "## Hand-written places to change (1)\n\n- `a/b.py:70`: bad" in text
    write_report(report, tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    assert [change["breaking"] for change in content["changes"]] == [True, False]
    assert content["follow_ups"] == [{"file": "a/b.py", "line": 70, "problem": "bad"}]
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(report, tmp_path / "missing" / "report.md")


@pytest.mark.long
def test_report_of_a_dry_run_contains_the_places(
    project: ProjectCopy, document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_type_check(monkeypatch, CODE_ERROR)
    del document["components"]["schemas"]["integration-log"]["properties"]["protected"]
    project.update(document, dry_run=True, report=tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    assert [change["location"] for change in content["changes"]] == ["IntegrationLog.protected"]
    assert content["follow_ups"][-1]["line"] == 70
    assert project.document_path.read_bytes() == OPENAPI_DOCUMENT.read_bytes()


def test_errors_in_code_are_places_and_errors_in_generated_code_are_bugs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package").mkdir()
    without_type_check(monkeypatch)
    assert find_code_places(tmp_path / "package", "generated") == []
    without_type_check(monkeypatch, "package/a.py:3: error: bad  [call-arg]", "package/a.py:3: note: see")
    assert find_code_places(tmp_path / "package", "generated") == [FollowUp("package/a.py", 3, "bad")]
    for line in ("package/generated/a.py:7: error: bad", "mypy crashed"):
        without_type_check(monkeypatch, "package/a.py:3: error: bad" if "error" in line else line, line)
        with pytest.raises(TypeCheckError, match=r"does not pass mypy --strict\. This is a bug of the generator"):
            find_code_places(tmp_path / "package", "generated")


@pytest.mark.parametrize(("follow_ups", "code"), [((), 0), ((FollowUp("a.py", 1, "bad"),), 3)])
def test_exit_code_names_follow_ups(
    follow_ups: tuple[FollowUp, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = UpdateReport("new.yml", follow_ups=follow_ups)
    monkeypatch.setattr("generator.__main__.update", lambda *args, **options: report)
    assert main(["update", "--spec", "new.yml"]) == code
    monkeypatch.setattr("generator.__main__.update", lambda *args, **options: None)
    assert main(["update", "--spec", "new.yml"]) == 0


def test_equivalent_document_writes_an_empty_report(project: ProjectCopy, document: Document, tmp_path: Path) -> None:
    assert project.update(document, report=tmp_path / "report.json") is None
    assert json.loads((tmp_path / "report.json").read_text())["changes"] == []
    source = str(project.folder / "new.yml")
    options: Any = {"document_path": project.document_path, "notify": project.messages.append}
    assert report_changes(source, report=tmp_path / "report.md", **options) is False
    assert "## Breaking for callers (0)" in (tmp_path / "report.md").read_text()


@pytest.mark.long
def test_keywords_and_reserved_names_get_a_suffix(
    project: ProjectCopy, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_type_check(monkeypatch)  # another test runs the real type check, which is slow
    schemas = document["components"]["schemas"]
    schemas["integration-log"]["properties"]["class"] = {"type": "string"}
    schemas["integration-model"]["properties"]["page"] = {"type": "object", "additionalProperties": {"type": "string"}}
    document["paths"]["/integrations"]["get"]["parameters"].append(
        {"name": "client", "in": "query", "schema": {"type": "string"}}
    )
    assert project.update(document) is not None
    listed = (project.generated / "api" / "integrations" / "list_integrations.py").read_text()
    assert "client_: str | None = None" in listed
    assert "class_: str | None" in (project.generated / "models" / "integration_log.py").read_text()


@pytest.mark.long
def test_failed_type_check_of_generated_code_changes_nothing(
    project: ProjectCopy, document: Document, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document["components"]["schemas"]["integration-log"]["properties"]["colour"] = {"type": "string"}
    for lines in ((f"{PACKAGE}/generated/models/x.py:7: error: bad", CODE_ERROR), ("mypy crashed",)):
        without_type_check(monkeypatch, *lines)
        with pytest.raises(TypeCheckError, match=r"does not pass mypy --strict\. This is a bug of the generator"):
            project.update(document)
        assert project.is_unchanged
    monkeypatch.setattr("generator.__main__.update", raise_type_check_error)
    assert main(["update", "--spec", "new.yml"]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def raise_type_check_error(*args: Any, **options: Any) -> None:
    raise TypeCheckError("bad")


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


def test_descriptions_are_paired_by_name_and_location() -> None:
    def parameter(name: str, location: str, text: str) -> Document:
        return {"name": name, "in": location, "description": text}

    current = {
        "parameters": [parameter("id", "path", "ours 1"), parameter("id", "query", "ours 2"), {"$ref": "#/a"}],
        "tags": [{"name": "Shops", "description": "ours"}],
        "servers": [{"url": "https://a", "description": "ours"}],
        "allOf": [{"type": "object", "description": "ours"}, {"description": "ours too"}],
        "oneOf": [{"description": "ours"}],
    }
    new = {
        "parameters": [
            {"$ref": "#/a"},
            parameter("new", "query", "theirs"),
            parameter("id", "query", "theirs"),
            parameter("id", "path", "theirs"),
        ],
        "tags": [{"name": "Others", "description": "theirs"}, {"name": "Shops", "description": "theirs"}],
        "servers": [{"url": "https://b", "description": "theirs"}, {"url": "https://a", "description": "theirs"}],
        "allOf": [{"type": "object", "description": "theirs"}, {"description": "theirs"}],
        "oneOf": [{"description": "theirs"}, {"description": "theirs"}],
    }
    merged = merge_prose(current, new)
    assert [one.get("description") for one in merged["parameters"]] == [None, "theirs", "ours 2", "ours 1"]
    assert [one["description"] for one in merged["tags"]] == ["theirs", "ours"]
    assert [one["description"] for one in merged["servers"]] == ["theirs", "ours"]
    assert [one["description"] for one in merged["allOf"]] == ["ours", "ours too"]
    assert [one["description"] for one in merged["oneOf"]] == ["theirs", "theirs"]


def test_timestamps_in_a_document_stay_text() -> None:
    assert parse(b"openapi: 3.1.0\nexample: 2023-11-04T14:15:22Z\n", "x")["example"] == "2023-11-04T14:15:22Z"
