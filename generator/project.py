"""Have openapi-python-client render our templates over a named document.

openapi-python-client parses the document (what it cannot parse fails the build), names modules and classes, and runs
the templates. Constraints, envelopes and the overlay's hints do not survive its parser, so the templates get them from
the named document, by `generator.schemas`.
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
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError

from generator.naming import operations_of, resolve
from generator.schemas import Field, Shape, docstring, fields_of, is_enum, parameter_of, rule_code, shape_of

__all__ = ["GenerationError", "OperationPlan", "render"]

Document = dict[str, Any]

_SAFE: Final = frozenset({"get", "head", "options"})
_IDEMPOTENT: Final = frozenset({"get", "head", "options", "put", "delete"})
_ORDER: Final = ("list", "retrieve", "create", "update", "replace", "delete")
_JSON: Final = "application/json"


class GenerationError(Exception):
    """A document that no client can be generated from; its text says what and where."""


@attrs.frozen
class OperationPlan:
    """One operation as the templates render it."""

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
        """Every class that its signature or its decoding names."""
        shapes = [field.shape for field in (*self.path_fields, *self.query_fields, *self.body_fields)]
        named = {name for shape in (*shapes, *([self.result] if self.result else [])) for name in shape.classes}
        return sorted(named | ({self.body_class} if self.body_class else set()))

    @property
    def result_type(self) -> str:
        """The type of what the plain function returns."""
        if self.result is None or self.result.kinds == ("any",):
            return "None" if self.result is None else "Any"
        return self.result.python + (" | None" if self.result.nullable else "")

    @property
    def decodes_records(self) -> bool:
        """Whether it answers with a list of models."""
        return self.result is not None and self.result.items is not None and self.result.items.kind == "model"

    @property
    def required_body_fields(self) -> tuple[Field, ...]:
        """Fields that the body cannot go without, the positional ones aside."""
        return tuple(field for field in self.body_fields if field.required and field.name not in self.positional)

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
    """Write the generated package for a named document into `out`, which is replaced whole.

    Args:
        document: What `generator.naming.name_document` made.
        config_file: openapi-python-client's configuration.
        templates: Folder of our templates.
        out: Where the package goes.

    Raises:
        GenerationError: The document holds what the generator or the templates cannot express.
    """
    config = Config.from_sources(
        ConfigFile.load_from_path(config_file), MetaType.NONE, out, "utf-8", overwrite=True, output_path=out
    )
    data = GeneratorData.from_dict(_for_parser(document), config=config)
    if isinstance(data, GeneratorError):
        raise GenerationError(f"{data.header}: {data.detail}")
    faults = [
        *data.errors,
        *(e for part in data.endpoint_collections_by_tag.values() for e in part.parse_errors),
    ]
    if faults:
        raise GenerationError("; ".join(" ".join(f"{fault.header} {fault.detail or ''}".split()) for fault in faults))
    project = _ContractProject(document, data, config, templates)
    shutil.rmtree(out, ignore_errors=True)
    errors = project.build()
    if errors:
        raise GenerationError("; ".join(f"{error.header or ''} {error.detail or ''}".strip() for error in errors))


class _ContractProject(Project):
    """openapi-python-client's project, with our templates for all of it and resource classes besides."""

    def __init__(self, document: Document, data: GeneratorData, config: Config, templates: Path) -> None:
        super().__init__(openapi=data, config=config, custom_template_path=templates)
        self.document = document
        self.plans = sorted((_plan(document, *found) for found in operations_of(document)), key=_place)
        written, read = _reachable(document, self.plans)
        self.written = written
        kept = written | read
        data.models = sorted((m for m in data.models if m.class_info.name in kept), key=lambda m: m.class_info.name)
        data.enums = sorted((e for e in data.enums if e.class_info.name in kept), key=lambda e: e.class_info.name)
        modules = {part.class_info.name: part.class_info.module_name for part in (*data.models, *data.enums)}
        self.env.filters["docstring"] = docstring
        self.env.globals.update(
            modules=modules,
            enums={enum.class_info.name for enum in data.enums},
            is_written=lambda name: name in self.written,
            fields=lambda name: fields_of(document, document["components"]["schemas"][name]),
            rule=lambda schema: rule_code(document, schema),
            schema=lambda name: document["components"]["schemas"][name],
            plans=self.plans,
        )

    def build(self) -> list[GeneratorError]:
        self.project_dir.mkdir(parents=True)
        self._write("__init__.py", "package_init.py.jinja")
        self._write("types.py", "types.py.jinja")
        self._build_models()
        self._build_api()
        self._build_resources()
        self._tidy()
        return list(self._get_errors())

    def _build_api(self) -> None:
        self._write("api/__init__.py", "api_init.py.jinja", resources=self._by_resource())
        for resource, plans in self._by_resource().items():
            self._write(f"api/{resource}/__init__.py", "endpoint_init.py.jinja", resource=resource, plans=plans)
            for plan in plans:
                self._write(f"api/{resource}/{plan.name}.py", "endpoint_module.py.jinja", plan=plan)

    def _build_resources(self) -> None:
        by_resource = self._by_resource()
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

    def _by_resource(self) -> dict[str, list[OperationPlan]]:
        by_resource: dict[str, list[OperationPlan]] = {}
        for plan in self.plans:
            by_resource.setdefault(plan.resource, []).append(plan)
        return by_resource

    def _write(self, name: str, template: str, **context: object) -> None:
        path = self.package_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.env.get_template(template).render(**context), encoding="utf-8")

    def _tidy(self) -> None:
        """Templates import what they might need; ruff, of one exact version, takes out the rest and formats."""
        ruff = [sys.executable, "-m", "ruff"]
        settings = ["--isolated", "--line-length=120", "--target-version=py311", "--no-cache", "--quiet"]
        package = str(self.package_dir)
        rules = ["check", "--fix", "--unsafe-fixes", "--select=F401,I,UP,RUF022"]
        for command in (rules, ["format"]):
            done = subprocess.run([*ruff, *command, *settings, package], capture_output=True, text=True, check=False)
            if done.returncode:
                raise GenerationError(f"ruff {command[0]} failed on the generated code: {done.stdout}{done.stderr}")


