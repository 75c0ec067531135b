"""The report page, tested in headless Chromium: layout, numbers, and protection against injected markup."""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, async_playwright

from sendcloud_integrations_client.report import Selection, gather_figures, render_page
from sendcloud_integrations_client.sync import LogStore
from tests.support.report_samples import NOW, build_log_row, build_shop_row, fill_store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed. Run: apt-get install chromium")

HOSTILE_NAME = '<img src=x onerror="window.hacked=1"></svg></text><script>window.hacked=1</script>{{7*7}}\' & Söhne'


async def render_report(path: Path, rows: list[dict[str, Any]], shops: list[dict[str, Any]]) -> str:
    async with LogStore(path) as store:
        await fill_store(store, rows, shops)
        return render_page(await gather_figures(store, Selection(), now=NOW))


def build_log_rows(count: int = 600) -> list[dict[str, Any]]:
    return [
        build_log_row(
            number,
            integration_id=number % 14 + 1,
            created_at_utc=NOW - timedelta(hours=number % 500),
            exception_type=f"a.long.dotted.path.of.an.Exception{number % 9}",
            response_code=[None, 401, 404, 495, 503][number % 5],
        )
        for number in range(1, count + 1)
    ]


def build_shop_rows() -> list[dict[str, Any]]:
    names = {1: HOSTILE_NAME, 2: "W" * 250, 3: "", 4: None}
    return [build_shop_row(number, shop_name=names.get(number, f"Shop {number}")) for number in range(1, 15)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=CHROMIUM, headless=True, args=FLAGS
        )
        context.set_default_timeout(20_000)
        yield context
        await context.close()


