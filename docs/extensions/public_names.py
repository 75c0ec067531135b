"""Sphinx extension that documents each public name under its import path, not under the module that defines it.

The directives `generated-models`, `generated-resources` and `generated-operations` list everything that is generated
from the OpenAPI document, so a new document needs no new page.

In the guides, each public name in backticks becomes a link to its entry in the reference.
"""

from __future__ import annotations

import enum
from functools import cached_property
from importlib import import_module
from typing import Any, Literal, get_origin

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

import sendcloud_integrations_client

PACKAGE = "sendcloud_integrations_client"


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("generated-models", _Models)
    app.add_directive("generated-types", _Types)
    app.add_directive("generated-resources", _Resources)
    app.add_directive("generated-operations", _Operations)
    app.add_transform(_LinkNames)
    app.connect("missing-reference", _resolve_public_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def get_public_path(name: str) -> str | None:
    """Return the full import path of a public name; None if the name is not public."""
    if name in sendcloud_integrations_client.__all__:
        return f"{PACKAGE}.{name}"
    module = next((module for module, package in _SUBPACKAGES.items() if name in package.__all__), None)
    return f"{PACKAGE}.{module}.{name}" if module else _OTHER_PUBLIC_NAMES.get(name)


_SUBPACKAGES = {module: import_module(f"{PACKAGE}.{module}") for module in ("distributed", "report", "sync", "testing")}


def get_resources() -> dict[str, Any]:
    """Return the resources of a client, by the name of the attribute."""
    package = sendcloud_integrations_client
    client = package.SendcloudIntegrations(auth=package.BasicAuth("public", "secret"))
    members = vars(import_module(f"{PACKAGE}.generated.resources").Resources)
    return {name: getattr(client, name) for name, member in members.items() if isinstance(member, cached_property)}


_WITH_RESPONSE_CLASSES = [type(resource.with_response) for resource in get_resources().values()]

# Documented under the module that defines them, because the package itself does not export them.
_OTHER_PUBLIC_NAMES = {one.__name__: f"{one.__module__}.{one.__name__}" for one in _WITH_RESPONSE_CLASSES} | {
    name: f"{PACKAGE}.{module}.{name}"
    for module, names in {
        "auth.credentials": ("Credentials",),
        "errors": ("CallContext",),
        "pagination": ("FetchedPage",),
        "resources.logs": ("Logs",),
        "runtime.decoding": ("OnDecodeError",),
        "runtime.models": ("Model", "OpenEnum"),
        "runtime.operations": ("Sender",),
        "transports.aiohttp": ("AiohttpTransport",),
    }.items()
    for name in names
}


def _resolve_public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """Redirect a reference from the module that defines a name to its entry in the reference."""
    module, _, name = node.get("reftarget", "").rpartition(".")
    if node.get("refdomain") != "py" or (module and not module.startswith(PACKAGE)):
        return None
    target = get_public_path(name)
    for subpackage_name, subpackage in _SUBPACKAGES.items():
        if module.startswith(f"{PACKAGE}.{subpackage_name}") and name in subpackage.__all__:
            target = f"{PACKAGE}.{subpackage_name}.{name}"
    if target is None:
        return None
    domain = env.get_domain("py")
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, content)


class _LinkNames(SphinxTransform):
    """Turns each public `name` in the guides into a link. The guides are plain Markdown without link targets."""

    default_priority = 400

    def apply(self, **options: object) -> None:
        for literal in list(self.document.findall(nodes.literal)):
            name = literal.astext()
            target = None if name in _NOT_LINKED else get_public_path(name)
            if target is None or not isinstance(literal.parent, (nodes.paragraph, nodes.entry)):
                continue
            link = pending_xref(
                "", refdomain="py", reftype="obj", reftarget=target, refdoc=self.env.docname, refexplicit=True
            )
            literal.replace_self(link)
            link += literal


_NOT_LINKED = frozenset({"api", "models", "types"})  # common words, usually not the modules


class _Models(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        models = sendcloud_integrations_client.models
        lines: list[str] = []
        for name in models.__all__:
            lines += [f".. autoclass:: {PACKAGE}.{name}", "   :members:"]
            lines += ["   :undoc-members:"] if issubclass(getattr(models, name), enum.Enum) else []
            lines.append("")
        return self.parse_text_to_nodes("\n".join(lines))


class _Types(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for name, value in vars(sendcloud_integrations_client.types).items():
            if get_origin(value) is Literal:
                lines += [f".. autodata:: {PACKAGE}::types.{name}", "   :no-value:", ""]
        return self.parse_text_to_nodes("\n".join(lines))


class _Resources(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        sections: list[nodes.Node] = []
        for name, resource in get_resources().items():
            sections.append(self._section(name, type(resource)))
            sections.append(self._section(f"{name}.with_response", type(resource.with_response)))
        return sections

    def _section(self, name: str, resource: type) -> nodes.section:
        section = nodes.section(ids=[f"client-{name.replace('_', '-').replace('.', '-')}"], names=[f"client.{name}"])
        section += nodes.title("", "", nodes.literal("", f"client.{name}"))
        lines = [
            f".. autoclass:: {resource.__module__}.{resource.__name__}()",
            "   :members:",
            "   :inherited-members:",
        ]
        section += self.parse_text_to_nodes("\n".join(lines))
        return section


class _Operations(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        api = sendcloud_integrations_client.api
        lines: list[str] = []
        for group in api.__all__:
            lines += [f".. py:module:: {PACKAGE}.api.{group}", ""]
            for name in getattr(api, group).__all__:
                lines += [f".. autofunction:: {PACKAGE}::api.{group}.{name}", ""]
        return self.parse_text_to_nodes("\n".join(lines))
