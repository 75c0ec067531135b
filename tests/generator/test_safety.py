"""A document is data: no text of it becomes code, and it ends in an error in one line if it is hostile."""

from __future__ import annotations

import ast
import copy
import importlib
import json
import keyword
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import build
from generator.__main__ import main
from generator.base_urls import plan_server
from generator.client_plan import plan_client
from generator.documents import DocumentError, parse, read_document, validate
from generator.naming import name_document
from generator.normalization import UnsupportedError, normalize
from generator.project import ClientProject
from generator.source import Source, Text, check_context, code, docstring, finalize, identifier, literal
from generator.structure import strip_extensions
from generator.support_checks import check_supported
from generator.yaml_documents import YamlError, dump_yaml, load_yaml
from tests.generator.test_constructs import DOCUMENT

TEMPLATES = Path(__file__).parents[2] / "openapi" / "templates"
HOSTILE_TEXTS = (
    '"""\nimport os; os.system(\'touch PWNED\')\n"""',
    "a\": __import__('os').system('touch PWNED'), \"b",
    "'); __import__('os').system('touch PWNED'); ('",
    "x\\",
    'x"',
    '\\"\\"\\" {{ 7*7 }} {% raw %} ${7} `rm` \u2028 import os \x85 import os \x00 \r import os',
    "{}{0}{name!r}%s%(x)s\\N{BULLET}\\u0041\\x41\\",
    "\u202e\u2066 # \u2069 import os",
    "*/ -- # ; \t\v\f\x1b[31m",
)
HOSTILE = [
    pytest.param(" ".join(HOSTILE_TEXTS), id="all at once"),
    *(pytest.param(text, marks=pytest.mark.long) for text in HOSTILE_TEXTS),
]


def render(project: ClientProject) -> dict[str, str]:
    return dict(project.render())


class HostileProject(ClientProject):
    """Renders every template with hostile text in place of each `Text` in its context."""

    text = ""

    def render_template(self, template: str, **context: object) -> str:
        return super().render_template(
            template, **{name: put_text(value, self.text) for name, value in context.items()}
        )


