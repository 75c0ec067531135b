"""Each supported construct of OpenAPI is sent and read as the standard says, through a mock transport.

All constructs are operations of one document, which is generated once. `docs/openapi-support.md` names the constructs.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import typing
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.build import generate
from generator.yaml_documents import dump_yaml
from sendcloud_integrations_client import BasicAuth, InvalidInputError, ResponseDecodeError
from sendcloud_integrations_client.base_client import BaseClient
from sendcloud_integrations_client.runtime.models import Unset

PACKAGE = "package_of_constructs"
JSON = "application/json"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def json_body(schema: dict[str, Any], media_type: str = JSON) -> dict[str, Any]:
    return {"description": "OK", "content": {media_type: {"schema": schema}}}


def reads(schema: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Return a path item whose GET returns a schema."""
    return {"get": {"responses": {"200": json_body(schema), **others}}}


def sends(*parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a path item whose GET has parameters and no result."""
    return {"get": {"parameters": list(parameters), "responses": {"204": {"description": "OK"}}}}


def takes(schema: dict[str, Any], media_type: str = JSON, **others: Any) -> dict[str, Any]:
    """Return a path item whose PUT has a body."""
    body = {"required": True, "content": {media_type: {"schema": schema}}}
    return {"put": {"requestBody": body, "responses": {"204": {"description": "OK"}}, **others}}


def query(name: str, schema: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, **others}


TEXTS = {"type": "array", "items": {"type": "string"}}
FILTER = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
STAMP = {"type": "string", "format": "date-time"}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Constructs", "version": "1"},
    "servers": [{"url": "https://api.test/base"}],
    "components": {
        "schemas": {
            "node": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "parent": {"anyOf": [ref("node"), {"type": "null"}]},
                    "children": {"type": "array", "items": ref("node")},
                    "leaf": ref("leaf"),
                },
            },
            "leaf": {"type": "object", "properties": {"owner": ref("node"), "size": {"type": "integer"}}},
            "cat": {
                "type": "object",
                "required": ["kind", "lives"],
                "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
            },
            "dog": {
                "type": "object",
                "required": ["kind"],
                "properties": {"kind": {"enum": ["dog"], "type": "string"}, "tricks": TEXTS},
            },
            "pet": {
                "oneOf": [ref("cat"), ref("dog")],
                "discriminator": {
                    "propertyName": "kind",
                    "mapping": {"cat": "#/components/schemas/cat", "dog": "dog"},
                },
            },
            "mixed": {"anyOf": [ref("leaf"), TEXTS, STAMP, {"type": "integer"}, {"type": "null"}]},
            "base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
            "extended": {
                "allOf": [ref("base"), {"type": "object", "required": ["name"], "properties": {"name": STAMP}}]
            },
            "either": {"allOf": [ref("base"), {"oneOf": [ref("leaf"), ref("cat")]}]},
            "described": {"allOf": [ref("base")], "description": "A base."},
            "everything": {
                "type": "object",
                "required": ["at", "on", "number", "model", "uuid", "flag", "level", "any", "texts", "map", "pet"],
                "properties": {
                    "at": STAMP,
                    "on": {"type": "string", "format": "date"},
                    "number": {"type": "number"},
                    "model": ref("base"),
                    "uuid": {"type": "string", "format": "uuid"},
                    "flag": {"type": "boolean"},
                    "level": {"type": "integer", "enum": [1, 2]},
                    "any": {},
                    "texts": TEXTS,
                    "map": {"type": "object", "additionalProperties": ref("base")},
                    "pet": ref("pet"),
                    "maybe": {"type": ["string", "null"], "enum": ["x", None]},
                    "old": {"type": "string", "nullable": True},
                    "date": {"type": "string", "format": "date"},
                    "attrs": {"type": "string"},
                    "id": {"type": "integer"},
                    "id_": {"type": "integer"},
                    "list": {"type": "array", "items": STAMP},
                    "secret": {"type": "string", "readOnly": True},
                },
            },
            "maybe-base": {"type": ["object", "null"], "properties": {"id": {"type": "integer"}}},
            "alias": ref("maybe-base"),
            "holder": {
                "type": "object",
                "required": ["one"],
                "properties": {
                    "one": ref("maybe-base"),
                    "many": {"type": "array", "items": ref("alias")},
                    "level": ref("maybe-level"),
                    "choice": {"enum": [1, [2], {"a": 3}]},
                    "merged": {
                        "allOf": [ref("maybe-base"), {"type": "object", "properties": {"x": {"type": "integer"}}}]
                    },
                },
            },
            "maybe-level": {"type": "string", "nullable": True, "enum": ["low", "high", None]},
            "json": {
                "oneOf": [
                    {"type": ["string", "number", "boolean", "null"]},
                    {"type": "array", "items": ref("json")},
                    {"type": "object", "additionalProperties": ref("json")},
                ]
            },
            "itself": {"anyOf": [ref("itself"), {"type": "null"}]},
            "owner": {
                "type": "object",
                "$defs": {"address": {"type": "object", "properties": {"city": {"type": "string"}}}},
                "properties": {"home": ref("owner/$defs/address"), "work": ref("owner/properties/home")},
            },
            "sizes": {"type": "string", "enum": ["on hold", "on-hold", 'a"b', "a\\b", "ünï", "x{y}"]},
        },
        "pathItems": {"shared": reads(TEXTS)},
        "parameters": {"trace": {"name": "X-Trace", "in": "header", "schema": {"type": "string"}}},
    },
    "paths": {
        "/default-array": sends(query("ids", {"type": "array", "items": {"type": "integer"}})),
        "/joined-array": sends(query("ids", TEXTS, explode=False)),
        "/space-array": sends(query("ids", TEXTS, style="spaceDelimited", explode=False)),
        "/pipe-array": sends(query("ids", TEXTS, style="pipeDelimited", explode=False)),
        "/deep-object": sends(query("filter", FILTER, style="deepObject")),
        "/form-object": sends(query("filter", FILTER)),
        "/joined-object": sends(query("filter", FILTER, explode=False)),
        "/map-query": sends(
            query("tags", {"type": "object", "additionalProperties": {"type": "string"}}, style="deepObject")
        ),
        "/union-query": sends(query("id", {"oneOf": [{"type": "integer"}, {"type": "string"}]})),
        "/dates": sends(
            query("since", STAMP), query("on", {"type": "array", "items": {"type": "string", "format": "date"}})
        ),
        "/headers": sends(
            {"$ref": "#/components/parameters/trace"},
            {"name": "X-Ids", "in": "header", "required": True, "schema": TEXTS},
            {"name": "Accept", "in": "header", "schema": {"type": "string"}},
        ),
        "/body-and-query": takes(ref("base"), parameters=[query("dry", {"type": "boolean"}), query("id", TEXTS)]),
        "/array-body": takes({"type": "array", "minItems": 1, "items": ref("base")}),
        "/map-body": takes({"type": "object", "additionalProperties": {"type": "integer"}}),
        "/union-body": takes(ref("pet")),
        "/vendor-body": takes(ref("base"), "application/vnd.api+json; charset=utf-8"),
        "/everything": {"get": reads(ref("everything"))["get"], "put": takes(ref("everything"))["put"]},
        "/nodes": {"get": reads(ref("node"))["get"], "put": takes(ref("node"))["put"]},
        "/pets": reads({"type": "array", "items": ref("pet")}),
        "/mixed": reads(ref("mixed")),
        "/extended": {"get": reads(ref("extended"))["get"], "put": takes(ref("extended"))["put"]},
        "/either": reads(ref("either")),
        "/described": reads(ref("described")),
        "/sizes": reads({"type": "array", "items": ref("sizes")}),
        "/timestamps": reads({"type": "array", "items": STAMP}),
        "/nullable": reads({"anyOf": [ref("base"), {"type": "null"}]}),
        "/maps": reads({"type": "object", "additionalProperties": {"type": "array", "items": STAMP}}),
        "/vendor-result": {"get": {"responses": {"200": json_body(ref("base"), "application/problem+json; v=1")}}},
        "/or-empty": reads(ref("base"), **{"204": {"description": "None"}}),
        "/two-results": reads(ref("base"), **{"202": json_body(ref("cat"))}),
        "/range-and-others": reads(ref("base"), **{"201": json_body(ref("cat")), "2XX": json_body(ref("base"))}),
        "/range": {"get": {"responses": {"2XX": json_body(ref("base"))}}},
        "/csv": {"get": {"responses": {"200": json_body({"type": "string"}, "text/csv")}}},
        "/pdf": {"get": {"responses": {"200": json_body({"type": "string", "format": "binary"}, "application/pdf")}}},
        "/labels": {
            "get": {
                "responses": {
                    200: {
                        "description": "OK",
                        "content": {"application/pdf": {}, "image/png": {}, "application/zpl": {}},
                    }
                }
            }
        },
        "/shared": {"$ref": "#/components/pathItems/shared"},
        "/json": {"get": reads(ref("json"))["get"], "put": takes(ref("json"))["put"]},
        "/itself": reads(ref("itself")),
        "/owners/{name}": {
            "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
            **reads(ref("owner")),
        },
        "/copies/{name}": {
            "parameters": [{"$ref": "#/paths/~1owners~1%7Bname%7D/parameters/0"}],
            **reads(ref("owner")),
            "put": takes({"$ref": "#/paths/~1owners~1%7Bname%7D/get/responses/200/content/application~1json/schema"})[
                "put"
            ],
        },
        "/maybes": reads(ref("maybe-base")),
        "/holders": {"get": reads(ref("holder"))["get"], "put": takes(ref("holder"))["put"]},
        "/swapped": takes(
            {
                "type": "object",
                "required": ["client_"],
                "properties": {"client": {"type": "string"}, "client_": {"type": "string"}},
            }
        ),
        "/nullable-body": takes({"anyOf": [ref("base"), {"type": "null"}]}),
        "/nullable-text-body": takes({"type": ["string", "null"]}),
        "/subscriptions": takes(
            {"type": "object", "properties": {"url": {"type": "string"}}},
            operationId="same",
            callbacks={"event": {"{$request.body#/url}": {"post": {"responses": {"200": {"description": "OK"}}}}}},
        ),
        "/fields/{x}": {
            "parameters": [{"name": "x", "in": "path", "required": True, "schema": {"type": "string"}}],
            **takes(
                {"type": "object", "properties": {"fields": TEXTS, "dry": {"type": "boolean"}}},
                parameters=[
                    query("fields", TEXTS),
                    query("size", {"type": "integer", "default": "large"}),
                    query("OPERATION", {"type": "string"}),
                ],
                operationId="same",
            ),
        },
        "/things/{id}/{x}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                {"name": "x", "in": "path", "required": True, "schema": TEXTS},
            ],
            **takes({"type": "object", "properties": {"x": {"type": "string"}, "client": {"type": "string"}}}),
        },
    },
}


class Api:
    """A client of the generated package on a mock transport that records requests and returns one response."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.requests: list[httpx.Request] = []
        self.response = httpx.Response(204)
        self.models = importlib.import_module(f"{package}.models")
        self.resources = importlib.import_module(f"{package}.resources").Resources
        self.base_path = importlib.import_module(f"{package}.server").BASE_PATH

    def call(self, resource: str, method: str, *args: Any, reply: Any = None, **kwargs: Any) -> Any:
        """Call a method, with and without `with_response`; `reply` is the response or its JSON body."""
        if isinstance(reply, httpx.Response):
            self.response = reply
        else:
            self.response = httpx.Response(204) if reply is None else httpx.Response(200, content=orjson.dumps(reply))
        return asyncio.run(self._call(resource, method, args, kwargs))

    @property
    def query(self) -> str:
        """The query of the last request as sent."""
        return urlsplit(str(self.requests[-1].url)).query

    @property
    def body(self) -> Any:
        return orjson.loads(self.requests[-1].content)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        headers, content = self.response.headers, self.response.content
        return httpx.Response(self.response.status_code, headers=headers, content=content)

    async def _call(self, resource: str, method: str, args: Any, kwargs: Any) -> Any:
        client = type("Client", (BaseClient, self.resources), {})(
            auth=BasicAuth("public", "secret"),
            base_url="https://api.test/base",
            timeout=5,
            retries=None,
            rate_limits=None,
            rate_limiter=None,
            transport=httpx.MockTransport(self._handle),
            http2=False,
            max_response_bytes=2**20,
            event_hooks=None,
            on_call=None,
            allow_insecure_http=False,
        )
        async with client:
            found = getattr(client, resource)
            detailed = await getattr(found.with_response, method)(*args, **kwargs)
            plain = await getattr(found, method)(*args, **kwargs)
            assert detailed.status_code == self.response.status_code
            assert _describe(detailed.parsed) == _describe(plain)
            return plain


def _describe(value: Any) -> Any:
    return list(value) if hasattr(value, "next_cursor") else value


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("constructs")
    (folder / "document.yml").write_text(dump_yaml(DOCUMENT), encoding="utf-8")
    generate(folder / "document.yml", folder / PACKAGE, overlay=None)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(folder))
        yield Api(PACKAGE)
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


