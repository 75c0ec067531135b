"""The operations of a named document, as the templates render them."""

from __future__ import annotations

import re
from typing import Any, Final

import attrs

from generator.descriptions import describe_operation
from generator.fields import Field, build_body_fields, build_parameter, rename
from generator.normalization import UnsupportedError, get_operation_place, is_json
from generator.pagination import PAGINATION
from generator.reading_code import build_reader
from generator.rules import build_rule_code
from generator.shapes import Shape, build_shape, get_types
from generator.source import Source, Text, code, identifier, join, literal
from generator.structure import Document, Schema, iterate_operations, resolve

__all__ = ["OperationPlan", "PagingPlan", "Result", "build_plans"]

_SAFE_METHODS: Final = frozenset({"get", "head", "options"})
_IDEMPOTENT_METHODS: Final = frozenset({"get", "head", "options", "put", "delete"})
_METHOD_NAME_ORDER: Final = ("list", "retrieve", "create", "update", "replace", "delete")
_JSON: Final = "application/json"
_ERRORS: Final = {
    "400": code("BadRequestError"),
    "401": code("AuthenticationError"),
    "403": code("PermissionDeniedError"),
    "404": code("NotFoundError"),
    "409": code("ConflictError"),
    "422": code("UnprocessableEntityError"),
    "429": code("RateLimitError"),
}
_TEXT_TYPES: Final = re.compile(r"text/[\w.+*-]+|application/([\w.-]+\+)?(xml|yaml|x-yaml)", re.IGNORECASE)


@attrs.frozen
class Result:
    """What the body of a success becomes.

    Attributes:
        kind: `json`, `text` or `bytes`.
        shape: Python type of a JSON body without its envelope.
        statuses: The status codes, as code; empty for all others.
    """

    kind: Source
    shape: Shape | None
    statuses: tuple[int, ...] = ()

    @property
    def type(self) -> Source:
        """Annotation of the result."""
        if self.shape is None:
            return code("str") if self.kind == "text" else code("bytes")
        return self.shape.python_or_none

    @property
    def decodes_records(self) -> bool:
        """Whether the result is a list of models."""
        shape = self.shape
        if shape is None or shape.kind != "list" or shape.nullable or shape.items is None:
            return False
        return bool(shape.items.kind == "model" and not shape.items.nullable)

    @property
    def reader(self) -> Source | None:
        """Function that reads the JSON value; None if the JSON value is the result."""
        return None if self.shape is None or self.shape.kind == "any" else build_reader(self.shape)

    @property
    def item_reader(self) -> Source | None:
        """Function that reads an item of a list; None if the JSON value of an item is the result."""
        items = self.shape.items if self.shape else None
        return None if items is None or items.is_plain else build_reader(items)


@attrs.frozen
class PagingPlan:
    """How an operation returns pages.

    Attributes:
        reads_link: Whether the `Link` header contains the next cursor.
        argument: Python name of the argument that selects a page.
        is_number: Whether the argument is a number.
        code: Code that reads the next page from the body; None if the `Link` header contains it.
    """

    reads_link: bool
    argument: Source
    is_number: bool
    code: Source | None


