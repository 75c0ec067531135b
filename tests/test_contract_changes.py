"""What differs between two contracts is told once, where it stands, and breaking only where it breaks a caller."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.changes import contract_changes, report

Document = dict[str, Any]
Schema = dict[str, Any]

OPERATION = "update_thing (PATCH /things/{id})"
ANSWER = f"{OPERATION} response 200"
TEXT: Schema = {"type": "string"}
SIZE = "query parameter `size`"


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def body(schema: Schema) -> Document:
    return {"content": {"application/json": {"schema": schema}}}


def thing(required: list[str] | None = None, /, **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": required or []}


def contract(
    *, sent: Schema | None = None, answered: Schema | None = None, schemas: Document | None = None, **operation: Any
) -> Document:
    """A contract of one operation, whose body or answer has the schema given."""
    patch: Document = {"operationId": "update_thing", "responses": {"200": {} if answered is None else body(answered)}}
    if sent is not None:
        patch["requestBody"] = body(sent)
    return {"paths": {"/things/{id}": {"patch": patch | operation}}, "components": {"schemas": schemas or {}}}


def found(old: Document, new: Document) -> list[tuple[bool, str, str]]:
    return [(change.breaking, change.where, change.what) for change in contract_changes(old, new)]


# What one schema becomes, a part of what is told, and whether it breaks when sent and when answered.
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
    ({}, {"additionalProperties": False}, "unknown fields are refused now", True, False),
    ({"additionalProperties": False}, {}, "unknown fields are allowed now", False, False),
    ({"additionalProperties": TEXT}, {"additionalProperties": {"type": "null"}}, "string became null", True, True),
    ({"default": 25}, {"default": 50}, "default 25 became 50", False, False),
    *(({low: 2}, {low: 3}, f"{low} 2 became 3", True, False) for low in ("minLength", "minimum", "minItems")),
    *(({low: 2}, {}, f"{low} 2 became (none)", False, False) for low in ("minProperties", "exclusiveMinimum")),
    *(({high: 3}, {high: 2}, f"{high} 3 became 2", True, False) for high in ("maxLength", "maximum", "maxItems")),
    *(({high: 2}, {high: 3}, f"{high} 2 became 3", False, False) for high in ("maxProperties", "exclusiveMaximum")),
]
PLACES: dict[str, Callable[[Schema], Schema]] = {
    "itself": lambda schema: schema,
    "property": lambda schema: thing(example=schema),
    "item": lambda schema: {"type": "array", "items": schema},
    "allOf": lambda schema: {"allOf": [schema]},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("old", "new", "text", "breaks_sent", "breaks_answered"), SCHEMAS)
def test_a_schema_is_judged_by_the_ways_it_travels(
    place: str, old: Schema, new: Schema, text: str, breaks_sent: bool, breaks_answered: bool
) -> None:
    before, after = {"S": PLACES[place](old)}, {"S": PLACES[place](new)}
    for sent, answered in ((True, False), (False, True), (True, True)):
        use = ({"sent": ref("S")} if sent else {}) | ({"answered": ref("S")} if answered else {})
        ((breaking, where, what),) = found(contract(schemas=before, **use), contract(schemas=after, **use))
        assert breaking is ((sent and breaks_sent) or (answered and breaks_answered))
        assert where[0] == "S"
        assert text in what
        assert ("request" in what, "response" in what) == (sent, answered)


def size(schema: Schema | None = None, **facts: Any) -> list[Document]:
    return [{"name": "size", "in": "query", "schema": schema or {"type": "integer"}, **facts}]


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
    ({"responses": {"200": {"headers": LINK}}}, {}, True, ANSWER, "header Link removed"),
    ({}, {"responses": {"200": {"headers": LINK}}}, False, ANSWER, "optional header Link added"),
    ({"responses": {"200": {"content": {"a/b": {}}}}}, {}, True, ANSWER, "media type a/b removed"),
]


@pytest.mark.parametrize(("old", "new", "breaking", "where", "what"), OPERATIONS)
def test_an_operation_is_compared_part_by_part(
    old: Document, new: Document, breaking: bool, where: str, what: str
) -> None:
    assert found(contract(**old), contract(**new)) == [(breaking, where, what)]


@pytest.mark.parametrize(
    ("flow", "breaking", "what"),
    [
        ({"tokenUrl": "https://b.test"}, True, "flows.c.tokenUrl https://a.test became https://b.test"),
        ({"scopes": {"api": "other words", "more": ""}}, False, "flows.c.scopes.more (none) became offered"),
        ({"scopes": {}}, True, "flows.c.scopes.api offered became (none)"),
    ],
)
def test_a_security_scheme_is_compared_down_to_its_scopes(flow: Document, breaking: bool, what: str) -> None:
    old, new = contract(), contract()
    for document, facts in ((old, FLOW), (new, FLOW | flow)):
        document["components"]["securitySchemes"] = {"O": {"type": "oauth2", "flows": {"c": facts}}}
    assert found(old, new) == [(breaking, "security scheme O", what)]


def test_what_surrounds_the_operations_is_told_of_once() -> None:
    key, both = {"security": [{"K": []}]}, {"security": [{"K": []}, {"O": ["api"]}]}
    assert found(contract() | key, contract() | both) == [(False, "security", "O api accepted now")]
    assert found(contract() | both, contract() | key) == [(True, "security", "O api accepted no longer")]
    servers = [{"servers": [{"url": url, "description": url}]} for url in ("https://a.test", "https://b.test")]
    changes = found(contract() | servers[0], contract() | servers[1])
    assert changes == [(True, "servers", "base URL https://a.test became https://b.test")]


def test_names_of_the_overlay_are_shown_and_outlive_those_of_the_contract() -> None:
    named = {"x-class": "Thing"}
    old = contract(**{"x-name": "update"}, sent=ref("a"), schemas={"a": thing(p=TEXT, q=TEXT) | named})
    new = contract(**{"x-name": "update"}, sent=ref("b"), schemas={"b": thing(p=TEXT) | named}, operationId="other")
    assert found(old, new) == [
        (True, "Thing.q", "property removed (request)"),
        (False, "schemas", "schema `a` renamed to `b`"),
    ]


def test_an_inline_schema_goes_by_its_class_or_its_title_or_its_operation() -> None:
    for name, where in (({}, f"{OPERATION} request"), ({"title": "A thing"}, "A thing"), ({"x-class": "T"}, "T")):
        ((_, told, _),) = found(contract(sent=thing(a=thing(b=TEXT)) | name), contract(sent=thing(a=thing()) | name))
        assert told == f"{where}.a.b"


def test_a_base_is_told_of_under_its_own_name_and_may_be_written_out() -> None:
    parts, whole = {"allOf": [ref("Base"), thing(["b"], b=TEXT)]}, thing(["b"], a=TEXT, b=TEXT)
    old = contract(answered=ref("S"), schemas={"Base": thing(a=TEXT), "S": parts})
    assert found(old, contract(answered=ref("S"), schemas={"Base": thing(), "S": parts})) == [
        (True, "Base.a", "property removed (response)")
    ]
    assert found(old, contract(answered=ref("S"), schemas={"S": whole})) == []


def test_a_choice_of_models_is_compared_by_their_names() -> None:
    schemas = {"A": thing(a=TEXT), "B": thing(b=TEXT)}
    both = contract(answered={"oneOf": [ref("A"), ref("B")]}, schemas=schemas)
    one = contract(answered=ref("B"), schemas=schemas)
    assert found(one, both)[0] == (True, ANSWER, "type B became A or B")
    assert (False, ANSWER, "type A or B became B") in found(both, one)


def tree(name: str, **more: Schema) -> Document:
    return {name: thing(["value"], value=TEXT, parent=ref(name), **more)}


def test_schemas_that_hold_themselves_come_to_an_end() -> None:
    old, new = (contract(answered=ref("T"), schemas=tree("T", **more)) for more in ({}, {"more": TEXT}))
    assert found(old, new) == [(False, "T.more", "optional property added (response)")]
    endless = contract(sent=ref("A"), schemas={"A": {"type": "array", "items": {"type": "array", "items": ref("A")}}})
    assert found(contract(sent={"type": "array", "items": {"type": "array"}}), endless)
    lists = {name: {"type": "array", "items": ref(name)} for name in ("A", "B")}
    assert found(contract(sent=ref("A"), schemas=lists), contract(sent=ref("B"), schemas=lists)) == []


def test_a_renamed_schema_is_one_change_and_its_changes_are_told_as_well() -> None:
    old = contract(answered=ref("Tree"), schemas=tree("Tree", leaf=ref("Leaf")) | tree("Leaf"))
    new = contract(answered=ref("Baum"), schemas=tree("Baum", leaf=ref("Blatt")) | tree("Blatt", more=TEXT))
    assert found(old, new) == [
        (True, "schemas", "schema `Leaf` renamed to `Blatt`"),
        (True, "schemas", "schema `Tree` renamed to `Baum`"),
        (False, "Blatt.more", "optional property added (response)"),
    ]
    unlike = contract(answered=ref("X"), schemas={"X": thing(c=TEXT, d=TEXT)})
    assert not any("renamed" in what for _, _, what in found(old, unlike))


def things() -> Document:
    """A contract that holds most of what contracts hold."""
    model = thing(
        ["id"],
        id={"type": "integer", "minimum": 1},
        state={"type": "string", "enum": ["on", "off"]},
        title=TEXT | {"maxLength": 50},
        example=ref("Part"),
        tags={"type": "array", "items": TEXT | {"pattern": "^a"}, "maxItems": 5},
        parent={"anyOf": [ref("Thing"), {"type": "null"}]},
    )
    document = contract(
        sent={"allOf": [ref("Part"), thing(["name"], name=TEXT)]},
        answered=thing(data={"type": "array", "items": ref("Thing")}),
        schemas={"Thing": model, "Part": thing(size={"type": "number"})},
        parameters=size({"type": "integer", "maximum": 100}),
    )
    document["components"]["securitySchemes"] = {"O": {"type": "oauth2", "flows": {"c": copy.deepcopy(FLOW)}}}
    return document | {"security": [{"O": ["api"]}], "servers": [{"url": "https://a.test"}]}


def test_a_whole_contract_with_four_changes_is_told_in_four_lines() -> None:
    new = things()
    new["paths"]["/others"] = {"get": {"operationId": "list_others", "responses": {"200": {}}}}
    schemas = new["components"]["schemas"]
    schemas["Thing"]["properties"]["state"]["enum"].append("paused")
    del schemas["Thing"]["properties"]["title"]
    schemas["Piece"] = schemas.pop("Part")
    schemas["Thing"]["properties"]["example"] = ref("Piece")
    new["paths"]["/things/{id}"]["patch"]["requestBody"] = body({"allOf": [ref("Piece"), thing(["name"], name=TEXT)]})
    kept = copy.deepcopy(new)
    assert report(contract_changes(things(), new)) == (
        "Breaking for callers (2)\n"
        "  Thing.title: property removed (response)\n"
        "  schemas: schema `Part` renamed to `Piece`\n\n"
        "Other changes (2)\n"
        "  Thing.state: value `paused` added (response)\n"
        "  list_others (GET /others): operation added"
    )
    assert new == kept
    assert report([]) == "Nothing changes for a caller."


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
CONTRACTS = st.builds(
    lambda sent, answered, a, b, c: contract(sent=sent, answered=answered, schemas={"A": a, "B": b, "C": c}),
    *[ANY_SCHEMA] * 5,
)


@given(CONTRACTS, CONTRACTS, st.integers(0, 99).map(random.Random))
def test_order_is_no_change_and_every_change_is_told_once(old: Document, new: Document, source: random.Random) -> None:
    assert contract_changes(old, shuffled(old, source)) == []
    assert contract_changes(things(), shuffled(things(), source)) == []
    changes = contract_changes(old, new)
    assert changes == contract_changes(shuffled(old, source), shuffled(new, source)) == sorted(changes)
    assert len({(change.where, change.what) for change in changes}) == len(changes)
    breaking = [change.breaking for change in changes]
    assert breaking == sorted(breaking, reverse=True)


def schemas_in(node: Any) -> list[Schema]:
    """Each schema of the contract that is written out, but for the choices, which are compared by type alone."""
    if isinstance(node, list):
        return [found for child in node for found in schemas_in(child)]
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
def test_any_mutation_of_any_schema_is_told(data: st.DataObject) -> None:
    new = copy.deepcopy(things())
    data.draw(st.sampled_from(MUTATIONS))(data.draw(st.sampled_from(schemas_in(new))))
    assert contract_changes(things(), new)
    assert contract_changes(new, things())


@pytest.mark.parametrize("part", ["info", "operation", "schema", "parameter"])
def test_prose_and_extensions_are_no_changes(part: str) -> None:
    new = copy.deepcopy(things()) | {"info": {"title": "Other", "version": "2", "contact": {"name": "n"}}}
    operation = new["paths"]["/things/{id}"]["patch"]
    nodes = {
        "info": new["info"],
        "operation": operation,
        "schema": new["components"]["schemas"]["Thing"]["properties"]["id"],
        "parameter": operation["parameters"][0],
    }
    nodes[part] |= {"description": "words", "summary": "words", "example": {"a": 1}, "x-internal": True}
    assert contract_changes(things(), new) == []
