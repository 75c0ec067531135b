"""Documents what the package gives under the names that it gives it, whichever module holds it.

The models, resources and operations are whatever the contract has, so that a new contract needs no new page: three
directives list them, `contract-models`, `contract-resources` and `contract-operations`.

In the guides, each name of the package that stands in backticks becomes a link to its place in the reference.
"""

from __future__ import annotations

import enum
from functools import cached_property
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

import sendcloud_integrations_client

PACKAGE = "sendcloud_integrations_client"


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("contract-models", _Models)
    app.add_directive("contract-resources", _ContractResources)
    app.add_directive("contract-operations", _Operations)
    app.add_transform(_LinkNames)
    app.connect("missing-reference", _find_under_public_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def public_target(name: str) -> str | None:
    """The full public name that a short one stands for; None if it is none."""
    if name in sendcloud_integrations_client.__all__:
        return f"{PACKAGE}.{name}"
    home = next((home for home, package in _SUBPACKAGES.items() if name in package.__all__), None)
    return f"{PACKAGE}.{home}.{name}" if home else _OTHERS.get(name)


_SUBPACKAGES = {home: import_module(f"{PACKAGE}.{home}") for home in ("report", "sync", "testing")}


# Public, and documented, in a module of their own.
_OTHERS = {
    name: f"{PACKAGE}.{home}.{name}"
    for home, names in {
        "across": ("Logs",),
        "aiohttp_transport": ("AiohttpTransport",),
        "auth": ("Credentials",),
        "decoding": ("OnUndecodable",),
        "errors": ("CallFacts",),
        "operations": ("Sender",),
        "pagination": ("Fetched",),
        "wire": ("Model", "OpenEnum"),
    }.items()
    for name in names
}


def _find_under_public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement
) -> nodes.Node | None:
    """Resolve a reference to where a name is defined as one to where it is documented."""
    home, _, name = node.get("reftarget", "").rpartition(".")
    if node.get("refdomain") != "py" or (home and not home.startswith(PACKAGE)):
        return None
    target = public_target(name)
    for subpackage, its in _SUBPACKAGES.items():
        if home.startswith(f"{PACKAGE}.{subpackage}") and name in its.__all__:
            target = f"{PACKAGE}.{subpackage}.{name}"
    if target is None:
        return None
    domain = env.get_domain("py")
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, shown)


class _LinkNames(SphinxTransform):
    """Makes a link of each `name` of the package in the guides, which are plain Markdown and name no targets."""

    default_priority = 400

    def apply(self, **options: object) -> None:
        for literal in list(self.document.findall(nodes.literal)):
            name = literal.astext()
            target = None if name in _NOT_LINKED else public_target(name)
            if target is None or not isinstance(literal.parent, (nodes.paragraph, nodes.entry)):
                continue
            link = pending_xref(
                "", refdomain="py", reftype="obj", reftarget=target, refdoc=self.env.docname, refexplicit=True
            )
            literal.replace_self(link)
            link += literal


_NOT_LINKED = frozenset({"api", "models"})  # words of every day


class _Models(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        models = sendcloud_integrations_client.models
        lines: list[str] = []
        for name in models.__all__:
            lines += [f".. autoclass:: {PACKAGE}.{name}", "   :members:"]
            lines += ["   :undoc-members:"] if issubclass(getattr(models, name), enum.Enum) else []
            lines.append("")
        return self.parse_text_to_nodes("\n".join(lines))


class _ContractResources(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        package = sendcloud_integrations_client
        client = package.SendcloudIntegrations(auth=package.BasicAuth("public", "secret"))
        resources = import_module(f"{PACKAGE}.generated.resources").Resources
        return [
            self._section(name, type(getattr(client, name)))
            for name, member in vars(resources).items()
            if isinstance(member, cached_property)
        ]

    def _section(self, name: str, resource: type) -> nodes.section:
        section = nodes.section(ids=[f"client-{name.replace('_', '-')}"], names=[f"client.{name}"])
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
