"""The page of a report, looked at in headless Chromium: it fits a phone, tells the truth, and lets nothing in."""

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
from tests.report_samples import NOW, fill, log_row, shop_row

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

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium, or put one into PATH"
)

EVIL = '<img src=x onerror="window.hacked=1"></svg></text><script>window.hacked=1</script>{{7*7}}\' & Söhne'


async def page_of(path: Path, rows: list[dict[str, Any]], shops: list[dict[str, Any]]) -> str:
    async with LogStore(path) as store:
        await fill(store, rows, shops)
        return render_page(await gather_figures(store, Selection(), now=NOW))


def rows(count: int = 600) -> list[dict[str, Any]]:
    return [
        log_row(
            number,
            integration_id=number % 14 + 1,
            created_at_utc=NOW - timedelta(hours=number % 500),
            exception_type=f"a.long.dotted.path.of.an.Exception{number % 9}",
            response_code=[None, 401, 404, 495, 503][number % 5],
        )
        for number in range(1, count + 1)
    ]


def shops() -> list[dict[str, Any]]:
    names = {1: EVIL, 2: "W" * 250, 3: "", 4: None}
    return [shop_row(number, shop_name=names.get(number, f"Shop {number}")) for number in range(1, 15)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=CHROMIUM, headless=True, args=FLAGS
        )
        context.set_default_timeout(20_000)
        yield context
        await context.close()


class Visit:
    """The page in a browser, with what it asked for and what it complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    async def ask(self, script: str) -> Any:
        return await self.page.evaluate(script)


@asynccontextmanager
async def visiting(
    browser: BrowserContext, path: Path, *, width: int = 1280, height: int = 800, dark: bool = False
) -> AsyncIterator[Visit]:
    page = await browser.new_page()
    try:
        visit = Visit(page)
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme="dark" if dark else "light")
        await page.goto(path.as_uri())
        yield visit
    finally:
        await page.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    file = folder / "report.html"
    file.write_text(await page_of(folder / "logs.db", rows(), shops()), encoding="utf-8")
    return file


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
async def test_it_fits_a_phone(browser: BrowserContext, written: Path, dark: bool) -> None:
    async with visiting(browser, written, width=360, height=740, dark=dark) as visit:
        assert visit.complaints == []
        assert visit.requests == [written.as_uri()]
        assert await visit.ask("document.scrollingElement.scrollWidth") <= 360
        # Nothing is scaled down below what can be read, and nothing sticks out.
        smallest = (
            "Math.min(...[...document.querySelectorAll('.narrow text')].map(e => e.getBoundingClientRect().height))"
        )
        assert await visit.ask(smallest) >= 11
        reach = "Math.max(...[...document.querySelectorAll('main *')].map(e => e.getBoundingClientRect().right))"
        assert await visit.ask(reach) <= 360
        assert await visit.ask("getComputedStyle(document.querySelector('.wide')).display") == "none"


@needs_chromium
async def test_the_charts_are_drawn(browser: BrowserContext, written: Path) -> None:
    for width, shown in ((360, "narrow"), (1280, "wide")):
        async with visiting(browser, written, width=width, height=800) as visit:
            assert await visit.ask("document.scrollingElement.scrollWidth") <= width
            boxes = await visit.ask(
                f"[...document.querySelectorAll('figure .{shown} svg')].map(e => e.getBoundingClientRect().toJSON())"
            )
            assert len(boxes) == 3
            assert all(box["width"] > 0.8 * min(width, 900) and box["height"] > 150 for box in boxes)
            marks = await visit.ask(
                f"[...document.querySelectorAll('figure .{shown} svg')].map(e => "
                "[...e.querySelectorAll('.mark-rect path')].filter(p => p.getBoundingClientRect().height > 0).length)"
            )
            assert marks[0] > 50
            assert marks[1] > 50
            assert marks[2] == 10


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
async def test_text_and_bars_stand_out_from_what_is_behind_them(
    browser: BrowserContext, written: Path, dark: bool
) -> None:
    async with visiting(browser, written, width=1280, height=800, dark=dark) as visit:
        colours = await visit.ask(
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
        assert all(contrast(colours["card"], text) >= 4.5 for text in colours["texts"])
        assert all(contrast(colours["card"], bar) >= 2.5 for bar in colours["bars"])


def contrast(one: str, other: str) -> float:
    """The contrast of two CSS colours, as WCAG 2 has it."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@needs_chromium