# Query parameters


def decode_items(text: str, separator: str) -> list[str]:
    return [unquote(item) for item in text.split(separator)]


@few
@given(ids=st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=4))
def test_query_array_without_style_is_repeated(api: Api, ids: list[int]) -> None:
    api.call("default_array", "retrieve", ids=ids)
    assert api.query == "&".join(f"ids={value}" for value in ids)


def test_empty_query_array_is_omitted(api: Api) -> None:
    api.call("default_array", "retrieve", ids=[])
    assert api.query == ""


@few
@given(ids=st.lists(TEXT.filter(bool), min_size=1, max_size=4))
@pytest.mark.parametrize(("resource", "separator"), [("joined", ","), ("space", "%20"), ("pipe", "%7C")])
def test_query_array_is_joined_as_its_style_says(api: Api, resource: str, separator: str, ids: list[str]) -> None:
    api.call(f"{resource}_array", "retrieve", ids=ids)
    name, _, value = api.query.partition("=")
    assert name == "ids"
    if separator == "," or unquote(separator) not in "".join(ids):  # an encoded separator looks like an encoded item
        assert decode_items(value, separator) == ids
    assert unquote(value) == {"%20": " ", "%7C": "|", ",": ","}[separator].join(ids)


@few
@given(a=TEXT, b=st.integers(-(2**53), 2**53))
def test_query_object_is_encoded_as_its_style_says(api: Api, a: str, b: int) -> None:
    api.call("deep_object", "retrieve", filter={"a": a, "b": b})
    assert httpx.QueryParams(api.query).multi_items() == [("filter[a]", a), ("filter[b]", str(b))]
    api.call("form_object", "retrieve", filter=api.models.FormObjectFilter(a=a))
    assert httpx.QueryParams(api.query).multi_items() == [("a", a)]
    api.call("joined_object", "retrieve", filter={"b": b, "a": a})
    name, _, value = api.query.partition("=")
    assert (name, decode_items(value, ",")) == ("filter", ["b", str(b), "a", a])


