"""Render the templates for a named document as a project of openapi-python-client, and format the result with ruff.

The `Project` of openapi-python-client owns the folder of the package, the configuration, the template environment and
the list of post hooks. `generator.source` sets its policy on the environment, so that text of a document cannot become
code.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from openapi_python_client import Project
from openapi_python_client.parser.errors import GeneratorError
from ruff import find_ruff_bin

from generator.base_urls import ServerPlan
from generator.client_plan import ClientPlan
from generator.config import build_project_config
from generator.document_model import read_generator_data
from generator.list_methods import SharedList
from generator.model_plans import ClassPlans, build_class_plans, get_module_name
from generator.plans import OperationPlan, build_plans
from generator.source import Source, apply_policy, check_context, identifier
from generator.structure import Document
from generator.words import pascal_case

__all__ = ["ClientProject", "GenerationError"]


class GenerationError(Exception):
    """Raised if the generated code is not valid Python, which is a bug of the generator."""


class ClientProject(Project):
    """Project of openapi-python-client that renders the package of a named document.

    Args:
        document: Document from `generator.naming.name_document`.
        server: The base URL of the package.
        client: The client class; None if the package has none.
        templates: Folder of the templates.
        out: Folder of the package.

    Raises:
        DocumentModelError: The document model of openapi-python-client does not accept the document.
        UnsupportedError: The document contains a construct that is not supported.
    """

    def __init__(
        self, document: Document, server: ServerPlan, client: ClientPlan | None, templates: Path, out: Path
    ) -> None:
        super().__init__(
            openapi=read_generator_data(document), config=build_project_config(out), custom_template_path=templates
        )
        self.plans = build_plans(document)
        self.classes: ClassPlans = build_class_plans(document, self.plans)
        self.server = server
        self.client = client
        apply_policy(self.env)
        self.env.filters["class_name"] = lambda name, suffix: identifier(pascal_case(name) + suffix)
        self.env.filters["module_name"] = get_module_name
        shared = {"module_of": self.classes.module_of, "enums": frozenset(enum.name for enum in self.classes.enums)}
        check_context(list(shared.values()))
        self.env.globals.update(shared)

    def build(self) -> list[GeneratorError]:
        """Write the package, and run the post hooks.

        Returns:
            An empty list: errors are raised.

        Raises:
            GenerationError: The generated code is not valid Python.
            OSError: A file cannot be written.
        """
        for name, text in self.render():
            path = self.package_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding=self.config.file_encoding)
        for command in self.config.post_hooks:
            _run_hook(command, self.package_dir)
        return self.errors

    def render(self) -> Iterable[tuple[str, str]]:
        """Yield path and text of each file."""
        yield from self._render_package()
        yield from self._render_models()
        for resource, plans in self._group_by_resource().items():
            yield from self._render_resource(resource, plans)

    def render_template(self, template: str, **context: object) -> str:
        """Return the text of one file. The context may contain `Text` and `Source`, but no plain text."""
        check_context(list(context.values()))
        return self.env.get_template(template).render(**context)

    def _render_package(self) -> Iterable[tuple[str, str]]:
        by_resource = self._group_by_resource()
        yield "__init__.py", self.render_template("package_init.py.jinja", client=self.client)
        if self.client is not None:
            yield "client.py", self.render_template("client.py.jinja", client=self.client)
            yield "py.typed", ""
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
        shared = {name: SharedList.build(name, variants) for name, variants in methods.items() if len(variants) > 1}
        for name in ("resource", "resource_with_response"):
            suffix = name.removeprefix("resource")
            text = self.render_template(
                f"{name}.py.jinja", resource=resource, methods=methods, shared_lists=shared, plans=plans
            )
            yield f"resources/{resource}{suffix}.py", text

    def _group_by_resource(self) -> dict[Source, list[OperationPlan]]:
        by_resource: dict[Source, list[OperationPlan]] = {}
        for plan in self.plans:
            by_resource.setdefault(plan.resource, []).append(plan)
        return by_resource


def _run_hook(command: str, folder: Path) -> None:
    """Run a Python tool in a folder: without a shell, and never another version that is on the PATH.

    `Project` runs post hooks in a shell, and skips a tool that is not on the PATH.
    """
    tool, *arguments = shlex.split(command)
    # ruff starts faster without Python. -E, -P: Python imports nothing from the folder, whatever PYTHONPATH says.
    program = [find_ruff_bin()] if tool == "ruff" else [sys.executable, "-E", "-P", "-m", tool]
    done = subprocess.run([*program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GenerationError("The generated code is not valid Python. This is a bug of the generator: report it.")