async def test_what_a_shop_calls_itself_stays_text(browser: BrowserContext, written: Path) -> None:
    async with visiting(browser, written, width=1280, height=800) as visit:
        assert await visit.ask("window.hacked") is None
        assert await visit.ask("document.querySelectorAll('script, img, iframe, object, foreignObject, a').length") == 0
        names = await visit.ask(
            "[...document.querySelectorAll('section:last-of-type tbody th')].map(e => e.textContent)"
        )
        assert any(name.startswith(EVIL) for name in names)
        assert visit.complaints == []


@needs_chromium
async def test_the_numbers_are_those_of_the_database(browser: BrowserContext, written: Path) -> None:
    async with visiting(browser, written, width=1280, height=800) as visit:
        assert await visit.ask("document.querySelector('.cards b').textContent") == "600"
        totals = await visit.ask(
            """[...document.querySelectorAll('table')].map(table =>
                 [...table.querySelectorAll('td.number')].reduce(
                (sum, e) => sum + Number(e.textContent.replace(',', '')), 0))"""
        )
        assert totals == [600, 600, 600]


@needs_chromium
async def test_an_empty_store_gives_a_page_that_says_so(browser: BrowserContext, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(await page_of(tmp_path / "logs.db", [], []), encoding="utf-8")
    async with visiting(browser, file, width=360, height=740) as visit:
        assert visit.complaints == []
        assert "Nothing to show" in await visit.ask("document.body.innerText")
        assert await visit.ask("document.querySelectorAll('svg, table').length") == 0
        assert await visit.ask("document.scrollingElement.scrollWidth") <= 360


async def test_the_page_holds_no_script_and_leads_nowhere(tmp_path: Path) -> None:
    text = await page_of(tmp_path / "logs.db", rows(), shops())
    assert "<script" not in text
    assert EVIL not in text
    assert html.escape(EVIL) in text.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    assert "default-src 'none'" in text
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= namespaces
    assert "width=device-width" in text
    assert len(text) < 500_000


async def test_the_page_says_what_was_left_out(tmp_path: Path) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        await fill(store, rows(60), [])
        whole = render_page(await gather_figures(store, Selection(), now=NOW))
        chosen = Selection(accounts=frozenset({"<b>"}), integrations=frozenset({12, 7}), since=NOW, until=NOW)
        part = render_page(await gather_figures(store, chosen, now=NOW))
    assert "Only logs" not in whole
    moment = "2026-03-15 12:00"
    assert f"Only logs from {moment} on, before {moment}, of &lt;b&gt;, of integrations 7, 12." in part
    assert "Nothing to show" in part


async def test_many_groups_are_charted_as_the_most_frequent_and_the_rest(tmp_path: Path) -> None:
    kinds = [log_row(number, exception_type=f"Kind{number % 60:02}") for number in range(1, 601)]
    text = await page_of(tmp_path / "logs.db", kinds, [])
    legend = re.findall(r'<li><span class="swatch"[^>]*></span>([^<]*)</li>', text)
    assert len(legend) == 7 + 1  # and the one status
    assert "54 others" in legend
    assert "And 10 more." in text


async def run_process(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=60, check=False, **options
    )


async def test_logs_report_writes_the_page_and_tells_where(tmp_path: Path) -> None:
    await page_of(tmp_path / "logs.db", rows(60), shops())
    command = [sys.executable, "-W", "error", "-m", "sendcloud_integrations_client.cli", "logs", "report"]
    options = ["--from", "logs.db", "--html", "out.html", "--top", "3"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENDCLOUD_")}
    done = await run_process([*command, *options], cwd=tmp_path, env=environment)
    assert "60 failures of 14 shops" in done.stdout
    assert "And 11 more: --top shows them." in done.stderr
    assert "The page is out.html." in done.stderr
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")

    nothing = await run_process([*command, "--from", "none.db"], cwd=tmp_path)
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "there are no logs at none.db" in nothing.stderr
    assert not (tmp_path / "none.db").exists()

    code = "import sys; sys.modules['vl_convert'] = None; from sendcloud_integrations_client.cli import main; main()"
    without = [sys.executable, "-c", code, "logs", "report", "--from", "logs.db", "--html", "no.html"]
    failed = await run_process(without, cwd=tmp_path)
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
    assert "sendcloud-integrations-client[report]" in failed.stderr
