"""A new contract is taken in whole or not at all, and what it changes for a caller is told."""

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
from generator.build import CONTRACT, GENERATED, differences
from generator.documents import DocumentError, parse, read_document
from generator.overlay import OverlayError
from generator.update import UpdateError, differs, update, upstream_address, with_prose_of

Document = dict[str, Any]


class House:
    """A contract and a generated package of our own, to be replaced or not."""

    def __init__(self, folder: Path) -> None:
        self.contract = folder / "openapi" / CONTRACT.name
        self.generated = folder / "package" / GENERATED.name
        self.folder = folder
        self.contract.parent.mkdir()
        shutil.copy(CONTRACT, self.contract)
        shutil.copytree(GENERATED, self.generated)
        self.told: list[str] = []

    def update(self, document: Document | str) -> bool:
        source = self.folder / "new.yml"
        if isinstance(document, str):
            source.write_text(document)
        else:
            YAML(typ="safe").dump(document, source)
        return update(str(source), contract=self.contract, generated=self.generated, tell=self.told.append)

    @property
    def is_untouched(self) -> bool:
        names = {path.name for path in self.folder.iterdir()}
        return (
            self.contract.read_bytes() == CONTRACT.read_bytes()
            and differences(GENERATED, self.generated) == []
            and names <= {"openapi", "package", "new.yml"}
        )


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def document() -> Document:
    return read_document(CONTRACT)


def test_the_same_contract_changes_nothing(house: House, document: Document) -> None:
    document["info"]["description"] = "Other words."
    document["paths"]["/integrations"]["get"]["x-internal"] = True
    assert house.update(document) is False
    assert house.is_untouched


def test_a_new_contract_is_reported_and_taken_in(house: House, document: Document) -> None:
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

    def renamed(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: "#/components/schemas/error-document"
                if key == "$ref" and value == "#/components/schemas/errors"
                else renamed(value)
                for key, value in node.items()
            }
        return [renamed(child) for child in node] if isinstance(node, list) else node

    assert house.update(renamed(document)) is True

    report = house.told[0]
    breaking, _, other = report.partition("Other changes")
    assert "protected" in breaking
    assert "`errors` renamed to `error-document`" in breaking
    assert "weekly" in other
    assert "/integrations/{id}/webhooks" in other
    assert "Replaced" in house.told[-1]

    changed = set(differences(GENERATED, house.generated))
    assert {
        "resources/webhooks.py",
        "api/webhooks/list_integration_webhooks.py",
        "models/webhook.py",
        "models/feedback_type.py",
        "models/integration_log.py",
    } <= changed
    assert "WEEKLY" in (house.generated / "models" / "feedback_type.py").read_text()
    assert "protected" not in (house.generated / "models" / "integration_log.py").read_text()
    # Our words stay, the comment at the top too.
    assert house.contract.read_text().splitlines()[0] == CONTRACT.read_text().splitlines()[0]
    ours, theirs = read_document(CONTRACT), read_document(house.contract)
    assert theirs["info"]["description"] == ours["info"]["description"]
    assert differs(str(house.folder / "new.yml"), contract=house.contract, tell=house.told.append) is False


def test_an_overlay_that_does_not_fit_leaves_everything(house: House, document: Document) -> None:
    moved = document["paths"].pop("/integrations/logs")
    document["paths"]["/logs"] = moved
    with pytest.raises(OverlayError, match=r"\$\.paths\['/integrations/logs'\]\.get"):
        house.update(document)
    assert "/integrations/logs" in house.told[0]
    assert house.is_untouched


