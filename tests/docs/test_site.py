"""The documentation site builds without warnings, links every page, and documents every public name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from sphinx.util.inventory import InventoryFile

import sendcloud_integrations_client
from sendcloud_integrations_client import SendcloudIntegrations, api, pytest_plugin, report, sync, testing
from tests.support.paths import ROOT
from tests.support.site_links import find_broken_links, find_distances

PACKAGE = sendcloud_integrations_client.__name__


pytestmark = pytest.mark.long

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed. Run: apt-get install chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. A warning fails the build."""
    folder = tmp_path_factory.mktemp("documentation")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--nitpicky"]
    command += ["--doctree-dir", str(folder / "doctrees"), str(ROOT / "docs"), str(folder / "site")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return folder / "site"


@pytest.fixture(scope="module")
def sources() -> set[str]:
    """The pages that are written, as paths of the site."""
    return {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}


def test_site_contains_each_page_and_loads_nothing_from_elsewhere(site: Path, sources: set[str]) -> None:
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.html")} - {"genindex.html", "search.html"}
    assert pages - {"py-modindex.html"} == sources
    index = (site / "index.html").read_text(encoding="utf-8")
    loaded_urls = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', index)
    assert [url for url in loaded_urls if url.startswith(("http:", "https:", "//"))] == []
    # placeholder of attrs for a default
    assert "attr_dict" not in (site / "reference" / "models.html").read_text(encoding="utf-8")


def test_each_page_is_at_most_two_clicks_away(site: Path, sources: set[str]) -> None:
    distances = find_distances(site)
    assert sources - distances.keys() == set()
    assert {page: clicks for page, clicks in distances.items() if clicks > 2} == {}


def test_site_has_no_broken_link(site: Path) -> None:
    assert find_broken_links(site) == []


def test_site_documents_every_public_name(site: Path) -> None:
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="").data
    documented = {name for kind, items in inventory.items() if kind.startswith("py:") for name in items}
    assert get_public_names() - documented == set()


@needs_chromium
def test_search_finds_pages_by_words_and_names(site: Path) -> None:
    expected = {
        "timeout": "timeouts.html",
        "total_timeout": "timeouts.html",
        "WRONG_VERSION_NUMBER": "troubleshooting.html",
        "parquet": "export-to-parquet.html",
        "celery": "django-and-celery.html",
        "PooledTransport": "reference/client.html",
        "with_response": "raw-responses.html",
    }
    with serve(site) as url, open_page() as page:
        for words, target in expected.items():
            page.goto(f"{url}/search.html?q={words}")
            page.wait_for_selector("#search-results ul.search li p.context", timeout=20_000)  # an excerpt of a page
            links = page.eval_on_selector_all("#search-results ul.search li a", "all => all.map(one => one.href)")
            found = [link.partition("?")[0].partition("#")[0] for link in links]
            assert f"{url}/{target}" in found, (words, found)


@needs_chromium
def test_search_for_a_status_links_the_errors_by_status(site: Path) -> None:
    with serve(site) as url, open_page() as page:
        for words in ("429", "401+error"):
            page.goto(f"{url}/search.html?q={words}")
            page.click("#status-link a", timeout=20_000)
            page.wait_for_url(f"{url}/errors.html#errors-by-status", timeout=20_000)
            assert page.locator("#errors-by-status").is_visible()
        page.goto(f"{url}/search.html?q=timeout")
        page.wait_for_selector("#search-results ul.search li", timeout=20_000)
        assert page.locator("#status-link").count() == 0


@needs_chromium
def test_pages_fit_a_phone_and_follow_the_theme(site: Path, sources: set[str]) -> None:
    with open_page(width=375, height=700) as page:
        for source in sorted(sources):
            page.goto((site / source).as_uri(), wait_until="domcontentloaded")
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, source
        assert min(read_background(page)) > 192
        page.emulate_media(color_scheme="dark")
        assert max(read_background(page)) < 64


def read_background(page: Page) -> list[int]:
    """Return red, green and blue of the background."""
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return [int(number) for number in re.findall(r"\d+", color)[:3]]


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve files over HTTP: the search loads excerpts of pages, which a browser does not do from files."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def open_page(*, width: int = 1280, height: int = 800) -> Iterator[Page]:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            headless=True,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
            viewport={"width": width, "height": height},
        )
        messages: list[str] = []
        page = context.new_page()
        page.on("pageerror", lambda error: messages.append(str(error)))
        yield page
        context.close()
        assert messages == []


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
