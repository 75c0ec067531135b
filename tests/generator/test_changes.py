"""`compare_documents` reports each change once, at its position, and marks it breaking only if it breaks callers."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.changes import compare_documents
from generator.update_report import format_changes

Document = dict[str, Any]
Schema = dict[str, Any]

OPERATION = "update_thing (PATCH /things/{id})"
RESPONSE = f"{OPERATION} response 200"
TEXT: Schema = {"type": "string"}
SIZE = "query parameter `size`"


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def body(schema: Schema) -> Document:
    return {"content": {"application/json": {"schema": schema}}}


def thing(required: list[str] | None = None, /, **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": required or []}


def build_document(
    *, request: Schema | None = None, response: Schema | None = None, schemas: Document | None = None, **operation: Any
) -> Document:
    """Return a document with one operation and the given schemas of its request and response bodies."""
    patch: Document = {"operationId": "update_thing", "responses": {"200": {} if response is None else body(response)}}
    if request is not None:
        patch["requestBody"] = body(request)
    return {"paths": {"/things/{id}": {"patch": patch | operation}}, "components": {"schemas": schemas or {}}}


def list_changes(old: Document, new: Document) -> list[tuple[bool, str, str]]:
    return [(change.breaking, change.location, change.description) for change in compare_documents(old, new)]


# Old schema, new schema, part of the description, and whether the change breaks requests and responses.
SCHEMAS: list[tuple[Schema, Schema, str, bool, bool]] = [
    (thing(), thing(a=TEXT), "optional property added", False, False),
    (thing(), thing(["a"], a=TEXT), "required property added", True, False),
    (thing(a=TEXT), thing(), "property removed", True, True),
    (thing(a=TEXT), thing(["a"], a=TEXT), "property became required", True, False),
    (thing(["a"], a=TEXT), thing(a=TEXT), "property became optional", False, True),
    (TEXT, {"type": ["string", "null"]}, "may be null now", False, True),
    (TEXT, {"anyOf": [TEXT, {"type": "null"}]}, "may be null now", False, True),
    ({"type": ["string", "null"]}, TEXT, "may no longer be null", True, False),
    (TEXT, {"type": "boolean"}, "type string became boolean", True, True),
    (TEXT, {"type": ["string", "integer"]}, "type string became integer or string", False, True),
    ({"oneOf": [TEXT, {"type": "integer"}]}, TEXT, "type integer or string became string", True, False),
    ({"type": "integer"}, {"type": "number"}, "type integer became number", False, True),
    ({"type": "number"}, {"type": "integer"}, "type number became integer", True, False),
    (TEXT, {}, "type string became anything", False, True),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, "value `b` added", False, False),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "value `b` removed", True, False),
    ({"const": "a"}, {"enum": ["b", "a"]}, "value `b` added", False, False),
    (TEXT, TEXT | {"enum": ["a"]}, "values limited to a", True, False),
    (TEXT | {"enum": ["a"]}, TEXT, "list of values removed", False, False),
    (TEXT, TEXT | {"format": "email"}, "format (none) became email", True, False),
    (TEXT | {"format": "email"}, TEXT, "format email became (none)", False, False),
    (TEXT, TEXT | {"format": "date-time"}, "format (none) became date-time", True, True),
    ({"pattern": "^a"}, {"pattern": "^b"}, "pattern ^a became ^b", True, False),
    ({}, {"uniqueItems": True}, "uniqueItems (none) became true", True, False),
    ({"multipleOf": 10}, {"multipleOf": 5}, "multipleOf 10 became 5", False, False),
    ({"multipleOf": 5}, {"multipleOf": 10}, "multipleOf 5 became 10", True, False),
    ({}, {"additionalProperties": False}, "unknown fields are rejected now", True, False),
    ({"additionalProperties": False}, {}, "unknown fields are allowed now", False, False),
    ({"additionalProperties": TEXT}, {"additionalProperties": {"type": "null"}}, "string became null", True, True),
    ({"default": 25}, {"default": 50}, "default 25 became 50", False, False),
    *(({low: 2}, {low: 3}, f"{low} 2 became 3", True, False) for low in ("minLength", "minimum", "minItems")),
    *(({low: 2}, {}, f"{low} 2 became (none)", False, False) for low in ("minProperties", "exclusiveMinimum")),
    *(({high: 3}, {high: 2}, f"{high} 3 became 2", True, False) for high in ("maxLength", "maximum", "maxItems")),
    *(({high: 2}, {high: 3}, f"{high} 2 became 3", False, False) for high in ("maxProperties", "exclusiveMaximum")),
]
POSITIONS: dict[str, Callable[[Schema], Schema]] = {
    "itself": lambda schema: schema,
    "property": lambda schema: thing(example=schema),
    "item": lambda schema: {"type": "array", "items": schema},
    "allOf": lambda schema: {"allOf": [schema]},
}


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize(("old", "new", "text", "breaks_request", "breaks_response"), SCHEMAS)
def test_schema_change_is_breaking_depending_on_its_use(
    position: str, old: Schema, new: Schema, text: str, breaks_request: bool, breaks_response: bool
) -> None:
    old_schemas, new_schemas = {"S": POSITIONS[position](old)}, {"S": POSITIONS[position](new)}
    for in_request, in_response in ((True, False), (False, True), (True, True)):
        use = ({"request": ref("S")} if in_request else {}) | ({"response": ref("S")} if in_response else {})
        ((breaking, location, description),) = list_changes(
            build_document(schemas=old_schemas, **use), build_document(schemas=new_schemas, **use)
        )
        assert breaking is ((in_request and breaks_request) or (in_response and breaks_response))
        assert location[0] == "S"
        assert text in description
        assert ("request" in description, "response" in description) == (in_request, in_response)


def size(schema: Schema | None = None, **more: Any) -> list[Document]:
    return [{"name": "size", "in": "query", "schema": schema or {"type": "integer"}, **more}]


LINK = {"Link": {"schema": TEXT}}
FLOW = {"tokenUrl": "https://a.test", "scopes": {"api": "words"}}
OPERATIONS: list[tuple[Document, Document, bool, str, str]] = [
    ({}, {"parameters": size()}, False, OPERATION, f"optional {SIZE} added"),
    ({}, {"parameters": size(required=True)}, True, OPERATION, f"required {SIZE} added"),
    ({"parameters": size()}, {}, True, OPERATION, f"{SIZE} removed"),
    ({"parameters": size()}, {"parameters": size(required=True)}, True, OPERATION, f"{SIZE} became required"),
    ({"parameters": size(required=True)}, {"parameters": size()}, False, OPERATION, f"{SIZE} became optional"),
    ({"parameters": size()}, {"parameters": size(TEXT)}, True, OPERATION, f"{SIZE}: type integer became string"),
    (
        {"parameters": size({"items": {"enum": ["a", "b"]}})},
        {"parameters": size({"items": {"enum": ["a"]}})},
        True,
        OPERATION,
        f"{SIZE}[]: value `b` removed",
    ),
    ({}, {"requestBody": body(TEXT)}, False, OPERATION, "optional request body added"),
    ({}, {"requestBody": body(TEXT) | {"required": True}}, True, OPERATION, "required request body added"),
    ({"requestBody": body(TEXT)}, {}, True, OPERATION, "request body removed"),
    ({}, {"operationId": "other"}, True, OPERATION, "operation renamed to other"),
    ({}, {"responses": {"200": {}, "202": {}}}, True, OPERATION, "success status 202 added"),
    ({}, {"responses": {"200": {}, "404": {}}}, False, OPERATION, "error status 404 added"),
    ({"responses": {"200": {"headers": LINK}}}, {}, True, RESPONSE, "header Link removed"),
    ({}, {"responses": {"200": {"headers": LINK}}}, False, RESPONSE, "optional header Link added"),
    ({"responses": {"200": {"content": {"a/b": {}}}}}, {}, True, RESPONSE, "media type a/b removed"),
]


@pytest.mark.parametrize(("old", "new", "breaking", "location", "description"), OPERATIONS)
def test_operation_changes_are_reported(
    old: Document, new: Document, breaking: bool, location: str, description: str
) -> None:
    assert list_changes(build_document(**old), build_document(**new)) == [(breaking, location, description)]


@pytest.mark.parametrize(
    ("flow", "breaking", "description"),
    [
        ({"tokenUrl": "https://b.test"}, True, "flows.c.tokenUrl https://a.test became https://b.test"),
        ({"scopes": {"api": "other words", "more": ""}}, False, "flows.c.scopes.more (none) became offered"),
        ({"scopes": {}}, True, "flows.c.scopes.api offered became (none)"),
    ],
)
def test_security_scheme_changes_include_flows_and_scopes(flow: Document, breaking: bool, description: str) -> None:
    old, new = build_document(), build_document()
    for document, document_flow in ((old, FLOW), (new, FLOW | flow)):
        document["components"]["securitySchemes"] = {"O": {"type": "oauth2", "flows": {"c": document_flow}}}
    assert list_changes(old, new) == [(breaking, "security scheme O", description)]


def test_document_wide_changes_are_reported_once() -> None:
    key, both = {"security": [{"K": []}]}, {"security": [{"K": []}, {"O": ["api"]}]}
    assert list_changes(build_document() | key, build_document() | both) == [(False, "security", "O api accepted now")]
    assert list_changes(build_document() | both, build_document() | key) == [
        (True, "security", "O api accepted no longer")
    ]
    servers = [{"servers": [{"url": url, "description": url}]} for url in ("https://a.test", "https://b.test")]
    changes = list_changes(build_document() | servers[0], build_document() | servers[1])
    assert changes == [(True, "servers", "base URL https://a.test became https://b.test")]


def test_overlay_names_are_reported_and_renaming_their_schemas_is_not_breaking() -> None:
    named = {"x-class": "Thing"}
    old = build_document(**{"x-name": "update"}, request=ref("a"), schemas={"a": thing(p=TEXT, q=TEXT) | named})
    new = build_document(
        **{"x-name": "update"}, request=ref("b"), schemas={"b": thing(p=TEXT) | named}, operationId="other"
    )
    assert list_changes(old, new) == [
        (True, "Thing.q", "property removed (request)"),
        (False, "schemas", "schema `a` renamed to `b`"),
    ]


def test_inline_schema_is_reported_under_its_class_title_or_operation() -> None:
    for name, owner in (({}, f"{OPERATION} request"), ({"title": "A thing"}, "A thing"), ({"x-class": "T"}, "T")):
        old, new = (build_document(request=thing(a=inner) | name) for inner in (thing(b=TEXT), thing()))
        ((_, location, _),) = list_changes(old, new)
        assert location == f"{owner}.a.b"


def test_base_schema_is_reported_under_its_name_and_can_be_inlined() -> None:
    parts, whole = {"allOf": [ref("Base"), thing(["b"], b=TEXT)]}, thing(["b"], a=TEXT, b=TEXT)
    old = build_document(response=ref("S"), schemas={"Base": thing(a=TEXT), "S": parts})
    assert list_changes(old, build_document(response=ref("S"), schemas={"Base": thing(), "S": parts})) == [
        (True, "Base.a", "property removed (response)")
    ]
    assert list_changes(old, build_document(response=ref("S"), schemas={"S": whole})) == []


def test_union_of_models_is_compared_by_class_names() -> None:
    schemas = {"A": thing(a=TEXT), "B": thing(b=TEXT)}
    both = build_document(response={"oneOf": [ref("A"), ref("B")]}, schemas=schemas)
    one = build_document(response=ref("B"), schemas=schemas)
    assert list_changes(one, both)[0] == (True, RESPONSE, "type B became A or B")
    assert (False, RESPONSE, "type A or B became B") in list_changes(both, one)


def tree(name: str, **more: Schema) -> Document:
    return {name: thing(["value"], value=TEXT, parent=ref(name), **more)}


def test_recursive_schemas_are_compared() -> None:
    old, new = (build_document(response=ref("T"), schemas=tree("T", **more)) for more in ({}, {"more": TEXT}))
    assert list_changes(old, new) == [(False, "T.more", "optional property added (response)")]
    endless = build_document(
        request=ref("A"), schemas={"A": {"type": "array", "items": {"type": "array", "items": ref("A")}}}
    )
    assert list_changes(build_document(request={"type": "array", "items": {"type": "array"}}), endless)
    lists = {name: {"type": "array", "items": ref(name)} for name in ("A", "B")}
    assert (
        list_changes(build_document(request=ref("A"), schemas=lists), build_document(request=ref("B"), schemas=lists))
        == []
    )


def test_renamed_schema_is_reported_once_with_its_other_changes() -> None:
    old = build_document(response=ref("Tree"), schemas=tree("Tree", leaf=ref("Leaf")) | tree("Leaf"))
    new = build_document(response=ref("Baum"), schemas=tree("Baum", leaf=ref("Blatt")) | tree("Blatt", more=TEXT))
    assert list_changes(old, new) == [
        (True, "schemas", "schema `Leaf` renamed to `Blatt`"),
        (True, "schemas", "schema `Tree` renamed to `Baum`"),
        (False, "Blatt.more", "optional property added (response)"),
    ]
    different = build_document(response=ref("X"), schemas={"X": thing(c=TEXT, d=TEXT)})
    assert not any("renamed" in description for _, _, description in list_changes(old, different))


def things() -> Document:
    """Return a document with most constructs that documents contain."""
    model = thing(
        ["id"],
        id={"type": "integer", "minimum": 1},
        state={"type": "string", "enum": ["on", "off"]},
        title=TEXT | {"maxLength": 50},
        example=ref("Part"),
        tags={"type": "array", "items": TEXT | {"pattern": "^a"}, "maxItems": 5},
        parent={"anyOf": [ref("Thing"), {"type": "null"}]},
    )
    document = build_document(
        request={"allOf": [ref("Part"), thing(["name"], name=TEXT)]},
        response=thing(data={"type": "array", "items": ref("Thing")}),
        schemas={"Thing": model, "Part": thing(size={"type": "number"})},
        parameters=size({"type": "integer", "maximum": 100}),
    )
    document["components"]["securitySchemes"] = {"O": {"type": "oauth2", "flows": {"c": copy.deepcopy(FLOW)}}}
    return document | {"security": [{"O": ["api"]}], "servers": [{"url": "https://a.test"}]}


def test_report_lists_one_line_per_change() -> None:
    new = things()
    new["paths"]["/others"] = {"get": {"operationId": "list_others", "responses": {"200": {}}}}
    schemas = new["components"]["schemas"]
    schemas["Thing"]["properties"]["state"]["enum"].append("paused")
    del schemas["Thing"]["properties"]["title"]
    schemas["Piece"] = schemas.pop("Part")
    schemas["Thing"]["properties"]["example"] = ref("Piece")
    new["paths"]["/things/{id}"]["patch"]["requestBody"] = body({"allOf": [ref("Piece"), thing(["name"], name=TEXT)]})
    original = copy.deepcopy(new)
    assert format_changes(compare_documents(things(), new)) == (
        "Breaking for callers (2)\n"
        "  Thing.title: property removed (response)\n"
        "  schemas: schema `Part` renamed to `Piece`\n\n"
        "Other changes (2)\n"
        "  Thing.state: value `paused` added (response)\n"
        "  list_others (GET /others): operation added"
    )
    assert new == original
    assert format_changes([]) == "No changes for callers."


def shuffled(node: Any, source: random.Random) -> Any:
    if isinstance(node, dict):
        items = [(key, shuffled(child, source)) for key, child in node.items()]
        return dict(source.sample(items, len(items)))
    return [shuffled(child, source) for child in node] if isinstance(node, list) else node


LEAVES = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "integer", ["string", "null"], ["integer", "string"]])},
    optional={
        "enum": st.lists(st.sampled_from(["a", "b", None]), min_size=1, unique=True),
        "minLength": st.integers(0, 3),
        "format": st.sampled_from(["date-time", "email"]),
        "description": st.sampled_from(["one", "two"]),
    },
)
NAMES = st.sampled_from(["a", "b", "type", "example", "properties"])
ANY_SCHEMA = st.recursive(
    LEAVES | st.sampled_from(["A", "B", "C"]).map(ref),
    lambda children: st.one_of(
        st.dictionaries(NAMES, children, max_size=4).map(lambda properties: thing(["a"], **properties)),
        children.map(lambda items: {"type": "array", "items": items}),
        children.map(lambda part: {"anyOf": [part, {"type": "null"}]}),
        st.lists(children, min_size=1, max_size=2).map(lambda parts: {"oneOf": parts}),
        st.lists(children, min_size=1, max_size=2).map(lambda parts: {"allOf": parts}),
    ),
    max_leaves=3,
)
DOCUMENTS = st.builds(
    lambda request, response, a, b, c: build_document(
        request=request, response=response, schemas={"A": a, "B": b, "C": c}
    ),
    *[ANY_SCHEMA] * 5,
)


@given(DOCUMENTS, DOCUMENTS, st.integers(0, 99).map(random.Random))
def test_order_is_ignored_and_changes_are_unique(old: Document, new: Document, source: random.Random) -> None:
    assert compare_documents(old, shuffled(old, source)) == []
    assert compare_documents(things(), shuffled(things(), source)) == []
    changes = compare_documents(old, new)
    assert changes == compare_documents(shuffled(old, source), shuffled(new, source)) == sorted(changes)
    assert len({(change.location, change.description) for change in changes}) == len(changes)
    breaking = [change.breaking for change in changes]
    assert breaking == sorted(breaking, reverse=True)


def schemas_in(node: Any) -> list[Schema]:
    """Return all inline schemas except those in `anyOf`, which are compared only by type."""
    if isinstance(node, list):
        return [schema for child in node for schema in schemas_in(child)]
    if not isinstance(node, dict):
        return []
    return [
        *([node] if "type" in node and "flows" not in node and "in" not in node else []),
        *schemas_in([child for key, child in node.items() if key not in {"anyOf", "enum"}]),
    ]


MUTATIONS: list[Callable[[Schema], object]] = [
    lambda schema: schema.update(type="boolean"),
    lambda schema: schema.update(type=[schema["type"], "null"]),
    lambda schema: schema.update(minLength=17),
    lambda schema: schema.update(maximum=17),
    lambda schema: schema.update(enum=["other"]),
    lambda schema: schema.update(default="other"),
    lambda schema: schema.update(format="other"),
    lambda schema: schema.update(readOnly=True),
    lambda schema: schema.update(additionalProperties=False),
    lambda schema: schema.setdefault("properties", {}).update(other=TEXT),
]


@given(st.data())
def test_any_mutation_of_any_schema_is_reported(data: st.DataObject) -> None:
    new = copy.deepcopy(things())
    data.draw(st.sampled_from(MUTATIONS))(data.draw(st.sampled_from(schemas_in(new))))
    assert compare_documents(things(), new)
    assert compare_documents(new, things())


@pytest.mark.parametrize("part", ["info", "operation", "schema", "parameter"])
def test_prose_and_extensions_are_ignored(part: str) -> None:
    new = copy.deepcopy(things()) | {"info": {"title": "Other", "version": "2", "contact": {"name": "n"}}}
    operation = new["paths"]["/things/{id}"]["patch"]
    nodes = {
        "info": new["info"],
        "operation": operation,
        "schema": new["components"]["schemas"]["Thing"]["properties"]["id"],
        "parameter": operation["parameters"][0],
    }
    nodes[part] |= {"description": "words", "summary": "words", "example": {"a": 1}, "x-internal": True}
    assert compare_documents(things(), new) == []