class OpenPage:
    """The page in a browser, with its network requests and its console messages and errors."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.messages: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    async def evaluate(self, script: str) -> Any:
        return await self.page.evaluate(script)


@asynccontextmanager
async def open_page(
    browser: BrowserContext, path: Path, *, width: int = 1280, height: int = 800, dark: bool = False
) -> AsyncIterator[OpenPage]:
    page = await browser.new_page()
    try:
        opened = OpenPage(page)
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme="dark" if dark else "light")
        await page.goto(path.as_uri())
        yield opened
    finally:
        await page.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    file = folder / "report.html"
    file.write_text(await render_report(folder / "logs.db", build_log_rows(), build_shop_rows()), encoding="utf-8")
    return file


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
async def test_page_fits_the_width_of_a_phone(browser: BrowserContext, report_file: Path, dark: bool) -> None:
    async with open_page(browser, report_file, width=360, height=740, dark=dark) as opened:
        assert opened.messages == []
        assert opened.requests == [report_file.as_uri()]
        assert await opened.evaluate("document.scrollingElement.scrollWidth") <= 360
        # All text is large enough to read, and no element extends beyond the viewport.
        smallest = (
            "Math.min(...[...document.querySelectorAll('.narrow text')].map(e => e.getBoundingClientRect().height))"
        )
        assert await opened.evaluate(smallest) >= 11
        reach = "Math.max(...[...document.querySelectorAll('main *')].map(e => e.getBoundingClientRect().right))"
        assert await opened.evaluate(reach) <= 360
        assert await opened.evaluate("getComputedStyle(document.querySelector('.wide')).display") == "none"


@needs_chromium
async def test_page_shows_all_charts(browser: BrowserContext, report_file: Path) -> None:
    for width, shown in ((360, "narrow"), (1280, "wide")):
        async with open_page(browser, report_file, width=width, height=800) as opened:
            assert await opened.evaluate("document.scrollingElement.scrollWidth") <= width
            boxes = await opened.evaluate(
                f"[...document.querySelectorAll('figure .{shown} svg')].map(e => e.getBoundingClientRect().toJSON())"
            )
            assert len(boxes) == 3
            assert all(box["width"] > 0.8 * min(width, 900) and box["height"] > 150 for box in boxes)
            marks = await opened.evaluate(
                f"[...document.querySelectorAll('figure .{shown} svg')].map(e => "
                "[...e.querySelectorAll('.mark-rect path')].filter(p => p.getBoundingClientRect().height > 0).length)"
            )
            assert marks[0] > 50
            assert marks[1] > 50
            assert marks[2] == 10


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
async def test_text_and_bars_have_sufficient_contrast(browser: BrowserContext, report_file: Path, dark: bool) -> None:
    async with open_page(browser, report_file, width=1280, height=800, dark=dark) as opened:
        colours = await opened.evaluate(
            """() => {
              const of = (e, name) => getComputedStyle(e)[name];
              const card = of(document.querySelector('section'), 'backgroundColor');
              const texts = [...document.querySelectorAll('h2, td, th, small, .wide text')].slice(0, 400)
              const bars = [...document.querySelectorAll('.wide .mark-rect path')]
              return {card, texts: [...new Set(texts.map(e => of(e, e.closest('svg') ? 'fill' : 'color')))],
                      bars: [...new Set(bars.map(e => of(e, 'fill')))]};
            }"""
        )
        assert len(colours["bars"]) >= 5
        assert all(get_contrast(colours["card"], text) >= 4.5 for text in colours["texts"])
        assert all(get_contrast(colours["card"], bar) >= 2.5 for bar in colours["bars"])


def get_contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two CSS colours, as defined by WCAG 2."""

    def get_luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((get_luminance(one), get_luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@needs_chromium
async def test_markup_in_a_shop_name_is_shown_as_text(browser: BrowserContext, report_file: Path) -> None:
    async with open_page(browser, report_file, width=1280, height=800) as opened:
        assert await opened.evaluate("window.hacked") is None
        assert (
            await opened.evaluate("document.querySelectorAll('script, img, iframe, object, foreignObject, a').length")
            == 0
        )
        names = await opened.evaluate(
            "[...document.querySelectorAll('section:last-of-type tbody th')].map(e => e.textContent)"
        )
        assert any(name.startswith(HOSTILE_NAME) for name in names)
        assert opened.messages == []


@needs_chromium
async def test_page_shows_the_counts_of_the_database(browser: BrowserContext, report_file: Path) -> None:
    async with open_page(browser, report_file, width=1280, height=800) as opened:
        assert await opened.evaluate("document.querySelector('.cards b').textContent") == "600"
        totals = await opened.evaluate(
            """[...document.querySelectorAll('table')].map(table =>
                 [...table.querySelectorAll('td.number')].reduce(
                (sum, e) => sum + Number(e.textContent.replace(',', '')), 0))"""
        )
        assert totals == [600, 600, 600]


@needs_chromium
async def test_page_of_an_empty_store_shows_a_message(browser: BrowserContext, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(await render_report(tmp_path / "logs.db", [], []), encoding="utf-8")
    async with open_page(browser, file, width=360, height=740) as opened:
        assert opened.messages == []
        assert "Nothing to show" in await opened.evaluate("document.body.innerText")
        assert await opened.evaluate("document.querySelectorAll('svg, table').length") == 0
        assert await opened.evaluate("document.scrollingElement.scrollWidth") <= 360


async def test_page_contains_no_scripts_and_no_external_urls(tmp_path: Path) -> None:
    text = await render_report(tmp_path / "logs.db", build_log_rows(), build_shop_rows())
    assert "<script" not in text
    assert HOSTILE_NAME not in text
    assert html.escape(HOSTILE_NAME) in text.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    assert "default-src 'none'" in text
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= namespaces
    assert "width=device-width" in text
    assert len(text) < 500_000


async def test_page_shows_the_conditions_of_the_selection(tmp_path: Path) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        await fill_store(store, build_log_rows(60), [])
        whole = render_page(await gather_figures(store, Selection(), now=NOW))
        selection = Selection(accounts=frozenset({"<b>"}), integrations=frozenset({12, 7}), since=NOW, until=NOW)
        part = render_page(await gather_figures(store, selection, now=NOW))
    assert "Only logs" not in whole
    time = "2026-03-15 12:00"
    assert f"Only logs since {time}, before {time}, of accounts &lt;b&gt;, of integrations 7, 12." in part
    assert "Nothing to show" in part


async def test_chart_combines_the_least_frequent_groups(tmp_path: Path) -> None:
    rows = [build_log_row(number, exception_type=f"Kind{number % 60:02}") for number in range(1, 601)]
    text = await render_report(tmp_path / "logs.db", rows, [])
    legend = re.findall(r'<li><span class="swatch"[^>]*></span>([^<]*)</li>', text)
    assert len(legend) == 7 + 1  # and the one status
    assert "54 others" in legend
    assert "And 10 more." in text


async def run_process(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=60, check=False, **options
    )


async def test_logs_report_writes_the_page_and_prints_its_path(tmp_path: Path) -> None:
    await render_report(tmp_path / "logs.db", build_log_rows(60), build_shop_rows())
    command = [sys.executable, "-W", "error", "-m", "sendcloud_integrations_client.cli", "logs", "report"]
    options = ["--database", "logs.db", "--html", "out.html", "--top", "3"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENDCLOUD_")}
    process = await run_process([*command, *options], cwd=tmp_path, env=environment)
    assert "60 failures of 14 shops" in process.stdout
    assert "11 more rows not shown. Increase --top to show more." in process.stderr
    assert "Report page: out.html" in process.stderr
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")

    missing = await run_process([*command, "--database", "none.db"], cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "No logs found in none.db. Run logs sync first." in missing.stderr
    assert not (tmp_path / "none.db").exists()

    code = "import sys; sys.modules['vl_convert'] = None; from sendcloud_integrations_client.cli import main; main()"
    without_vl_convert = [sys.executable, "-c", code, "logs", "report", "--database", "logs.db", "--html", "no.html"]
    failed = await run_process(without_vl_convert, cwd=tmp_path)
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
    assert "sendcloud-integrations-client[report]" in failed.stderr
