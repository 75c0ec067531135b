"""Render the templates for a named document with openapi-python-client.

openapi-python-client parses the document, names modules and classes, and runs the templates. A construct that it cannot
parse fails the build. Its parser drops constraints, envelopes and extensions, so the templates read them from the named
document through `generator.schemas`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import attrs
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData, import_string_from_class
from openapi_python_client.parser.errors import GeneratorError

from generator.naming import iterate_operations, resolve
from generator.schemas import (
    Field,
    Shape,
    build_fields,
    build_parameter,
    build_rule_code,
    build_shape,
    format_docstring,
    is_enum,
    is_literal,
)

__all__ = ["GenerationError", "OperationPlan", "render"]

Document = dict[str, Any]

_SAFE_METHODS: Final = frozenset({"get", "head", "options"})
_IDEMPOTENT_METHODS: Final = frozenset({"get", "head", "options", "put", "delete"})
_METHOD_NAME_ORDER: Final = ("list", "retrieve", "create", "update", "replace", "delete")
_JSON: Final = "application/json"


class GenerationError(Exception):
    """Raised if the document contains a construct that is not supported. The message names its position."""


@attrs.frozen
class OperationPlan:
    """One operation, as the templates render it."""

    name: str
    resource: str
    method_name: str
    method: str
    path: str
    summary: str
    description: str
    success: tuple[int, ...]
    failures: tuple[tuple[str, str], ...]
    safe: bool
    idempotent: bool
    paginated: bool
    unwrap: str | None
    result: Shape | None
    path_fields: tuple[Field, ...]
    query_fields: tuple[Field, ...]
    body_class: str | None
    body_fields: tuple[Field, ...]
    positional: tuple[str, ...]

    @property
    def classes(self) -> list[str]:
        """Names of all classes that the signature and the decoding use."""
        shapes = [field.shape for field in (*self.path_fields, *self.query_fields, *self.body_fields)]
        named = {name for shape in (*shapes, *([self.result] if self.result else [])) for name in shape.classes}
        return sorted(named | ({self.body_class} if self.body_class else set()))

    @property
    def literals(self) -> list[str]:
        """Names of all literal types that the signature uses."""
        fields = (*self.path_fields, *self.query_fields, *self.body_fields)
        return sorted({name for field in fields for name in field.shape.literals})

    @property
    def is_list(self) -> bool:
        """Whether the operation lists values, so that its method returns a `Paginator`."""
        is_list = self.result is not None and self.result.kind == "list" and not self.result.nullable
        return self.paginated or (is_list and self.method == "GET" and self.name.startswith("list"))

    @property
    def result_type(self) -> str:
        """Return annotation of the function without status and headers."""
        if self.result is None or self.result.kinds == ("any",):
            return "None" if self.result is None else "Any"
        return self.result.python + (" | None" if self.result.nullable else "")

    @property
    def decodes_records(self) -> bool:
        """Whether the result is a list of models."""
        return self.result is not None and self.result.items is not None and self.result.items.kind == "model"

    @property
    def positional_fields(self) -> tuple[Field, ...]:
        """Body fields that are positional arguments."""
        return tuple(field for field in self.body_fields if field.name in self.positional)

    @property
    def keyword_fields(self) -> tuple[Field, ...]:
        """Body fields that are keyword arguments, the required ones first."""
        rest = [field for field in self.body_fields if field.name not in self.positional]
        return tuple(sorted(rest, key=lambda field: not field.required))


def render(document: Document, *, config_file: Path, templates: Path, out: Path) -> None:
    """Write the generated package for a named document to `out`, replacing the folder.

    Args:
        document: Document from `generator.naming.name_document`.
        config_file: Configuration file of openapi-python-client.
        templates: Folder of the templates.
        out: Folder of the package.

    Raises:
        GenerationError: The document contains a construct that openapi-python-client or the templates do not support.
    """
    config = Config.from_sources(
        ConfigFile.load_from_path(config_file), MetaType.NONE, out, "utf-8", overwrite=True, output_path=out
    )
    data = GeneratorData.from_dict(_prepare_for_parser(document), config=config)
    if isinstance(data, GeneratorError):
        raise GenerationError(f"{data.header}: {data.detail}")
    parse_errors = [
        *data.errors,
        *(e for part in data.endpoint_collections_by_tag.values() for e in part.parse_errors),
    ]
    if parse_errors:
        messages = (" ".join(f"{error.header} {error.detail or ''}".split()) for error in parse_errors)
        raise GenerationError("; ".join(messages))
    project = _ClientProject(document, data, config, templates)
    shutil.rmtree(out, ignore_errors=True)
    errors = project.build()
    if errors:
        raise GenerationError("; ".join(f"{error.header or ''} {error.detail or ''}".strip() for error in errors))


class _ClientProject(Project):
    """Project of openapi-python-client that renders only our templates and adds resource classes."""

    def __init__(self, document: Document, data: GeneratorData, config: Config, templates: Path) -> None:
        super().__init__(openapi=data, config=config, custom_template_path=templates)
        self.document = document
        plans = (_build_plan(document, *found) for found in iterate_operations(document))
        self.plans = sorted(plans, key=_plan_sort_key)
        self.request_classes, response_classes = _find_reachable_classes(document, self.plans)
        schemas = document["components"]["schemas"]
        used = self.request_classes | response_classes
        data.models = sorted((m for m in data.models if m.class_info.name in used), key=lambda m: m.class_info.name)
        data.enums = sorted((e for e in data.enums if e.class_info.name in used), key=lambda e: e.class_info.name)
        modules = {part.class_info.name: part.class_info.module_name for part in (*data.models, *data.enums)}
        self.env.filters["docstring"] = format_docstring
        self.env.globals.update(
            modules=modules,
            enums={enum.class_info.name for enum in data.enums},
            literals={name: schema["enum"] for name, schema in sorted(schemas.items()) if is_literal(schema)},
            is_request_class=lambda name: name in self.request_classes,
            is_only_sent=lambda name: name not in response_classes,
            fields=lambda name: build_fields(document, document["components"]["schemas"][name]),
            rule=lambda schema: build_rule_code(document, schema),
            schema=lambda name: document["components"]["schemas"][name],
            plans=self.plans,
        )

    def build(self) -> list[GeneratorError]:
        self.project_dir.mkdir(parents=True)
        self._write("__init__.py", "package_init.py.jinja")
        self._write("types.py", "types.py.jinja")
        self._render_models()
        self._render_api()
        self._render_resources()
        self._run_ruff()
        return self.errors

    def _render_models(self) -> None:
        models, enums = self.openapi.models, self.openapi.enums
        for model in models:
            self._write(f"models/{model.class_info.module_name}.py", "model.py.jinja", model=model)
        for enum in enums:
            self._write(f"models/{enum.class_info.module_name}.py", "str_enum.py.jinja", enum=enum)
        classes = [part.class_info for part in (*models, *enums)]
        imports = [import_string_from_class(class_info) for class_info in classes]
        names = [class_info.name for class_info in classes]
        self._write("models/__init__.py", "models_init.py.jinja", imports=imports, names=names)

    def _render_api(self) -> None:
        self._write("api/__init__.py", "api_init.py.jinja", resources=self._group_by_resource())
        for resource, plans in self._group_by_resource().items():
            self._write(f"api/{resource}/__init__.py", "endpoint_init.py.jinja", resource=resource, plans=plans)
            for plan in plans:
                self._write(f"api/{resource}/{plan.name}.py", "endpoint_module.py.jinja", plan=plan)

    def _render_resources(self) -> None:
        by_resource = self._group_by_resource()
        self._write("resources/__init__.py", "resources_init.py.jinja", resources=by_resource)
        for resource, plans in by_resource.items():
            methods: dict[str, list[OperationPlan]] = {}
            for plan in plans:
                methods.setdefault(plan.method_name, []).append(plan)
            self._write(
                f"resources/{resource}.py",
                "resource.py.jinja",
                resource=resource,
                methods=methods,
                plans=plans,
            )
            self._write(
                f"resources/{resource}_with_response.py",
                "resource_with_response.py.jinja",
                resource=resource,
                methods=methods,
                plans=plans,
            )

    def _group_by_resource(self) -> dict[str, list[OperationPlan]]:
        by_resource: dict[str, list[OperationPlan]] = {}
        for plan in self.plans:
            by_resource.setdefault(plan.resource, []).append(plan)
        return by_resource

    def _write(self, name: str, template: str, **context: object) -> None:
        path = self.package_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.env.get_template(template).render(**context), encoding="utf-8")

    def _run_ruff(self) -> None:
        """Remove unused imports and format the code. The ruff version is pinned, so the result is reproducible."""
        ruff = [sys.executable, "-m", "ruff"]
        settings = ["--isolated", "--line-length=120", "--target-version=py311", "--no-cache", "--quiet"]
        package = str(self.package_dir)
        rules = ["check", "--fix", "--unsafe-fixes", "--select=F401,I,UP,RUF022"]
        for command in (rules, ["format"]):
            done = subprocess.run([*ruff, *command, *settings, package], capture_output=True, text=True, check=False)
            if done.returncode:
                raise GenerationError(f"ruff {command[0]} failed for the generated code: {done.stdout}{done.stderr}")


def _plan_sort_key(plan: OperationPlan) -> tuple[str, int, int, str]:
    """Return a sort key that does not depend on the order of the paths in the document."""
    has_standard_name = plan.method_name in _METHOD_NAME_ORDER
    rank = _METHOD_NAME_ORDER.index(plan.method_name) if has_standard_name else len(_METHOD_NAME_ORDER)
    return plan.resource, rank, len(plan.path_fields), plan.name


def _build_plan(document: Document, path: str, method: str, operation: dict[str, Any]) -> OperationPlan:
    name: str = operation["x-name"]
    parameters = operation["parameters"]
    for parameter in parameters:
        if parameter["in"] not in {"path", "query"}:
            raise GenerationError(f"{name}: the {parameter['in']} parameter `{parameter['name']}` is not supported")
    body_class, body_fields = _read_body(document, name, operation)
    result, success = _read_result(document, name, operation)
    return OperationPlan(
        name=name,
        resource=operation["x-resource"],
        method_name=operation["x-method"],
        method=method.upper(),
        path=path,
        summary=str(operation.get("summary", name)),
        description=str(operation.get("description", "")),
        success=success,
        failures=tuple(
            (status, str(response.get("description", "")))
            for status, response in operation["responses"].items()
            if not status.startswith("2")
        ),
        safe=method in _SAFE_METHODS,
        idempotent=operation.get("x-idempotent", method in _IDEMPOTENT_METHODS),
        paginated=operation.get("x-paginated", False),
        unwrap=operation.get("x-unwrap"),
        result=result,
        path_fields=tuple(build_parameter(document, one) for one in parameters if one["in"] == "path"),
        query_fields=tuple(build_parameter(document, one) for one in parameters if one["in"] == "query"),
        body_class=body_class,
        body_fields=body_fields,
        positional=tuple(operation.get("x-positional", ())),
    )


def _read_body(document: Document, name: str, operation: dict[str, Any]) -> tuple[str | None, tuple[Field, ...]]:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return None, ()
    if _JSON not in content:
        raise GenerationError(f"{name}: the body type {', '.join(content)} is not supported, only {_JSON}")
    shape = build_shape(document, content[_JSON]["schema"])
    if shape.kind != "model":
        raise GenerationError(f"{name}: the body must be an object with named fields")
    return shape.class_name, tuple(
        build_fields(document, resolve(document, content[_JSON]["schema"]), as_arguments=True)
    )


def _read_result(document: Document, name: str, operation: dict[str, Any]) -> tuple[Shape | None, tuple[int, ...]]:
    statuses = tuple(
        sorted(int(status) for status in operation["responses"] if status[0] == "2" and status.isdecimal())
    )
    if not statuses:
        raise GenerationError(f"{name}: the document declares no success response")
    for status in statuses:
        content = operation["responses"][str(status)].get("content", {})
        if _JSON in content and content[_JSON].get("schema", {}).get("type") != "null":
            return build_shape(document, content[_JSON].get("schema", {})), statuses
    return None, statuses


def _find_reachable_classes(document: Document, plans: list[OperationPlan]) -> tuple[set[str], set[str]]:
    """Return the classes used in requests and the classes used in responses. A class can be in both sets."""
    request_classes: set[str] = set()
    response_classes: set[str] = set()
    for plan in plans:
        for field in (*plan.path_fields, *plan.query_fields):
            _collect_classes(document, field.shape, request_classes)
        if plan.body_class:
            _collect_classes(document, Shape(("model",), class_name=plan.body_class), request_classes)
        if plan.result:
            _collect_classes(document, plan.result, response_classes)
    return request_classes, response_classes


def _collect_classes(document: Document, shape: Shape, found: set[str]) -> None:
    for name in shape.classes - found:
        found.add(name)
        schema = document["components"]["schemas"][name]
        if not is_enum(schema):
            for field in build_fields(document, schema):
                _collect_classes(document, field.shape, found)


def _prepare_for_parser(node: Any) -> Any:
    """Return a copy for openapi-python-client, without extensions and with free-form objects as any value."""
    if isinstance(node, list):
        return [_prepare_for_parser(child) for child in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        return {"$ref": node["$ref"]}
    # Without titles, openapi-python-client names each class after the key of its component.
    kept = {
        name: _prepare_for_parser(child)
        for name, child in node.items()
        if not name.startswith("x-") and not (name == "title" and isinstance(child, str) and "version" not in node)
    }
    types = kept.get("type")
    if (types == "object" or (isinstance(types, list) and len(types) > 1)) and not kept.get("properties"):
        kept = {name: child for name, child in kept.items() if name in {"description", "example", "allOf"}}
    return kept
