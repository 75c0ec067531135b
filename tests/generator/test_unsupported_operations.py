"""With SKIP_UNSUPPORTED=1, operations that are not supported are skipped, and each is listed with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.__main__ import main
from generator.build import name_read_document
from generator.documents import read_document
from generator.normalization import UnsupportedError
from generator.structure import iterate_operations
from generator.yaml_documents import dump_yaml
from specs.documents import check_document


def respond(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}


OK = respond({"type": "string"})
# A part of an operation that is not supported.
ITEM = {"$ref": "#/paths/~1cookies/get/responses/200/content/application~1json/schema"}
COOKIE = {"name": "session", "in": "cookie", "schema": {"type": "string"}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Partly supported", "version": "1"},
    "paths": {
        "/cookies": {
            "get": {"parameters": [COOKIE], "responses": OK},
            "put": {"responses": OK},
            "trace": {"responses": OK},
        },
        "/forms": {"post": {"requestBody": {"content": {"multipart/form-data": {"schema": {}}}}, "responses": OK}},
        "/negated": {"get": {"responses": respond({"$ref": "#/components/schemas/not"})}},
        "/conflicts": {"get": {"responses": respond({"$ref": "#/components/schemas/c"})}},
        "/errors": {"get": {"responses": {"404": {"description": "Not found"}}}},
        "/keys": {"get": {"security": [{"digest": []}], "responses": OK}},
        "/items": {"get": {"responses": respond(ITEM)}},
    },
    "components": {
        "schemas": {
            "not": {"not": {"type": "string"}},
            "c": {"allOf": [{"type": "string"}, {"type": "object"}]},
        },
        "securitySchemes": {"digest": {"type": "http", "scheme": "digest"}},
    },
}
REASONS = {
    "GET /cookies: the cookie parameter `session` is not supported",
    "TRACE /cookies: the method TRACE is not supported",
    "POST /forms: the body type multipart/form-data is not supported, only JSON",
    "GET /negated: #/components/schemas/not: the keyword `not` is not supported",
    "GET /conflicts: #/components/schemas/c: the parts of allOf have different types",
    "GET /errors: the document declares no success response",
    "GET /keys: the security scheme digest is not supported",
}


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "skipped_operations.yml"
    path.write_text(dump_yaml(DOCUMENT), encoding="utf-8")
    return path


def test_unsupported_operations_are_skipped_and_listed(
    spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["generate", "--spec", str(spec), "--out", str(tmp_path / "out"), "--no-overlay"]
    assert main(arguments) == 2
    assert "add SKIP_UNSUPPORTED=1 (--skip-unsupported)." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*arguments, "--skip-unsupported"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.removeprefix("Skipped ") for line in lines if line.startswith("Skipped ")} == REASONS
    modules = sorted(path.stem for path in (tmp_path / "out" / "api").glob("*/[a-z]*.py"))
    assert modules == ["replace_cookies", "retrieve_items"]


def test_specs_lists_skipped_operations_and_calls_the_others(spec: Path, tmp_path: Path) -> None:
    result = check_document(spec, tmp_path)
    assert (result.rejection, result.import_error) == ("", "")
    problems = {trip.operation: trip.problem for trip in result.round_trips}
    assert problems.pop("PUT /cookies") == problems.pop("GET /items") == ""
    assert set(problems) == {reason.partition(": ")[0] for reason in REASONS}
    assert all(problems.values())


def test_supported_document_stays_whole(spec: Path) -> None:
    document = {**DOCUMENT, "paths": {"/cookies": {"put": {"responses": OK}}}}
    spec.write_text(dump_yaml(document), encoding="utf-8")
    assert name_read_document(read_document(spec), skip_unsupported=True) == name_read_document(read_document(spec))


def test_document_without_supported_operations_is_rejected(spec: Path) -> None:
    document = {**DOCUMENT, "paths": {name: DOCUMENT["paths"][name] for name in ("/forms", "/errors")}}
    spec.write_text(dump_yaml(document), encoding="utf-8")
    with pytest.raises(UnsupportedError, match=r"^no operation is supported; the first one: POST /forms: "):
        name_read_document(read_document(spec), skip_unsupported=True)


def test_operations_are_rejected_without_the_option(spec: Path) -> None:
    document = read_document(spec)
    assert len(list(iterate_operations(document))) == 8
    with pytest.raises(UnsupportedError):
        name_read_document(document)