@few
@given(tags=st.dictionaries(TEXT, TEXT, max_size=3))
def test_query_map_with_deep_object(api: Api, tags: dict[str, str]) -> None:
    api.call("map_query", "retrieve", tags=tags)
    expected = [(f"tags[{name}]", value) for name, value in tags.items()]
    assert httpx.QueryParams(api.query).multi_items() == expected


def test_query_values_are_validated(api: Api) -> None:
    with pytest.raises(InvalidInputError, match=r"filter\.b"):
        api.call("deep_object", "retrieve", filter={"b": "x"})
    with pytest.raises(InvalidInputError, match=r"ids\[1\]"):
        api.call("default_array", "retrieve", ids=[1, "x"])
    with pytest.raises(InvalidInputError, match="lone surrogates"):
        api.call("joined_array", "retrieve", ids=["\ud800"])
    with pytest.raises(InvalidInputError, match="lists or objects"):
        api.call("form_object", "retrieve", filter={"other": [1]})


@few
@given(value=st.integers(-(2**53), 2**53) | TEXT.filter(bool))
def test_query_union(api: Api, value: int | str) -> None:
    api.call("union_query", "retrieve", id=value)
    assert httpx.QueryParams(api.query)["id"] == str(value)


@few
@given(since=st.datetimes(timezones=st.just(UTC)), on=st.lists(st.dates(), min_size=1, max_size=3))
def test_query_timestamps_and_dates(api: Api, since: datetime, on: list[date]) -> None:
    api.call("dates", "list", since=since, on=on)
    sent = httpx.QueryParams(api.query)
    assert datetime.fromisoformat(sent["since"]) == since
    assert sent.get_list("on") == [value.isoformat() for value in on]


