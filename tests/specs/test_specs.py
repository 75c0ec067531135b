"""`make specs` reports what works for each document of a folder, and notices what does not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.build import generate_from
from generator.documents import read_document
from generator.normalization import normalize
from generator.yaml_documents import dump_yaml
from specs.__main__ import main
from specs.documents import DocumentResult
from specs.round_trips import RoundTrip, run_round_trips
from specs.sample_values import NoSampleError, SampleValues
from specs.type_checks import TypeErrors, check_types
from tests.generator.test_constructs import DOCUMENT

SPECS = Path(__file__).parents[3] / "shared" / "specs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the package `spec_constructs`, generated from all supported constructs."""
    folder = tmp_path_factory.mktemp("specs")
    (folder / "constructs.yml").write_text(dump_yaml(DOCUMENT), encoding="utf-8")
    generate_from(read_document(folder / "constructs.yml"), folder / "spec_constructs", overlay=None)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(folder))
        yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "spec_constructs"]:
        del sys.modules[name]


def test_every_construct_round_trips(folder: Path) -> None:
    trips = run_round_trips("spec_constructs", read_document(folder / "constructs.yml"))
    assert len(trips) > 35
    assert [trip for trip in trips if trip.problem] == []


@pytest.mark.parametrize(
    ("place", "change", "text"),
    [
        ("GET /joined-array", lambda item: item["parameters"][0].update(explode=True), "sent the query"),
        ("GET /headers", lambda item: item["parameters"][0].update(name="X-Other"), "x-trace"),
        ("PUT /array-body", lambda item: item.pop("requestBody"), "the body differs"),
        ("GET /csv", lambda item: item["responses"]["200"].update(content={"a/b": {}}), "the result differs"),
    ],
)
def test_differences_are_noticed(folder: Path, place: str, change: Any, text: str) -> None:
    """The package is compared with a document that differs from the one that it was generated from."""
    document = read_document(folder / "constructs.yml")
    method, path = place.split()
    if text == "x-trace":
        document["components"]["parameters"]["trace"]["schema"] = {"type": "integer"}
        trips = run_round_trips("spec_constructs", document)
        assert [trip for trip in trips if trip.operation == place] != [RoundTrip(place, "")]
        return
    change(document["paths"][path][method.lower()])
    (trip,) = [trip for trip in run_round_trips("spec_constructs", document) if trip.operation == place]
    assert trip.problem


SCHEMAS: list[dict[str, Any]] = [
    {"type": "string", "minLength": 7, "maxLength": 9},
    {"type": "string", "maxLength": 2},
    {"type": "string", "pattern": "^[A-Z]{2}\\d{3}$"},
    {"type": "string", "format": "date-time"},
    {"type": "integer", "minimum": 7, "multipleOf": 5},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 3},
    {"type": "integer", "maximum": -3},
    {"type": "array", "minItems": 3, "items": {"type": "boolean"}},
    {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "string", "enum": ["a", "b", "c"]}},
    {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "integer", "example": "wrong"}}},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object", "properties": {"a": {}, "b": {}}},
    {"allOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}, {"required": ["c"]}]},
    {"anyOf": [{"type": "null"}, {"type": "string", "enum": ["x"]}]},
    {"enum": [5]},
    {"$ref": "#/components/schemas/tree"},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_samples_are_valid(schema: dict[str, Any]) -> None:
    tree = {
        "type": "object",
        "required": ["children"],
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/tree"}, "maxItems": 0}},
    }
    samples = SampleValues({"components": {"schemas": {"tree": tree}}, "paths": {}})
    assert samples.is_valid(schema, samples.build(schema, flag="writeOnly"))


def test_schema_without_a_valid_value_is_an_error() -> None:
    samples = SampleValues(normalize({"openapi": "3.1.0", "info": {}, "paths": {}}))
    with pytest.raises(NoSampleError):
        samples.build({"type": "string", "minLength": 3, "maxLength": 2}, flag="writeOnly")


def run_main(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, mypy: dict[str, str] | None = None, **documents: Any
) -> int:
    for name, document in documents.items():
        (folder / f"{name}.yml").write_text(
            document if isinstance(document, str) else dump_yaml(document), encoding="utf-8"
        )
    monkeypatch.setattr("specs.__main__.check_types", lambda *_: TypeErrors(mypy or {}, {}))
    monkeypatch.setattr("specs.__main__.check_folder", check_in_this_process)
    return main([str(folder)])


def check_in_this_process(documents: list[Path], out: Path) -> list[DocumentResult]:
    from specs.documents import check_document

    return [check_document(path, out) for path in documents]


SMALL: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Small", "version": "1"},
    "paths": {"/things": {"get": {"responses": {"204": {"description": "Done."}}}}},
}


def test_reasons_are_printed_in_one_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rejected = {**SMALL, "paths": {"/things": {"get": {"responses": {"404": {"description": "None."}}}}}}
    partly = {**SMALL, "paths": {"/others": rejected["paths"]["/things"], **SMALL["paths"]}}
    assert run_main(tmp_path, monkeypatch, small=SMALL, partly=partly, rejected=rejected, broken="a: [") == 1
    output = capsys.readouterr().out
    assert "small.yml     yes        yes      yes   yes      1/1" in output
    assert "rejected.yml  no         no       no    no       0/1" in output
    reason = "GET /things: the document declares no success response"
    assert f"rejected.yml: no operation is supported; the first one: {reason}\n" in output
    assert "partly.yml    yes        yes      yes   yes      1/2" in output
    assert "partly.yml: GET /others: the document declares no success response\n" in output
    assert "broken.yml: " in output
    assert "2 of 4 documents generated; 2 of 4 operations round-trip (50.0%)." in output


def test_exit_code_depends_on_types_and_round_trips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_main(tmp_path, monkeypatch, small=SMALL) == 0
    assert run_main(tmp_path, monkeypatch, mypy={"spec_small": "a.py:1: bad"}, small=SMALL) == 1
    assert run_main(tmp_path, monkeypatch, small=SMALL, empty="a: [") == 1


def test_folder_without_documents_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "no OpenAPI document" in capsys.readouterr().err


@pytest.mark.long
def test_packages_pass_both_type_checkers_and_errors_are_located(folder: Path) -> None:
    bad = folder / "spec_bad"
    bad.mkdir()
    (bad / "__init__.py").write_text("value: int = 'text'\n")
    errors = check_types(folder, ["spec_constructs", "spec_bad"])
    for found in (errors.mypy, errors.pyright):
        assert list(found) == ["spec_bad"]
        assert found["spec_bad"].startswith("spec_bad/__init__.py:1: ")
