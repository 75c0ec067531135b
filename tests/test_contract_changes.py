"""What a new contract changes for a caller is told once, at the right place, and rightly called breaking or not."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.build import CONTRACT
from generator.changes import Change, contract_changes, report
from generator.documents import read_document

Document = dict[str, Any]


def contract() -> Document:
    """A list, a record and a body over shared schemas."""
    tag = {"$ref": "#/components/schemas/tag"}
    write = {"$ref": "#/components/schemas/tag-write"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tags", "version": "1"},
        "servers": [{"url": "https://x.example/v1"}],
        "paths": {
            "/tags": {
                "get": {
                    "operationId": "list_tags",
                    "parameters": [
                        {"name": "size", "in": "query", "schema": {"type": "integer", "maximum": 100, "default": 25}}
                    ],
                    "responses": {
                        "200": {
                            "headers": {"Link": {"schema": {"type": "string"}}},
                            "content": {"application/json": {"schema": {"type": "array", "items": tag}}},
                        },
                        "404": {"description": "none"},
                    },
                },
                "post": {
                    "operationId": "create_tag",
                    "requestBody": {"content": {"application/json": {"schema": write}}},
                    "responses": {"201": {"content": {"application/json": {"schema": tag}}}},
                },
            }
        },
        "components": {
            "schemas": {
                "tag": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {
                        "id": {"type": "integer"},
                        "colour": {"type": "string", "enum": ["red", "blue"]},
                        "seen": {"type": ["string", "null"], "format": "date-time"},
                    },
                },
                "tag-write": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "minLength": 1, "maxLength": 50},
                        "colour": {"type": "string", "enum": ["red", "blue"]},
                    },
                },
            }
        },
    }


def schemas(document: Document) -> Document:
    found: Document = document["components"]["schemas"]
    return found


def tag(document: Document) -> Document:
    found: Document = schemas(document)["tag"]
    return found


def write(document: Document) -> Document:
    found: Document = schemas(document)["tag-write"]
    return found


def listing(document: Document) -> Document:
    found: Document = document["paths"]["/tags"]["get"]
    return found


def rename(document: Document) -> None:
    schemas(document)["label"] = schemas(document).pop("tag")
    body = document["paths"]["/tags"]
    label = {"$ref": "#/components/schemas/label"}
    body["get"]["responses"]["200"]["content"]["application/json"]["schema"]["items"] = label
    body["post"]["responses"]["201"]["content"]["application/json"]["schema"] = label


PARAMETER = {"name": "colour", "in": "query", "schema": {"type": "string"}}

CASES: list[tuple[str, Callable[[Document], object], bool, str, str]] = [
    ("operation removed", lambda d: d["paths"]["/tags"].pop("post"), True, "create_tag", "operation removed"),
    (
        "operation added",
        lambda d: d["paths"].update({"/x": {"get": {"operationId": "x", "responses": {"200": {}}}}}),
        False,
        "GET /x",
        "operation added",
    ),
    (
        "operation renamed",
        lambda d: listing(d).update(operationId="all_tags"),
        True,
        "list_tags",
        "renamed to all_tags",
    ),
    (
        "optional parameter added",
        lambda d: listing(d)["parameters"].append(PARAMETER),
        False,
        "list_tags",
        "optional query parameter `colour` added",
    ),
    (
        "required parameter added",
        lambda d: listing(d)["parameters"].append({**PARAMETER, "required": True}),
        True,
        "list_tags",
        "required query parameter `colour` added",
    ),
    ("parameter removed", lambda d: listing(d)["parameters"].clear(), True, "list_tags", "`size` removed"),
    (
        "parameter required",
        lambda d: listing(d)["parameters"][0].update(required=True),
        True,
        "list_tags",
        "`size` became required",
    ),
    (
        "parameter tightened",
        lambda d: listing(d)["parameters"][0]["schema"].update(maximum=50),
        True,
        "list_tags",
        "maximum 100 became 50",
    ),
    (
        "parameter loosened",
        lambda d: listing(d)["parameters"][0]["schema"].update(maximum=500),
        False,
        "list_tags",
        "maximum 100 became 500",
    ),
    (
        "parameter default",
        lambda d: listing(d)["parameters"][0]["schema"].update(default=10),
        False,
        "list_tags",
        "default 25 became 10",
    ),
    (
        "parameter type",
        lambda d: listing(d)["parameters"][0]["schema"].update(type="string"),
        True,
        "list_tags",
        "type integer became string",
    ),
    (
        "header removed",
        lambda d: listing(d)["responses"]["200"].pop("headers"),
        True,
        "list_tags",
        "header Link of 200 removed",
    ),
    (
        "success added",
        lambda d: listing(d)["responses"].update({"202": {}}),
        True,
        "list_tags",
        "success status 202 added",
    ),
    ("error removed", lambda d: listing(d)["responses"].pop("404"), False, "list_tags", "error status 404 removed"),
    ("answered property removed", lambda d: tag(d)["properties"].pop("seen"), True, "tag.seen", "property removed"),
    (
        "answered property added",
        lambda d: tag(d)["properties"].update(new={"type": "string"}),
        False,
        "tag.new",
        "optional property added",
    ),
    ("answered property optional", lambda d: tag(d).update(required=[]), True, "tag.id", "became optional"),
    (
        "answered property nullable",
        lambda d: tag(d)["properties"]["id"].update(type=["integer", "null"]),
        True,
        "tag.id",
        "may be null now",
    ),
    (
        "answered property never null",
        lambda d: tag(d)["properties"]["seen"].update(type="string"),
        False,
        "tag.seen",
        "may no longer be null",
    ),
    (
        "answered value added",
        lambda d: tag(d)["properties"]["colour"]["enum"].append("green"),
        False,
        "tag.colour",
        "value `green` added",
    ),
    (
        "answered value removed",
        lambda d: tag(d)["properties"]["colour"]["enum"].remove("red"),
        False,
        "tag.colour",
        "value `red` removed",
    ),
    (
        "sent value removed",
        lambda d: write(d)["properties"]["colour"]["enum"].remove("red"),
        True,
        "tag-write.colour",
        "value `red` removed",
    ),
    (
        "sent value added",
        lambda d: write(d)["properties"]["colour"]["enum"].append("green"),
        False,
        "tag-write.colour",
        "value `green` added",
    ),
    (
        "sent property required",
        lambda d: write(d)["required"].append("colour"),
        True,
        "tag-write.colour",
        "became required",
    ),
    ("sent property optional", lambda d: write(d).update(required=[]), False, "tag-write.name", "became optional"),
    (
        "sent property removed",
        lambda d: write(d)["properties"].pop("colour"),
        True,
        "tag-write.colour",
        "property removed",
    ),
    (
        "sent property added",
        lambda d: write(d)["properties"].update(new={"type": "string"}),
        False,
        "tag-write.new",
        "optional property added",
    ),
    (
        "sent text shortened",
        lambda d: write(d)["properties"]["name"].update(maxLength=10),
        True,
        "tag-write.name",
        "maxLength 50 became 10",
    ),
    (
        "sent text bounded no more",
        lambda d: write(d)["properties"]["name"].pop("minLength"),
        False,
        "tag-write.name",
        "minLength 1 became (none)",
    ),
    (
        "unknown fields refused",
        lambda d: write(d).update(additionalProperties=False),
        True,
        "tag-write",
        "unknown fields are refused now",
    ),
    ("schema renamed", rename, True, "schemas", "schema `tag` renamed to `label`"),
    (
        "address",
        lambda d: d["servers"][0].update(url="https://x.example/v2"),
        True,
        "servers",
        "became https://x.example/v2",
    ),
    (
        "body required",
        lambda d: d["paths"]["/tags"]["post"]["requestBody"].update(required=True),
        True,
        "create_tag",
        "request body became required",
    ),
]


@pytest.mark.parametrize(
    ("change", "breaking", "where", "what"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_change_is_told_once(change: Callable[[Document], object], breaking: bool, where: str, what: str) -> None:
    new = contract()
    change(new)
    (found,) = contract_changes(contract(), new)
    assert found.breaking is breaking
    assert where in found.where
    assert what in found.what


def test_several_changes_are_told_breaking_ones_first() -> None:
    new = contract()
    tag(new)["properties"].pop("seen")
    tag(new)["properties"]["new"] = {"type": "string"}
    listing(new)["operationId"] = "all_tags"
    changes = contract_changes(contract(), new)
    assert [change.breaking for change in changes] == [True, True, False]
    text = report(changes)
    assert text.index("Breaking for callers (2)") < text.index("Other changes (1)")
    assert report([]) == "Nothing changes for a caller."


def test_prose_and_extensions_are_no_changes() -> None:
    new = contract()
    tag(new).update(title="T", description="d", example={"id": 1}, **{"x-internal": True})
    listing(new)["summary"] = "other words"
    assert contract_changes(contract(), new) == []


def shuffled(node: Any, rng: random.Random) -> Any:
    if isinstance(node, dict):
        items = list(node.items())
        rng.shuffle(items)
        return {name: shuffled(child, rng) for name, child in items}
    return [shuffled(child, rng) for child in node] if isinstance(node, list) else node


@given(st.randoms(use_true_random=False))
def test_the_order_of_keys_says_nothing(rng: random.Random) -> None:
    assert contract_changes(contract(), shuffled(contract(), rng)) == []


def test_our_contract_does_not_differ_from_itself_and_neither_document_is_touched() -> None:
    document = read_document(CONTRACT)
    before = copy.deepcopy(document)
    assert contract_changes(document, document) == []
    changed = copy.deepcopy(document)
    changed["components"]["schemas"]["unused"] = {"type": "object"}
    changed["paths"].pop("/integrations")
    assert len(contract_changes(document, changed)) == 1
    assert document == before


def test_schemas_that_hold_themselves_come_to_an_end() -> None:
    document = contract()
    tag(document)["properties"]["parent"] = {"$ref": "#/components/schemas/tag"}
    new = copy.deepcopy(document)
    tag(new)["properties"]["id"]["type"] = "string"
    assert contract_changes(document, new) == [Change(True, "tag.id", "type integer became string")]