# Headers, paths and bodies


@few
@given(trace=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9))
def test_header_parameters_are_sent(api: Api, trace: str) -> None:
    api.call("headers", "list", ["a", "b"], x_trace=trace)
    headers = api.requests[-1].headers
    assert (headers["x-trace"], headers["x-ids"], headers["accept"]) == (trace, "a,b", JSON)


@pytest.mark.parametrize("trace", ["a\r\nX-Evil: 1", "ü", " a", "\x00"])
def test_header_values_cannot_add_headers(api: Api, trace: str) -> None:
    with pytest.raises(InvalidInputError, match="Invalid argument x_trace for"):
        api.call("headers", "list", [], x_trace=trace)


def test_query_parameters_beside_a_body(api: Api) -> None:
    api.call("body_and_query", "replace", body_id=7, dry=True, id=["a", "b"])
    assert (api.query, api.body) == ("dry=true&id=a&id=b", {"id": 7})
    api.call("body_and_query", "replace", api.models.Base(id=8))
    assert (api.query, api.body) == ("", {"id": 8})


def test_path_and_body_fields_with_the_same_name(api: Api) -> None:
    api.call("things", "replace", 5, ["a/b", "c"], body_x="x", client_="y")
    assert str(api.requests[-1].url) == "https://api.test/base/things/5/a%2Fb%2Cc"
    assert api.body == {"x": "x", "client": "y"}