def _place(plan: OperationPlan) -> tuple[str, int, int, str]:
    """Where a plan stands: the order of the paths in a document says nothing to a caller."""
    verb = _ORDER.index(plan.method_name) if plan.method_name in _ORDER else len(_ORDER)
    return plan.resource, verb, len(plan.path_fields), plan.name


def _plan(document: Document, path: str, method: str, operation: dict[str, Any]) -> OperationPlan:
    name: str = operation["x-name"]
    parameters = operation["parameters"]
    for parameter in parameters:
        if parameter["in"] not in {"path", "query"}:
            raise GenerationError(f"{name}: the {parameter['in']} parameter `{parameter['name']}` is not supported")
    body_class, body_fields = _body(document, name, operation)
    result, success = _result(document, name, operation)
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
        safe=method in _SAFE,
        idempotent=operation.get("x-idempotent", method in _IDEMPOTENT),
        paginated=operation.get("x-paginated", False),
        unwrap=operation.get("x-unwrap"),
        result=result,
        path_fields=tuple(parameter_of(document, one) for one in parameters if one["in"] == "path"),
        query_fields=tuple(parameter_of(document, one) for one in parameters if one["in"] == "query"),
        body_class=body_class,
        body_fields=body_fields,
        positional=tuple(operation.get("x-positional", ())),
    )


def _body(document: Document, name: str, operation: dict[str, Any]) -> tuple[str | None, tuple[Field, ...]]:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return None, ()
    if _JSON not in content:
        raise GenerationError(f"{name}: a body of {', '.join(content)} is not supported, only {_JSON}")
    shape = shape_of(document, content[_JSON]["schema"])
    if shape.kind != "model":
        raise GenerationError(f"{name}: the body is no object with named fields")
    return shape.class_name, tuple(fields_of(document, resolve(document, content[_JSON]["schema"]), as_arguments=True))


def _result(document: Document, name: str, operation: dict[str, Any]) -> tuple[Shape | None, tuple[int, ...]]:
    statuses = tuple(
        sorted(int(status) for status in operation["responses"] if status[0] == "2" and status.isdecimal())
    )
    if not statuses:
        raise GenerationError(f"{name}: the contract declares no success")
    for status in statuses:
        content = operation["responses"][str(status)].get("content", {})
        if _JSON in content and content[_JSON].get("schema", {}).get("type") != "null":
            return shape_of(document, content[_JSON].get("schema", {})), statuses
    return None, statuses


def _reachable(document: Document, plans: list[OperationPlan]) -> tuple[set[str], set[str]]:
    """The classes that requests are made of, and those that answers are made of; some may be both."""
    written: set[str] = set()
    read: set[str] = set()
    for plan in plans:
        for field in (*plan.path_fields, *plan.query_fields):
            _collect(document, field.shape, written)
        if plan.body_class:
            _collect(document, Shape(("model",), class_name=plan.body_class), written)
        if plan.result:
            _collect(document, plan.result, read)
    return written, read


def _collect(document: Document, shape: Shape, into: set[str]) -> None:
    for name in shape.classes - into:
        into.add(name)
        schema = document["components"]["schemas"][name]
        if not is_enum(schema):
            for field in fields_of(document, schema):
                _collect(document, field.shape, into)


def _for_parser(node: Any) -> Any:
    """The document as openapi-python-client reads it well: extensions off, free-form objects as anything."""
    if isinstance(node, list):
        return [_for_parser(child) for child in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        return {"$ref": node["$ref"]}
    # Titles would name classes; the component's key does.
    kept = {
        name: _for_parser(child)
        for name, child in node.items()
        if not name.startswith("x-") and not (name == "title" and isinstance(child, str) and "version" not in node)
    }
    types = kept.get("type")
    if (types == "object" or (isinstance(types, list) and len(types) > 1)) and not kept.get("properties"):
        kept = {name: child for name, child in kept.items() if name in {"description", "example", "allOf"}}
    return kept