@attrs.frozen
class OperationPlan:
    """One operation, as the templates render it."""

    name: Source
    resource: Source
    method_name: Source
    method: Source
    path: Text
    summary: Text
    description: Text
    success: Source
    failures: tuple[tuple[Source, Text], ...]
    safe: bool
    idempotent: bool
    paging: PagingPlan | None
    unwrap: Text | None
    results: tuple[Result, ...]
    has_empty_success: bool
    accept: tuple[Text, ...]
    path_fields: tuple[Field, ...]
    query_fields: tuple[Field, ...]
    header_fields: tuple[Field, ...]
    body_class: Source | None
    body_shape: Shape | None
    body_rule: Source | None
    body_required: bool
    content_type: Text | None
    body_fields: tuple[Field, ...]
    positional: tuple[Text, ...]

    @property
    def paginated(self) -> bool:
        """Whether the operation returns pages."""
        return self.paging is not None

    @property
    def reads_link(self) -> bool:
        """Whether the `Link` header contains the next cursor."""
        return self.paging is not None and self.paging.reads_link

    @property
    def result(self) -> Result | None:
        """The only result; None if it has no or several ones."""
        return self.results[0] if len(self.results) == 1 else None

    @property
    def optional_fields(self) -> tuple[Field, ...]:
        """Parameters that are keyword arguments: all optional ones of query and headers."""
        return tuple(field for field in (*self.query_fields, *self.header_fields) if not field.required)

    @property
    def required_fields(self) -> tuple[Field, ...]:
        """Required parameters of query and headers."""
        return tuple(field for field in (*self.query_fields, *self.header_fields) if field.required)

    @property
    def classes(self) -> list[Source]:
        """Names of all classes that the signature and the decoding use."""
        return sorted({name for shape in self._shapes for name in shape.classes} | self._body_classes)

    @property
    def literals(self) -> list[Source]:
        """Names of all literal types that the signature uses."""
        return sorted({name for shape in self._shapes for name in shape.literals})

    @property
    def is_list(self) -> bool:
        """Whether the operation lists values, so that its method returns a `Paginator`."""
        if self.result is None or self.result.shape is None or self.has_empty_success:
            return False
        is_list = self.result.shape.kind == "list" and not self.result.shape.nullable
        return is_list and (self.paginated or (self.method == "GET" and self.name.startswith("list")))

    @property
    def result_type(self) -> Source:
        """Return annotation of the function without status and headers."""
        names = list(dict.fromkeys(result.type for result in self.results))
        if not names:
            return code("None")
        if code("Any") in names:
            return code("Any")
        has_none = self.has_empty_success and not any(name.endswith("| None") for name in names)
        return join(" | ", [*names, *([code("None")] if has_none else [])])

    @property
    def decodes_records(self) -> bool:
        """Whether the result is a list of models."""
        return self.result is not None and self.result.decodes_records and not self.has_empty_success

    @property
    def accept_choices(self) -> tuple[Text, ...]:
        """Media types of which callers choose one; empty if there is no choice."""
        is_json_result = any(result.kind == "json" for result in self.results)
        return self.accept if len(self.accept) > 1 and not is_json_result else ()

    @property
    def plain_body(self) -> Source | None:
        """Annotation of a body other than an object with named fields; None if there is no such body."""
        if self.body_shape is None or self.body_class is not None:
            return None
        return self.body_shape.argument if self.body_required else code("{} | Unset", self.body_shape.argument)

    @property
    def keyword_parameters(self) -> tuple[Field, ...]:
        """Parameters that are keyword-only arguments, the required ones first."""
        return (*self.required_fields, *self.optional_fields) if self.body_class else self.optional_fields

    @property
    def positional_parameters(self) -> tuple[Field, ...]:
        """Parameters that are positional arguments."""
        return self.path_fields if self.body_class else (*self.path_fields, *self.required_fields)

    @property
    def has_styles(self) -> bool:
        """Whether a query parameter is a list or an object."""
        return any(field.style is not None for field in self.query_fields)

    @property
    def has_headers(self) -> bool:
        """Whether the request has its own headers."""
        return bool(self.header_fields or self.accept or self.content_type)

    @property
    def positional_fields(self) -> tuple[Field, ...]:
        """Body fields that are positional arguments."""
        return tuple(field for field in self.body_fields if field.name in self.positional)

    @property
    def keyword_fields(self) -> tuple[Field, ...]:
        """Body fields that are keyword arguments, the required ones first."""
        rest = [field for field in self.body_fields if field.name not in self.positional]
        return tuple(sorted(rest, key=lambda field: not field.required))

    @property
    def _shapes(self) -> list[Shape]:
        fields = (*self.path_fields, *self.query_fields, *self.header_fields, *self.body_fields)
        shapes = [field.shape for field in fields] + [result.shape for result in self.results if result.shape]
        return shapes + ([self.body_shape] if self.body_shape else [])

    @property
    def _body_classes(self) -> set[Source]:
        return {self.body_class} if self.body_class else set()


def build_plans(document: Document) -> list[OperationPlan]:
    """Return the operations of a named document, in an order that does not depend on the order of the paths.

    Raises:
        UnsupportedError: An operation declares no success response, or bodies that the generator does not support.
    """
    return sorted((_build_plan(document, *parts) for parts in iterate_operations(document)), key=_get_sort_key)


def _get_sort_key(plan: OperationPlan) -> tuple[str, int, int, str]:
    has_standard_name = plan.method_name in _METHOD_NAME_ORDER
    rank = _METHOD_NAME_ORDER.index(plan.method_name) if has_standard_name else len(_METHOD_NAME_ORDER)
    return plan.resource, rank, len(plan.path_fields), plan.name


def _build_plan(document: Document, path: str, method: str, operation: dict[str, Any]) -> OperationPlan:
    name: str = operation["x-name"]
    place = get_operation_place(path, method)
    taken: set[str] = set()
    groups = {
        kind: rename(
            (build_parameter(document, one) for one in operation["parameters"] if one["in"] == kind), kind, taken
        )
        for kind in ("path", "query", "header")
    }
    results, success, has_empty, accept = _read_results(document, place, operation)
    media_type, body_schema = _get_body(operation)
    body_shape = None if body_schema is None else build_shape(document, body_schema)
    body_class = body_shape.class_name if body_shape is not None and body_shape.kind == "model" else None
    body_fields: list[Field] = []
    summary, description = describe_operation(operation, path)
    if body_schema is not None and body_class is not None:
        body_fields = rename(build_body_fields(document, resolve(document, body_schema)), "body", taken)
    return OperationPlan(
        name=identifier(name),
        resource=identifier(operation["x-resource"]),
        method_name=identifier(operation["x-method"]),
        method=identifier(method.upper()),
        path=Text(path),
        summary=Text(summary),
        description=Text(description),
        success=success,
        failures=tuple(
            (_ERRORS.get(status, code("APIStatusError")), Text(f"{status}. {response.get('description', '')}"))
            for status, response in operation["responses"].items()
            if not status.startswith("2") and re.fullmatch(r"[1-5](\d\d|XX)|DEFAULT", status)
        ),
        safe=method in _SAFE_METHODS,
        idempotent=bool(operation.get("x-idempotent", method in _IDEMPOTENT_METHODS)),
        paging=_build_paging(operation, groups["query"]),
        unwrap=Text(operation["x-unwrap"]) if "x-unwrap" in operation else None,
        results=results,
        has_empty_success=has_empty and bool(results),
        accept=accept,
        path_fields=tuple(groups["path"]),
        query_fields=tuple(groups["query"]),
        header_fields=tuple(groups["header"]),
        body_class=body_class,
        body_shape=body_shape,
        body_rule=None if body_schema is None else build_rule_code(document, body_schema, is_top=False),
        body_required=bool(operation.get("requestBody", {}).get("required")),
        content_type=None if media_type in {None, _JSON} else Text(str(media_type)),
        body_fields=tuple(body_fields),
        positional=tuple(Text(name) for name in operation.get("x-positional", ())),
    )