def test_errors_name_arguments_whose_names_differ_from_the_document(api: Api) -> None:
    for arguments, name in (({"body_x": 7}, "body_x"), ({"client_": 7}, "client_")):
        with pytest.raises(InvalidInputError) as caught:
            api.call("things", "replace", 5, ["a"], **arguments)
        assert caught.value.field == name
    with pytest.raises(InvalidInputError) as caught:
        api.call("body_and_query", "replace", body_id="x", id=["a"])
    assert caught.value.field == "body_id"
    with pytest.raises(InvalidInputError) as caught:
        api.call("body_and_query", "replace", api.models.Base(id="x"))
    assert caught.value.field == "id"  # the field of the model


@few
@given(ids=st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=3))
def test_array_body(api: Api, ids: list[int]) -> None:
    api.call("array_body", "replace", [api.models.Base(id=ids[0]), *({"id": one} for one in ids[1:])])
    assert api.body == [{"id": one} for one in ids]


def test_bodies_are_validated(api: Api) -> None:
    for body in ([], [{"id": "x"}], [{}], "x", None):
        with pytest.raises(InvalidInputError):
            api.call("array_body", "replace", body)
    with pytest.raises(InvalidInputError, match=r"\ba\b"):
        api.call("map_body", "replace", {"a": "x"})
    with pytest.raises(InvalidInputError, match="lives"):
        api.call("union_body", "replace", {"kind": "cat"})


@few
@given(values=st.dictionaries(TEXT, st.integers(-(2**53), 2**53), max_size=3))
def test_map_body(api: Api, values: dict[str, int]) -> None:
    api.call("map_body", "replace", values)
    assert api.body == values


def test_union_body(api: Api) -> None:
    api.call("union_body", "replace", api.models.Cat(kind="cat", lives=9))
    assert api.body == {"kind": "cat", "lives": 9}


@pytest.mark.parametrize("value", [None, "a", 1.5, [], [[1], {"a": [None]}], {"a": {"b": []}}])
def test_schema_of_any_json_value_contains_itself(api: Api, value: Any) -> None:
    reply = httpx.Response(200, content=orjson.dumps(value))
    assert api.call("json", "retrieve", reply=reply) == value
    assert api.call("itself", "retrieve", reply=reply) == value
    if value is not None:
        api.call("json", "replace", value)
        assert api.body == value


def test_references_into_schemas_and_paths(api: Api) -> None:
    owner = api.call("owners", "retrieve", "a", reply={"home": {"city": "x"}, "work": {"city": "y"}})
    assert (owner.home.city, owner.work.city) == ("x", "y")
    assert type(api.call("copies", "retrieve", "a/b", reply={})) is type(owner)
    assert str(api.requests[-1].url) == "https://api.test/base/copies/a%2Fb"
    api.call("copies", "replace", "a", owner)
    assert api.body == {"home": {"city": "x"}, "work": {"city": "y"}}


def test_body_that_can_be_null_is_sent_as_a_value(api: Api) -> None:
    api.call("nullable_body", "replace", id=1)
    assert api.body == {"id": 1}
    api.call("nullable_text_body", "replace", "a")
    assert api.body == "a"


