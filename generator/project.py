"""Render the templates for a named document, and format the result with ruff."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from generator.base_urls import ServerPlan
from generator.model_plans import ClassPlans, build_class_plans, get_module_name
from generator.plans import OperationPlan, build_plans
from generator.source import Source, build_environment, check_context, identifier
from generator.structure import Document
from generator.words import pascal_case

__all__ = ["GenerationError", "Renderer"]

_RUFF_SETTINGS: Final = ("--isolated", "--line-length=120", "--target-version=py311", "--no-cache", "--quiet")
_RUFF_IMPORTS: Final = "--config=lint.isort.split-on-trailing-comma=false"  # imports that remain get one line
_RUFF_COMMANDS: Final = (
    ("check", "--fix", "--unsafe-fixes", "--select=F401,I,UP,RUF022", _RUFF_IMPORTS),
    ("format",),
)


class GenerationError(Exception):
    """Raised if the generated code is not valid Python, which is a bug of the generator."""


class Renderer:
    """Renders the package of a named document.

    Args:
        document: Document from `generator.naming.name_document`.
        server: The base URL of the package.
        templates: Folder of the templates.
    """

    def __init__(self, document: Document, server: ServerPlan, templates: Path) -> None:
        self.plans = build_plans(document)
        self.classes: ClassPlans = build_class_plans(document, self.plans)
        self.server = server
        self.environment = build_environment([str(templates)])
        self.environment.filters["class_name"] = lambda name: identifier(pascal_case(name))
        self.environment.filters["module_name"] = get_module_name
        shared = {"module_of": self.classes.module_of, "enums": frozenset(enum.name for enum in self.classes.enums)}
        check_context(list(shared.values()))
        self.environment.globals.update(shared)

    def render(self) -> Iterable[tuple[str, str]]:
        """Yield path and text of each file."""
        yield from self._render_package()
        yield from self._render_models()
        for resource, plans in self._group_by_resource().items():
            yield from self._render_resource(resource, plans)

    def write(self, out: Path) -> None:
        """Write the package to a folder that does not exist, and format it.

        Raises:
            GenerationError: The generated code is not valid Python, or ruff fails.
            OSError: A file cannot be written.
        """
        for name, text in self.render():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        _format(out)

    def render_template(self, template: str, **context: object) -> str:
        """Return the text of one file. The context may contain `Text` and `Source`, but no plain text."""
        check_context(list(context.values()))
        return self.environment.get_template(template).render(**context)

    def _render_package(self) -> Iterable[tuple[str, str]]:
        by_resource = self._group_by_resource()
        yield "__init__.py", self.render_template("package_init.py.jinja")
        yield "server.py", self.render_template("server.py.jinja", server=self.server)
        yield (
            "types.py",
            self.render_template("types.py.jinja", enum_plans=self.classes.enums, literals=self.classes.literals),
        )
        yield "api/__init__.py", self.render_template("api_init.py.jinja", resources=list(by_resource))
        yield "resources/__init__.py", self.render_template("resources_init.py.jinja", resources=by_resource)

    def _render_models(self) -> Iterable[tuple[str, str]]:
        for module in self.classes.modules:
            yield f"models/{module.name}.py", self.render_template("model.py.jinja", module=module)
        for enum in self.classes.enums:
            yield f"models/{enum.module}.py", self.render_template("str_enum.py.jinja", enum=enum)
        yield "models/__init__.py", self.render_template("models_init.py.jinja")

    def _render_resource(self, resource: Source, plans: list[OperationPlan]) -> Iterable[tuple[str, str]]:
        yield (
            f"api/{resource}/__init__.py",
            self.render_template("endpoint_init.py.jinja", resource=resource, plans=plans),
        )
        for plan in plans:
            yield f"api/{resource}/{plan.name}.py", self.render_template("endpoint_module.py.jinja", plan=plan)
        methods: dict[Source, list[OperationPlan]] = {}
        for plan in plans:
            methods.setdefault(plan.method_name, []).append(plan)
        for name in ("resource", "resource_with_response"):
            suffix = name.removeprefix("resource")
            text = self.render_template(f"{name}.py.jinja", resource=resource, methods=methods, plans=plans)
            yield f"resources/{resource}{suffix}.py", text

    def _group_by_resource(self) -> dict[Source, list[OperationPlan]]:
        by_resource: dict[Source, list[OperationPlan]] = {}
        for plan in self.plans:
            by_resource.setdefault(plan.resource, []).append(plan)
        return by_resource


def _format(package: Path) -> None:
    """Remove unused imports and format the code. The ruff version is pinned, so the result is reproducible."""
    for command in _RUFF_COMMANDS:
        arguments = [sys.executable, "-m", "ruff", *command, *_RUFF_SETTINGS, str(package)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if done.returncode:
            raise GenerationError("The generated code is not valid Python. This is a bug of the generator: report it.")