def put_text(value: Any, text: str) -> Any:
    """Return a copy of a template's context in which each `Text` that is not empty has another value."""
    if isinstance(value, Text):
        return Text(text) if value else value
    if isinstance(value, dict):
        return {name: put_text(item, text) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(put_text(item, text) for item in value)
    if attrs.has(type(value)):
        fields = {field.name: put_text(getattr(value, field.name), text) for field in attrs.fields(type(value))}
        return type(value)(**fields)
    return value


def count_texts(value: Any) -> int:
    if isinstance(value, Text):
        return 1
    if isinstance(value, dict):
        return sum(map(count_texts, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(count_texts, value))
    return sum(count_texts(getattr(value, f.name)) for f in attrs.fields(type(value))) if attrs.has(type(value)) else 0


def describe_code(text: str) -> str:
    """Return the syntax tree of a module without the values of its text literals."""

    class Blank(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.AST:
            return ast.Constant("") if isinstance(node.value, str) else node

    return ast.dump(Blank().visit(ast.parse(text)))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document of all constructs, with prose in every place."""

    def describe(node: Any) -> Any:
        if isinstance(node, list):
            return [describe(child) for child in node]
        if not isinstance(node, dict):
            return node
        described = {name: child if name in {"enum", "const"} else describe(child) for name, child in node.items()}
        if "responses" in node:
            described |= {"summary": "A summary", "description": "A text."}
            described["responses"] = {**described["responses"], "404": {"description": "Not found"}}
        if {"type", "schema", "anyOf", "oneOf"} & node.keys():
            described["description"] = "A text."
        return described

    return strip_extensions(describe(parse(dump_yaml(DOCUMENT).encode(), "document")))


def build_project(document: dict[str, Any], kind: type[ClientProject] = ClientProject) -> Any:
    named = name_document(normalize(document))
    return kind(
        named, plan_server(document, {"https://api.test"}), plan_client(document), TEMPLATES, Path("not written")
    )


@pytest.fixture(scope="module")
def expected(document: dict[str, Any]) -> dict[str, str]:
    """File to its code with text blanked out."""
    return {name: describe_code(text) for name, text in render(build_project(document)).items()}


@pytest.mark.parametrize("text", HOSTILE)
def test_text_in_any_variable_of_any_template_changes_literals_only(
    document: dict[str, Any], expected: dict[str, str], text: str
) -> None:
    project = build_project(document, HostileProject)
    project.text = text
    rendered = render(project)
    assert rendered.keys() == expected.keys()
    for name, source in rendered.items():
        assert describe_code(source) == expected[name], name
        assert not re.search("[\x00\x1b\x85\u2028\u2029\u202e\u2066]", source), name


def test_every_template_receives_text(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    counts: dict[str, int] = {}
    original = ClientProject.render_template

    def count(self: ClientProject, template: str, **context: object) -> str:
        counts[template] = counts.get(template, 0) + sum(map(count_texts, context.values()))
        return original(self, template, **context)

    monkeypatch.setattr(ClientProject, "render_template", count)
    render(build_project(document))
    used = {path.name for path in TEMPLATES.iterdir()} - {"signature.jinja", "attribute.jinja"}  # imported by others
    assert used == counts.keys()
    without_text = {"models_init.py.jinja", "api_init.py.jinja"}
    assert {name for name, number in counts.items() if not number} == without_text


def put_everywhere(node: Any, text: str, key: str = "") -> Any:
    """Return a document with hostile text in every place that has free text, names of properties and parameters too."""
    if isinstance(node, dict):
        return {
            (f"{text}{name}" if key in {"properties", "mapping"} else name): put_everywhere(child, text, name)
            for name, child in node.items()
        }
    if isinstance(node, list):
        return [put_everywhere(child, text, key) for child in node]
    if key == "$ref" and "/properties/" in node:
        head, _, name = node.rpartition("/")
        return f"{head}/{quote(text.replace('~', '~0').replace('/', '~1'))}{name}"
    return (
        f"{node}{text}"
        if isinstance(node, str) and key in {"description", "summary", "enum", "title", "const"}
        else node
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_document_generates_code_without_its_text(text: str, document: dict[str, Any]) -> None:
    hostile = put_everywhere(document, text)
    hostile["paths"]["/query"] = {
        "get": {
            "parameters": [
                {"name": text, "in": "query", "schema": {"type": "array", "items": {"enum": [text, 1, None]}}}
            ],
            "responses": {"200": {"description": text, "content": {text: {"schema": {}}}}},
            "tags": [text],
            "operationId": text,
            text: text,
        }
    }
    hostile["components"]["schemas"][text] = {"type": "object", "properties": {text: {}}}
    hostile["paths"]["/class"] = {
        "get": {
            "responses": {
                "200": {
                    "description": text,
                    "content": {"application/json": {"schema": {"$ref": to_reference(text)}}},
                }
            }
        }
    }
    for name, source in render(build_project(hostile)).items():
        for node in ast.walk(ast.parse(source)):
            names = [getattr(node, field, None) for field in ("id", "attr", "name", "arg")]
            assert not {"os", "system", "__import__", "PWNED"} & {one for one in names if isinstance(one, str)}, name


def to_reference(name: str) -> str:
    return "#/components/schemas/" + name.replace("~", "~0").replace("/", "~1")


def test_package_of_a_hostile_document_runs_nothing_on_import(
    tmp_path: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hostile = copy.deepcopy(document)
    parameter = {
        "name": HOSTILE_TEXTS[1],
        "in": "query",
        "schema": {"type": "string", "enum": [HOSTILE_TEXTS[2]], "default": 1},
    }
    hostile["paths"] = {
        "/it's/\"__import__('os').system('touch PWNED')\"": {
            "get": {"parameters": [parameter], "responses": {"204": {"description": HOSTILE_TEXTS[0]}}}
        },
    }
    named = name_document(normalize(hostile))
    ClientProject(
        named, plan_server(hostile, ()), plan_client(hostile), TEMPLATES, tmp_path / "hostile_package"
    ).build()
    monkeypatch.syspath_prepend(str(tmp_path))
    for path in (tmp_path / "hostile_package").rglob("*.py"):
        module = ".".join(path.relative_to(tmp_path).with_suffix("").parts)
        importlib.import_module(module)
    for name in [name for name in sys.modules if name.startswith("hostile_package")]:
        del sys.modules[name]
    assert not list(tmp_path.rglob("PWNED"))


# The policy itself


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_literal_evaluates_to_its_value(value: Any) -> None:
    source = literal(value)
    assert ast.literal_eval(source) == value
    assert source.isprintable()


@given(st.text())
def test_docstring_contains_no_code(text: str) -> None:
    module = ast.parse(f'def f():\n    """A {docstring(Text(text), 4)}."""\n')
    (function,) = module.body
    assert isinstance(function, ast.FunctionDef)
    assert len(function.body) == 1


@given(st.text() | st.sampled_from(keyword.kwlist))
def test_identifier_is_checked(text: str) -> None:
    if re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII) and text not in keyword.kwlist:
        assert identifier(text) == text
    else:
        with pytest.raises(ValueError, match=r"^not a Python identifier$"):
            identifier(text)


@pytest.mark.parametrize(
    "use",
    [str, repr, "{}".format, lambda text: f"{text}", lambda text: "".join([text])],
)
def test_text_cannot_become_source(use: Any) -> None:
    with pytest.raises(TypeError):
        use(Text("import os"))
    with pytest.raises(TypeError):
        code("{}", "import os")  # type: ignore[arg-type]


def test_templates_receive_no_plain_text_and_output_no_objects() -> None:
    for value in ("text", {"a": Source("x")}, [object()], ("a",), {Source("x"): ["y"]}):
        with pytest.raises(TypeError):
            check_context(value)
    for value in ({}, [], None, object()):
        with pytest.raises(TypeError):
            finalize(value)
    assert finalize(Text('a"b')) == "'a\"b'"


# Vendor extensions


@pytest.fixture
def document_with_extensions(tmp_path: Path) -> Path:
    path = tmp_path / "document.yml"
    hostile = json.loads(json.dumps(DOCUMENT))
    get = hostile["paths"]["/csv"]["get"]
    get.update({"x-name": "../../evil", "x-resource": "../evil", "x-method": 'f(): pass\n"', "x-unwrap": "evil"})
    hostile["components"]["schemas"]["base"].update({"x-class": "Evil(object): pass #", "x-private": True})
    hostile["components"]["schemas"]["base"]["properties"]["x-mapping"] = {"type": "string", "x-mapping": 1}
    path.write_text(dump_yaml(hostile))
    return path


def test_vendor_extensions_of_a_document_are_ignored(document_with_extensions: Path) -> None:
    read = read_document(document_with_extensions)
    assert not [name for name in read["paths"]["/csv"]["get"] if name.startswith("x-")]
    assert not [name for name in read["components"]["schemas"]["base"] if name.startswith("x-")]
    assert read["components"]["schemas"]["base"]["properties"]["x-mapping"] == {"type": "string"}


@pytest.mark.long
def test_vendor_extensions_of_a_document_name_no_files(document_with_extensions: Path, tmp_path: Path) -> None:
    build.generate(document_with_extensions, tmp_path / "out", overlay=None)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["document.yml", "out"]
    assert (tmp_path / "out" / "api" / "csv" / "retrieve_csv.py").is_file()
    assert (tmp_path / "out" / "models" / "base.py").is_file()


# Bombs

ALIASES = "a0: &a0 [1,2,3,4,5,6,7,8,9]\n" + "".join(
    f"a{number}: &a{number} [{','.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 20)
)
BOMBS = {
    "aliases": (ALIASES, "more than 500,000 values"),
    "recursive alias": ("a: &a [*a]", "contains itself"),
    "deep flow": ("[" * 5000, "nesting|levels"),
    "deep block": ("- " * 5000 + "x", "more than 100 levels"),
    "deep mapping": ("\n".join(" " * level + "a:" for level in range(1000)), "more than 100 levels"),
    "large": ("x" * 50_000_000, "larger than 8 MiB"),
    "tag": ("a: !!python/object/apply:os.system [touch PWNED]", "a tag is not supported"),
    "surrogate": ('{"a": "\\ud800"}', "surrogate|Unicode"),
    "infinite": ("a: .inf", "not finite"),
    "long number": ("a: " + "9" * 5000, "too long"),
    "twice": ("a: 1\na: 2", "a key occurs twice"),
    "key": ("? [1]\n: 2", "a key is not text"),
    "binary": ("\x00", "not YAML"),
}


@pytest.mark.parametrize(("content", "message"), BOMBS.values(), ids=BOMBS)
def test_bomb_ends_in_one_line(content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bomb.yml"
    path.write_text(content)
    assert main(["generate", "--spec", str(path), "--out", str(tmp_path / "new" / "out"), "--no-overlay"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error)
    assert len(error) < 500
    assert [one.name for one in tmp_path.iterdir()] == ["bomb.yml"]


def schema_document(schemas: dict[str, Any], body: Any = None, **operation: Any) -> dict[str, Any]:
    """Return a document with one operation that returns the first schema."""
    schema = body or {"$ref": f"#/components/schemas/{next(iter(schemas))}"}
    content = {"application/json": {"schema": schema}}
    get = {"responses": {"200": {"description": "", "content": content}}, **operation}
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/things": {"get": get}},
        "components": {"schemas": schemas},
    }


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMA_BOMBS = {
    "references in a circle": {"a": reference("b"), "b": reference("a")},
    "a reference to itself": {"a": reference("a")},
    "allOf of itself": {"a": {"allOf": [reference("a"), {"properties": {"x": {}}}]}},
    "allOf in a circle": {"a": {"allOf": [reference("b"), {}]}, "b": {"allOf": [reference("a"), {"type": "object"}]}},
    "unions of unions": {
        "a": {"allOf": [{"anyOf": [{"properties": {f"p{n}": {"minLength": m}}} for m in range(9)]} for n in range(9)]}
    },
}


@pytest.mark.parametrize("schemas", SCHEMA_BOMBS.values(), ids=SCHEMA_BOMBS)
def test_schema_bomb_ends_in_one_line(
    schemas: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bomb.json"
    path.write_text(json.dumps(schema_document(schemas)))
    assert main(["generate", "--spec", str(path), "--out", str(tmp_path / "out"), "--no-overlay"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "bug" not in error
    assert not (tmp_path / "out").exists()


def test_exponential_references_stay_small(tmp_path: Path) -> None:
    schemas = {
        f"level{n}": {"type": "object", "properties": {p: reference(f"level{n + 1}") for p in "abcdef"}}
        for n in range(40)
    }
    schemas["level40"] = {"type": "object", "properties": {"x": {"type": "string"}}}
    merged = {f"part{n}": {"allOf": [reference(f"part{n + 1}"), reference(f"part{n + 1}")]} for n in range(40)}
    document = schema_document({**schemas, **merged, "part40": schemas["level40"]})
    document["paths"]["/parts"] = schema_document({"part0": {}})["paths"]["/things"]
    document["paths"]["/parts"]["put"] = {
        "requestBody": {"content": {"application/json": {"schema": reference("level0")}}},
        "responses": {"204": {"description": ""}},
    }
    files = render(build_project(strip_extensions(document)))
    assert sum(map(len, files.values())) < 1_000_000


def test_hostile_pattern_does_not_stop_the_generator() -> None:
    document = schema_document({"a": {"type": "string", "pattern": "^(a+)+$", "default": "a" * 100 + "!"}})
    validate(document, "document")


def test_wrong_defaults_and_repeated_operation_ids_are_accepted() -> None:
    document = operation_document(
        operationId="same",
        parameters=[{"name": "p", "in": "query", "schema": {"type": "integer", "default": "many"}}],
    )
    document["paths"]["/others"] = {"get": {"operationId": "same", "responses": {"204": {"description": ""}}}}
    document["components"]["schemas"]["a"] = {
        "type": "object",
        "properties": {"variables": {"default": 1, "enum": ["a"]}},
    }
    document["servers"] = [{"url": "https://{host}", "variables": {"host": {"default": "a.test"}}}]
    validate(document, "document")
    document["servers"][0]["variables"]["host"] = {"enum": ["a.test"]}
    with pytest.raises(DocumentError, match="default"):
        validate(document, "document")


@pytest.mark.parametrize(
    "target", ["other.yml", "https://evil.test/a.yml", "file:///etc/passwd", "other.yml#/a", "#a", "/etc"]
)
def test_reference_out_of_the_document_is_rejected(target: str) -> None:
    with pytest.raises(DocumentError, match="outside of the document"):
        validate(schema_document({"a": {"$ref": target}}), "document")


# Unsupported constructs are rejected by name


def operation_document(**operation: Any) -> dict[str, Any]:
    return schema_document({"a": {"type": "string"}}, **operation)


def parameter(where: str, **others: Any) -> dict[str, Any]:
    return operation_document(parameters=[{"name": "p", "in": where, "schema": {"type": "string"}, **others}])


def body(media_type: str) -> dict[str, Any]:
    return operation_document(requestBody={"content": {media_type: {"schema": {"type": "object"}}}})


UNSUPPORTED = {
    "cookie": (parameter("cookie"), "GET /things: the cookie parameter `p` is not supported"),
    "multipart": (
        body("multipart/form-data"),
        "GET /things: the body type multipart/form-data is not supported, only JSON",
    ),
    "form": (
        body("application/x-www-form-urlencoded"),
        "the body type application/x-www-form-urlencoded is not supported",
    ),
    "servers": (operation_document(servers=[{"url": "https://evil.test"}]), "a separate server is not supported"),
    "allowReserved": (parameter("query", allowReserved=True), "`p` has `allowReserved`"),
    "matrix": (parameter("query", style="deepObject"), "has the style deepObject, which does not fit"),
    "nested": (
        parameter("query", schema={"type": "array", "items": {"type": "array", "items": {}}}),
        "contains lists or objects in a list or an object",
    ),
    "host": (
        operation_document(parameters=[{"name": "Host", "in": "header", "schema": {"type": "string"}}]),
        "the header parameter `Host` is not supported",
    ),
    "header": (
        operation_document(parameters=[{"name": "a\r\nb", "in": "header", "schema": {"type": "string"}}]),
        "the header parameter `a b` is not supported",
    ),
    "not": (
        schema_document({"a": {"properties": {"x": {"not": {}}}}}),
        "#/components/schemas/a/properties/x: the keyword `not`",
    ),
    "if": (schema_document({"a": {"if": {}}}), "the keyword `if` is not supported"),
    "pattern": (
        schema_document({"a": {"properties": {"x": {"type": "string", "pattern": r"^\p{L}+$"}}}}),
        "#/components/schemas/a/properties/x: the pattern is not a regular expression of Python (bad escape \\p",
    ),
    "tuple": (
        schema_document({"a": {"type": "array", "prefixItems": [{}]}}),
        "the keyword `prefixItems` is not supported",
    ),
    "never": (
        schema_document({"a": {"type": "object", "properties": {"x": False}}}),
        "the schema `false` is not supported",
    ),
    "no success": ({**operation_document(responses={"404": {"description": ""}})}, "declares no success response"),
    "trace": (
        {**operation_document(), "paths": {"/t": {"trace": {"responses": {"200": {"description": ""}}}}}},
        "TRACE /t: the method TRACE is not supported",
    ),
    "undeclared": (
        {**operation_document(), "paths": {"/t/{id}": {"get": {"responses": {"204": {"description": ""}}}}}},
        "GET /t/{id}: the parameter `id` occurs in the path only",
    ),
    "media type": (
        operation_document(responses={"200": {"content": {"a/b\r\nX: y": {}}}}),
        "a/b X: y is no media type",
    ),
    "fragment": (
        {**operation_document(), "paths": {"/t#x": {"get": {"responses": {"204": {"description": ""}}}}}},
        "GET /t#x: the path is not valid",
    ),
    "parts": (
        schema_document({"a": {"allOf": [{"type": "string"}, {"type": "integer"}]}}),
        "#/components/schemas/a: the parts of allOf have different types",
    ),
    "media types": (
        operation_document(
            responses={
                "200": {"description": "OK", "content": {"text/csv": {}}},
                "202": {"description": "OK", "content": {"application/pdf": {}}},
            }
        ),
        "success responses of different media types are not supported",
    ),
}


@pytest.mark.parametrize(("document", "message"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_unsupported_construct_is_rejected_in_one_line_that_names_the_place(
    document: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnsupportedError) as caught:
        check_and_render(document)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def check_and_render(document: dict[str, Any]) -> None:
    check_supported(normalize(document))
    build_project(document)


# YAML

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(VALUES)
def test_prose_with_any_character_survives_the_writer(value: Any) -> None:
    assert load_yaml(dump_yaml({"a": value}).encode()) == {"a": value}


def test_reader_follows_yaml_1_2() -> None:
    text = "200: ok\nno: on\nat: 2024-01-01T00:00:00Z\nn: 012\nx: 0x1F\nf: 1e3\nb: true\ne:\ns: a\u2028b\nq: '\x85'\n"
    assert load_yaml(text.encode()) == {
        "200": "ok", "no": "on", "at": "2024-01-01T00:00:00Z", "n": 12, "x": 31, "f": 1000.0, "b": True, "e": None,
        "s": "a\u2028b", "q": "\x85",
    }  # fmt: skip
    with pytest.raises(YamlError, match="not UTF-8"):
        load_yaml(b"\xff")


@pytest.fixture(autouse=True)
def keep_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in {name for name in sys.modules if name.startswith("hostile_package")} - before:
        del sys.modules[name]