def test_component_that_allows_null(api: Api) -> None:
    null = httpx.Response(200, content=b"null")
    assert api.call("maybes", "retrieve", reply=null) is None
    assert api.call("maybes", "retrieve", reply={"id": 1}).id == 1
    data: dict[str, Any] = {"one": None, "many": [None, {"id": 2}], "level": None, "merged": {"id": 3, "x": 4}}
    holder = api.call("holders", "retrieve", reply=data)
    assert (holder.one, holder.many[0], holder.many[1].id, holder.level) == (None, None, 2, None)
    assert (holder.merged.id, holder.merged.x) == (3, 4)
    api.call("holders", "replace", holder)
    assert api.body == data
    for choice in (1, [2], {"a": 3}):
        assert api.call("holders", "retrieve", reply={"one": {}, "choice": choice}).choice == choice
    api.call("holders", "replace", one=None, many=[None], level="low")
    assert api.body == {"one": None, "many": [None], "level": "low"}
    hints = typing.get_type_hints(api.models.Holder)
    maybe = api.models.MaybeBase | None
    assert (hints["one"], hints["many"]) == (maybe, list[maybe] | Unset)
    assert hints["level"] == api.models.MaybeLevel | Unset | None


def test_fields_whose_argument_has_the_name_of_another_field(api: Api) -> None:
    api.call("swapped", "replace", client_="one", client_2="two")
    assert api.body == {"client": "one", "client_": "two"}


def test_callbacks_are_no_part_of_a_call(api: Api) -> None:
    api.call("subscriptions", "replace", url="https://shop.test/hook")
    assert api.body == {"url": "https://shop.test/hook"}


def test_query_parameter_and_body_field_with_the_name_of_an_argument(api: Api) -> None:
    api.call("fields", "replace", "x", fields=["a"], size=2, body_fields=["b"], dry=True, operation="c")
    assert (api.query, api.body) == ("fields=a&size=2&OPERATION=c", {"fields": ["b"], "dry": True})


def test_json_media_types_with_vendor_suffix_and_parameters(api: Api) -> None:
    api.call("vendor_body", "replace", id=1)
    assert api.requests[-1].headers["content-type"] == "application/vnd.api+json; charset=utf-8"
    result = api.call("vendor_result", "retrieve", reply={"id": 3})
    assert (result.id, api.requests[-1].headers["accept"]) == (3, "application/problem+json")


# Results

STAMPS = st.datetimes(timezones=st.just(UTC))
PETS = st.fixed_dictionaries({"kind": st.just("cat"), "lives": st.integers(-(2**53), 2**53)}) | st.fixed_dictionaries(
    {"kind": st.just("dog"), "tricks": st.lists(TEXT, max_size=2)}
)
EVERYTHING = st.fixed_dictionaries(
    {
        "at": STAMPS.map(datetime.isoformat),
        "on": st.dates().map(str),
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "model": st.fixed_dictionaries({"id": st.integers(-(2**53), 2**53)}),
        "uuid": st.uuids().map(str),
        "flag": st.booleans(),
        "level": st.sampled_from([1, 2]),
        "any": st.none() | TEXT | st.lists(st.integers(-9, 9), max_size=2),
        "texts": st.lists(TEXT, max_size=2),
        "map": st.dictionaries(TEXT, st.fixed_dictionaries({"id": st.integers(-9, 9)}), max_size=2),
        "pet": PETS,
    },
    optional={
        "maybe": st.sampled_from(["x", None]),
        "old": st.none() | TEXT,
        "date": st.dates().map(str),
        "attrs": TEXT,
        "id": st.integers(-9, 9),
        "id_": st.integers(-9, 9),
        "list": st.lists(STAMPS.map(datetime.isoformat), max_size=2),
    },
)


