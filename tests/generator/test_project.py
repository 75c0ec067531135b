"""The project of openapi-python-client: its document model, its settings, its environment and its post hooks."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from openapi_python_client import Project
from pydantic import ValidationError

from generator import build, config
from generator.__main__ import main
from generator.base_urls import plan_server
from generator.document_model import DocumentModelError, find_error, read_generator_data
from generator.naming import name_document
from generator.normalization import normalize
from generator.project import ClientProject, GenerationError
from generator.structure import format_location
from generator.yaml_documents import dump_yaml
from tests.generator.test_constructs import DOCUMENT

TEMPLATES = Path(__file__).parents[2] / "openapi" / "templates"


@pytest.fixture(scope="module")
def named() -> dict[str, Any]:
    return name_document(normalize(DOCUMENT))


@pytest.fixture(scope="module")
def project(named: dict[str, Any]) -> ClientProject:
    return ClientProject(named, plan_server(named, ()), None, TEMPLATES, Path("not written"))


def test_document_of_all_constructs_is_valid_in_the_document_model(named: dict[str, Any]) -> None:
    data = read_generator_data(named)
    assert data.title == "Constructs"
    assert data.version == "1"
    assert find_error(named) is None


@pytest.mark.parametrize(
    ("location", "value", "message"),
    [
        (("paths", "/pdf", "get", "responses", "200", "description"), 1, "#/paths/~1pdf/get/responses/200/description"),
        (("paths", "/pdf", "get", "responses", "200", "content"), [], "#/paths/~1pdf/get/responses/200/content"),
        (("components", "schemas", "other"), {"type": "text"}, "#/components/schemas/other/type"),
        (("components", "schemas", "ref"), {"$ref": 1}, "#/components/schemas/ref/$ref"),
        (
            ("components", "schemas", "A"),
            {"additionalProperties": {"type": 1}},
            "#/components/schemas/A/additionalProperties/type",
        ),
        (("components", "schemas", "A"), {"additionalProperties": 5}, "#/components/schemas/A/additionalProperties"),
        (("components", "schemas", "A"), {"type": ["string", "text"]}, "#/components/schemas/A/type/1"),
        (("components", "schemas", "A"), {"allOf": [{}, {"enum": {}}]}, "#/components/schemas/A/allOf/1/enum"),
    ],
)
def test_invalid_document_is_rejected_in_one_line_that_names_the_place(
    location: tuple[str, ...], value: Any, message: str, named: dict[str, Any]
) -> None:
    invalid = copy.deepcopy(named)
    node = invalid
    for part in location[:-1]:
        node = node[part]
    node[location[-1]] = value
    with pytest.raises(DocumentModelError) as caught:
        read_generator_data(invalid)
    assert str(caught.value).startswith(f"{message}: ")
    found = find_error(invalid)
    assert found is not None
    assert format_location(found[0]) == message
    assert "\n" not in str(caught.value)


def test_document_that_the_model_does_not_accept_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "spec.yml").write_text(dump_yaml(DOCUMENT))
    monkeypatch.setattr(build, "normalize", lambda document: {**normalize(document), "info": {"title": "t\nt"}})
    arguments = ["--spec", str(tmp_path / "spec.yml"), "--no-overlay", "--out", str(tmp_path / "out")]
    assert main(["generate", *arguments]) == 2
    error = "Nothing was changed. #/info/version: Field required. openapi-python-client does not support it.\n"
    assert capsys.readouterr().err == error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("update", "place"),
    [
        ("{deprecated: perhaps}", "paths//pdf/get/deprecated"),
        ("{parameters: [{in: query}]}", "paths//pdf/get/parameters/0"),
        ("{requestBody: 3}", "paths//pdf/get/requestBody"),
        *(
            pytest.param(*values, marks=pytest.mark.long)
            for values in (
                ("{parameters: {in: query}}", "paths//pdf/get/parameters"),
                ("{parameters: [{in: query, name: a, schema: {type: 5}}]}", "paths//pdf/get/parameters/0/schema/type"),
                ("{responses: {'200': {description: OK, content: 3}}}", "paths//pdf/get/responses/200/content"),
                ("{parameters: [{in: query, name: a, schema: {enum: 3}}]}", "paths//pdf/get/parameters/0/schema/enum"),
                (
                    "{parameters: [{in: query, name: a, schema: {maxLength: -1}}]}",
                    "paths//pdf/get/parameters/0/schema/maxLength",
                ),
            )
        ),
    ],
)
def test_overlay_that_makes_the_document_invalid_is_one_line(
    update: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, overlay = tmp_path / "spec.yml", tmp_path / "overlay.yml"
    spec.write_text(dump_yaml(DOCUMENT))
    overlay.write_text(
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\n"
        f"actions: [{{target: \"$.paths['/pdf'].get\", update: {update}}}]"
    )
    assert main(["generate", "--spec", str(spec), "--overlay", str(overlay), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"Nothing was changed. the document with the overlay: not valid OpenAPI 3.1 at {place} (")
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_unknown_setting_is_rejected() -> None:
    content = config.read_settings().model_dump()
    assert config.Settings.model_validate(content) == config.read_settings()
    with pytest.raises(ValidationError):
        config.Settings.model_validate({**content, "post_hook": []})
    with pytest.raises(ValidationError):
        config.Settings.model_validate({**content, "invariable_nouns": "data"})


def test_project_has_the_names_of_the_settings_whatever_the_title_is(project: ClientProject) -> None:
    assert isinstance(project, Project)
    assert (project.project_name, project.package_name) == (
        "sendcloud-integrations-client",
        "sendcloud_integrations_client",
    )


@pytest.mark.parametrize("template", ["{{ package_description }}", "{{ openapi }}", "{{ strings }}", "{{ nothing }}"])
def test_templates_cannot_read_what_openapi_python_client_passes(project: ClientProject, template: str) -> None:
    with pytest.raises(TypeError, match="StrictUndefined"):
        project.env.from_string(template).render()
    assert not {"safe_for_docstring", "in_double_quote_literal", "as_unembedded_code"} & project.env.filters.keys()


def test_post_hook_runs_in_the_package_and_imports_nothing_from_it(
    named: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("ruff", "runpy", "os", "types"):
        (tmp_path / f"{module}.py").write_text("open('PWNED', 'w').close()\nimport  sys\n")
    project = ClientProject(named, plan_server(named, ()), None, TEMPLATES, tmp_path)
    monkeypatch.setattr(project, "render", lambda: [("a.py", "a =  1\n"), ("b.py", "import os\n")])
    assert project.build() == []
    assert (tmp_path / "a.py").read_text() == "a = 1\n"
    assert (tmp_path / "b.py").read_text() == ""
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize("command", ["ruff no-such-command", "no_such_tool", "ruff check $(touch PWNED)"])
def test_post_hook_that_fails_is_a_bug_of_the_generator(
    command: str, named: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = ClientProject(named, plan_server(named, ()), None, TEMPLATES, tmp_path)
    monkeypatch.setattr(project, "render", list)
    monkeypatch.setattr(project.config, "post_hooks", [command])
    with pytest.raises(GenerationError, match="This is a bug of the generator"):
        project.build()
    assert not (tmp_path / "PWNED").exists()
