"""The documentation site builds without warnings, links every page, and documents every public name."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

import sendcloud_integrations_client
from sendcloud_integrations_client import SendcloudIntegrations, api, pytest_plugin, report, sync, testing
from tests.support.paths import ROOT

PACKAGE = sendcloud_integrations_client.__name__


@pytest.mark.long
def test_site_builds_and_documents_every_public_name(tmp_path: Path) -> None:
    """One test for everything, because a build takes several seconds."""
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--nitpicky"]
    command += ["--doctree-dir", str(tmp_path / "doctrees"), str(ROOT / "docs"), str(site)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")

    pages = {str(page.relative_to(site)) for page in site.rglob("*.html")} - {"genindex.html", "search.html"}
    sources = {str(page.relative_to(ROOT / "docs").with_suffix(".html")) for page in (ROOT / "docs").rglob("*.md")}
    assert pages - {"py-modindex.html"} == sources
    index = (site / "index.html").read_text()
    assert sources - {"index.html"} - set(re.findall(r'href="([^"#]+)', index)) == set()

    assert "attr_dict" not in (site / "reference" / "models.html").read_text()  # placeholder of attrs for a default

    loaded_urls = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', index)
    assert [url for url in loaded_urls if url.startswith(("http:", "https:", "//"))] == []

    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="").data
    documented = {name for kind, items in inventory.items() if kind.startswith("py:") for name in items}
    assert get_public_names() - documented == set()


def get_public_names() -> set[str]:
    names = {f"{PACKAGE}.{name}" for name in sendcloud_integrations_client.__all__}
    names |= {f"{module.__name__}.{name}" for module in (report, sync, testing) for name in module.__all__}
    names |= {f"{pytest_plugin.__name__}.{name}" for name in pytest_plugin.__all__ if not name.startswith("pytest_")}
    for group in api.__all__:
        names |= {f"{PACKAGE}.api.{group}.{name}" for name in getattr(api, group).__all__}
    client = SendcloudIntegrations(auth=sendcloud_integrations_client.BasicAuth("public", "secret"))
    resources = [
        type(getattr(client, name))
        for base in SendcloudIntegrations.__mro__
        for name, member in vars(base).items()
        if isinstance(member, cached_property)
    ]
    for resource in resources:
        methods = [name for name in dir(resource) if not name.startswith("_")]
        assert methods
        names |= {f"{resource.__module__}.{resource.__name__}.{method}" for method in methods}
    return names