@few
@given(data=EVERYTHING)
def test_required_fields_of_every_type_are_read_and_sent_unchanged(api: Api, data: dict[str, Any]) -> None:
    result = api.call("everything", "retrieve", reply=data)
    assert type(result) is api.models.Everything
    assert result.at == datetime.fromisoformat(data["at"])
    assert result.on == date.fromisoformat(data["on"])
    assert result.uuid == UUID(data["uuid"])
    assert result.model == api.models.Base.from_dict(data["model"])
    assert result.map == {name: api.models.Base.from_dict(one) for name, one in data["map"].items()}
    assert type(result.pet) is (api.models.Cat if data["pet"]["kind"] == "cat" else api.models.Dog)
    assert (result.id, result.id_) == (data.get("id", result.id), data.get("id_", result.id_))
    assert result.to_dict() == data
    api.call("everything", "replace", result)
    assert api.body == data
    arguments = {name: data[name] for name in ("number", "flag", "level", "any", "texts", "map", "pet", "model")}
    api.call("everything", "replace", at=result.at, on=result.on, uuid=result.uuid, **arguments)
    assert api.body == {name: data[name] for name in [*arguments, "uuid", "on"]} | {"at": api.body["at"]}
    assert datetime.fromisoformat(api.body["at"]) == result.at


def test_read_only_field_is_not_required_in_a_request_and_enum_of_numbers_is_checked(api: Api) -> None:
    model = api.models.Everything.from_dict({"level": 3})
    assert model.level == 3  # reading is lenient
    with pytest.raises(InvalidInputError, match="level"):
        api.call("everything", "replace", api.models.Everything.from_dict({**EVERYTHING_EXAMPLE, "level": 3}))


EVERYTHING_EXAMPLE: dict[str, Any] = {
    "at": "2024-01-01T00:00:00Z",
    "on": "2024-01-01",
    "number": 1,
    "model": {"id": 1},
    "uuid": "00000000-0000-0000-0000-000000000001",
    "flag": True,
    "level": 1,
    "any": None,
    "texts": [],
    "map": {},
    "pet": {"kind": "dog"},
}

NODES = st.deferred(
    lambda: st.fixed_dictionaries(
        {"name": TEXT},
        optional={
            "parent": st.none() | st.fixed_dictionaries({"name": TEXT}),
            "children": st.lists(st.fixed_dictionaries({"name": TEXT}), max_size=2),
            "leaf": st.fixed_dictionaries({"size": st.integers(-9, 9), "owner": st.fixed_dictionaries({"name": TEXT})}),
        },
    )
)


@few
@given(data=NODES)
def test_models_that_contain_themselves_and_each_other(api: Api, data: dict[str, Any]) -> None:
    node = api.call("nodes", "retrieve", reply=data)
    assert [type(child) for child in node.children or ()] == [api.models.Node] * len(data.get("children", []))
    assert node.to_dict() == data
    api.call("nodes", "replace", node)
    assert api.body == data


def test_rules_of_models_that_contain_themselves_are_checked(api: Api) -> None:
    with pytest.raises(InvalidInputError, match=r"children\[0\]\.leaf\.size"):
        api.call("nodes", "replace", name="a", children=[{"name": "b", "leaf": {"size": "x"}}])


@few
@given(pets=st.lists(PETS | st.fixed_dictionaries({"kind": st.just("bird")}), max_size=3))
def test_discriminated_union_is_a_union_of_models(api: Api, pets: list[dict[str, Any]]) -> None:
    result = list(api.call("pets", "list", reply=pets))
    classes = {"cat": api.models.Cat, "dog": api.models.Dog, "bird": dict}
    assert [type(one) for one in result] == [classes[one["kind"]] for one in pets]
    assert [one if isinstance(one, dict) else one.to_dict() for one in result] == pets


def test_union_with_an_array(api: Api) -> None:
    assert api.call("mixed", "retrieve", reply=["a"]) == ["a"]
    assert api.call("mixed", "retrieve", reply=5) == 5
    assert api.call("mixed", "retrieve", reply={"size": 2}) == api.models.Leaf(size=2)
    assert api.call("mixed", "retrieve", reply="2024-01-01T00:00:00Z") == datetime(2024, 1, 1, tzinfo=UTC)
    assert api.call("mixed", "retrieve", reply=httpx.Response(200, content=b"null")) is None
    with pytest.raises(ResponseDecodeError):
        api.call("mixed", "retrieve", reply=True)
    with pytest.raises(ResponseDecodeError):
        api.call("mixed", "retrieve", reply="no time")