def test_names_that_python_or_the_client_needs_are_dodged(
    house: House, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.update._MYPY", ("-c", ""))  # one real type check is slow enough
    schemas = document["components"]["schemas"]
    schemas["integration-log"]["properties"]["class"] = {"type": "string"}
    schemas["integration-model"]["properties"]["page"] = {"type": "object", "additionalProperties": {"type": "string"}}
    document["paths"]["/integrations"]["get"]["parameters"].append(
        {"name": "client", "in": "query", "schema": {"type": "string"}}
    )
    assert house.update(document) is True
    listed = (house.generated / "api" / "integrations" / "list_integrations.py").read_text()
    assert "client_: str | None = None" in listed
    assert "class_: str | None" in (house.generated / "models" / "integration_log.py").read_text()


def test_a_failing_type_check_leaves_everything(
    house: House, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    document["components"]["schemas"]["integration-log"]["properties"]["colour"] = {"type": "string"}
    monkeypatch.setattr("generator.update._MYPY", ("-c", "print('models/x.py:1: error: bad'); raise SystemExit(1)"))
    with pytest.raises(UpdateError, match=r"does not pass mypy --strict: models/x.py:1: error: bad"):
        house.update(document)
    assert house.is_untouched


BAD_INPUT = [
    ("not YAML", "a: [unclosed", "not YAML"),
    ("not OpenAPI", "just: a mapping", "not an OpenAPI document"),
    ("a list", "[1, 2]", "not an OpenAPI document"),
    ("OpenAPI 3.0", "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}", "OpenAPI 3.0.3, where 3.1 is needed"),
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


@pytest.mark.parametrize(("content", "text"), [(c, t) for _, c, t in BAD_INPUT], ids=[name for name, _, _ in BAD_INPUT])
def test_bad_input_is_one_clear_line(
    content: str, text: str, house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DocumentError, match=r"new\.yml") as caught:
        house.update(content)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert house.is_untouched
    assert main(["update", "--spec", str(tmp_path / "new.yml")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Nothing was changed.")
    assert error.count("\n") == 1


def test_a_file_that_is_not_there_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "--spec", "missing.yml"]) == 2
    assert "missing.yml: cannot be read (No such file or directory)" in capsys.readouterr().err


def test_no_network_is_one_clear_line(httpx_mock: HTTPXMock, capsys: pytest.CaptureFixture[str]) -> None:
    httpx_mock.add_exception(httpx.ConnectError("Name or service not known"))
    assert main(["update", "--check"]) == 2
    error = capsys.readouterr().err
    assert f"{upstream_address()}: cannot be fetched (ConnectError: Name or service not known)" in error
    assert error.count("\n") == 1


def test_an_address_that_answers_badly_is_one_clear_line(
    httpx_mock: HTTPXMock, capsys: pytest.CaptureFixture[str]
) -> None:
    httpx_mock.add_response(status_code=404)
    assert main(["update"]) == 2
    assert "the server answered 404" in capsys.readouterr().err


def test_check_says_whether_upstream_differs(
    httpx_mock: HTTPXMock, document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    httpx_mock.add_response(content=CONTRACT.read_bytes())
    assert main(["update", "--check"]) == 0
    assert "says what openapi/" in capsys.readouterr().out
    changed = CONTRACT.read_text().replace("maximum: 100", "maximum: 50")
    httpx_mock.add_response(text=changed)
    assert main(["update", "--check"]) == 1
    assert "page_size" in capsys.readouterr().out


def test_prose_is_ours_and_facts_are_theirs() -> None:
    ours = {"info": {"description": "ours"}, "a": {"summary": "ours", "type": "string", "example": {"summary": "s"}}}
    theirs = {
        "info": {"description": "theirs"},
        "a": {"summary": "theirs", "type": "integer", "x-mint": 1, "example": {"summary": "value"}},
        "properties": {"description": {"type": "string", "description": "new"}},
    }
    before = copy.deepcopy(theirs)
    assert with_prose_of(ours, theirs) == {
        "info": {"description": "ours"},
        "a": {"summary": "ours", "type": "integer", "example": {"summary": "value"}},
        "properties": {"description": {"type": "string", "description": "new"}},
    }
    assert theirs == before


def test_timestamps_in_a_contract_stay_text() -> None:
    assert parse(b"openapi: 3.1.0\nexample: 2023-11-04T14:15:22Z\n", "x")["example"] == "2023-11-04T14:15:22Z"