def _build_paging(operation: dict[str, Any], fields: list[Field]) -> PagingPlan | None:
    found = operation.get(PAGINATION)
    if found is None:
        return None
    name = found["parameter"]
    field = next((field for field in fields if field.name == Text(name)), None)
    if field is None:
        return None
    if found["kind"] == "link":
        return PagingPlan(reads_link=True, argument=field.python, is_number=False, code=None)
    is_number = field.shape.kind in {"integer", "number"}
    if found["kind"] == "body":
        parts = literal(tuple(found["path"])), literal(name), literal(is_number)
        reading = code("NextInBody({}, {}, {})", *parts)
    else:
        paths = (None if found[key] is None else tuple(found[key]) for key in ("total", "more"))
        values = (found["first"], found["records"], *paths)
        reading = code("PageNumber({})", join(", ", (literal(value) for value in values)))
    return PagingPlan(reads_link=False, argument=field.python, is_number=is_number, code=reading)


def _get_body(operation: dict[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
        if is_json(media_type):
            return media_type, _remove_null(media["schema"])
    return None, None


def _remove_null(schema: Schema) -> Schema:
    """Return the schema of a body without null, which is never sent as a whole body."""
    parts: list[Schema] = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    if len(parts) == 1:
        return parts[0]
    if parts:
        return {**schema, "anyOf": parts}
    names = [name for name in get_types(schema) if name != "null"]
    return {**schema, "type": names} if names and "$ref" not in schema else schema


def _read_results(
    document: Document, place: str, operation: dict[str, Any]
) -> tuple[tuple[Result, ...], Source, bool, tuple[Text, ...]]:
    """Return the results, the success codes, whether a success has no body, and the media types to ask for."""
    statuses = sorted(status for status in operation["responses"] if re.fullmatch(r"2(\d\d|XX)", status))
    statuses = statuses or [status for status in operation["responses"] if status == "DEFAULT"]
    if not statuses:
        raise UnsupportedError(f"{place}: the document declares no success response")
    results: dict[Source, Result] = {}
    accept: dict[str, None] = {}
    has_empty = False
    for status in statuses:
        content: dict[str, Any] = operation["responses"][status].get("content", {})
        result = _read_result(document, place, content, accept)
        if result is None:
            has_empty = True
            continue
        code_of_status = (int(status),) if status.isdecimal() else ()
        # The last result is that of all other statuses.
        known = results.get(result.type) if status.isdecimal() else results.pop(result.type, None)
        joined = known.statuses + code_of_status if known else code_of_status
        results[result.type] = attrs.evolve(result, statuses=joined)
    found = tuple(results.values())
    if len({result.kind for result in found}) > 1:
        raise UnsupportedError(f"{place}: success responses of different media types are not supported")
    is_range = any(not status.isdecimal() for status in statuses)
    codes = join(", ", (code("{}", int(status)) for status in statuses if status.isdecimal()))
    success = code("frozenset(range(200, 300))") if is_range else code("frozenset({{{}}})", codes)
    accepted = () if list(accept) == [_JSON] else tuple(Text(one) for one in accept)
    return found, success, has_empty, accepted


def _read_result(document: Document, place: str, content: dict[str, Any], accept: dict[str, None]) -> Result | None:
    json_types = [media_type for media_type in content if is_json(media_type)]
    if json_types:
        schema = content[json_types[0]].get("schema", {})
        if schema.get("type") == "null":
            return None
        accept[json_types[0].partition(";")[0].strip()] = None
        return Result(code("json"), build_shape(document, schema))
    if not content:
        return None
    kinds = {code("text") if _TEXT_TYPES.fullmatch(one.partition(";")[0].strip()) else code("bytes") for one in content}
    kind = kinds.pop() if len(kinds) == 1 else code("bytes")
    accept.update(dict.fromkeys(content))
    return Result(kind, None)