@few
@given(name=STAMPS, number=st.integers(-(2**53), 2**53))
def test_all_of_is_merged(api: Api, name: datetime, number: int) -> None:
    data = {"id": number, "name": name.isoformat()}
    result = api.call("extended", "retrieve", reply=data)
    assert (result.id, result.name, result.to_dict()) == (number, name, data)
    api.call("extended", "replace", result)
    assert api.body == data
    with pytest.raises(InvalidInputError, match="id"):
        api.call("extended", "replace", name=name)


def test_all_of_with_a_union(api: Api) -> None:
    assert api.call("either", "retrieve", reply={"id": 1, "size": 2}).size == 2
    assert api.call("either", "retrieve", reply={"id": 1, "kind": "cat", "lives": 9}).lives == 9


def test_all_of_a_lone_reference_is_the_reference(api: Api) -> None:
    assert type(api.call("described", "retrieve", reply={"id": 1})) is api.models.Base
    assert not hasattr(api.models, "Described")


def test_enum_values_are_kept_unaltered(api: Api) -> None:
    values = DOCUMENT["components"]["schemas"]["sizes"]["enum"]
    assert [member.value for member in api.models.Sizes] == values
    assert list(api.call("sizes", "list", reply=[*values, "new"])) == [*values, "new"]
    assert all(one.is_known for one in api.call("sizes", "list", reply=values))


@few
@given(values=st.lists(STAMPS, max_size=3))
def test_list_of_timestamps(api: Api, values: list[datetime]) -> None:
    assert list(api.call("timestamps", "list", reply=[one.isoformat() for one in values])) == values


def test_list_of_timestamps_names_the_invalid_one(api: Api) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        api.call("timestamps", "list", reply=["2024-01-01T00:00:00Z", "x"])
    assert caught.value.field == "[1]"


def test_nullable_result(api: Api) -> None:
    assert api.call("nullable", "retrieve", reply=httpx.Response(200, content=b"null")) is None
    assert api.call("nullable", "retrieve", reply={"id": 1}).id == 1


@few
@given(values=st.dictionaries(TEXT, st.lists(STAMPS, max_size=2), max_size=2))
def test_typed_map(api: Api, values: dict[str, list[datetime]]) -> None:
    reply = {name: [one.isoformat() for one in stamps] for name, stamps in values.items()}
    assert api.call("maps", "retrieve", reply=reply) == values


def test_several_success_statuses(api: Api) -> None:
    assert api.call("or_empty", "retrieve", reply=httpx.Response(204)) is None
    assert api.call("or_empty", "retrieve", reply={"id": 1}).id == 1
    assert type(api.call("two_results", "retrieve", reply={"id": 1})) is api.models.Base
    accepted = httpx.Response(202, content=b'{"kind": "cat", "lives": 1}')
    assert type(api.call("two_results", "retrieve", reply=accepted)) is api.models.Cat
    assert api.call("range", "retrieve", reply=httpx.Response(206, content=b'{"id": 1}')).id == 1
    for status, name in ((200, "Base"), (201, "Cat"), (203, "Base")):
        reply = httpx.Response(status, content=b'{"id": 1}')
        assert type(api.call("range_and_others", "retrieve", reply=reply)).__name__ == name


@few
@given(text=TEXT, content=st.binary(max_size=20))
def test_text_and_binary_results(api: Api, text: str, content: bytes) -> None:
    csv = httpx.Response(200, headers={"content-type": "text/csv; charset=utf-8"}, content=text.encode())
    assert api.call("csv", "retrieve", reply=csv) == text
    assert api.requests[-1].headers["accept"] == "text/csv"
    assert api.call("pdf", "retrieve", reply=httpx.Response(200, content=content)) == content
    assert api.requests[-1].headers["accept"] == "application/pdf"


def test_caller_chooses_one_of_several_media_types(api: Api) -> None:
    api.call("labels", "list", reply=httpx.Response(200, content=b"%PDF"))
    assert api.requests[-1].headers["accept"] == "application/pdf"
    assert api.call("labels", "list", accept="image/png", reply=httpx.Response(200, content=b"\x89")) == b"\x89"
    assert api.requests[-1].headers["accept"] == "image/png"


def test_path_item_by_reference_and_base_path(api: Api) -> None:
    assert list(api.call("shared", "list", reply=["a"])) == ["a"]
    assert api.base_path == "/base"


def test_package_without_trusted_origin_has_no_base_url(api: Api) -> None:
    assert importlib.import_module(f"{api.package}.server").BASE_URL is None
