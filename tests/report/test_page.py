"""The report page, tested in headless Chromium: layout, numbers, and protection against injected markup."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from sqlalchemy import update

from sendcloud_integrations_client.report import Selection, gather_figures, render_page
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import account
from tests.support.forked_commands import get_forked_command
from tests.support.report_samples import NOW, build_log_row, build_shop_row, fill_store

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

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


def in_browser(test: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a test that opens the page in Chromium. These tests are long, because a browser takes seconds."""
    return pytest.mark.long(needs_chromium(test))


HOSTILE_NAME = '<img src=x onerror="window.hacked=1"></svg></text><script>window.hacked=1</script>{{7*7}}\' & Söhne'


async def render_report(
    path: Path, rows: list[dict[str, Any]], shops: list[dict[str, Any]], since: datetime | None = None
) -> str:
    async with LogStore(path) as store:
        await fill_store(store, rows, shops)
        return render_page(await gather_figures(store, Selection(since=since), now=NOW))


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
    urls = {1: "https://shop.example/?a=<b>&quot;'", 2: "javascript:window.hacked=1", 3: "data:text/html,x"}
    return [
        build_shop_row(
            number,
            shop_name=names.get(number, f"Shop {number}"),
            shop_url=urls.get(number),
            started_failing_at=NOW - timedelta(hours=number) if number < 5 else None,
        )
        for number in range(1, 15)
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrowserContext]:
    from playwright.async_api import async_playwright

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


@in_browser
@pytest.mark.parametrize("dark", [False, True])
async def test_page_fits_the_width_of_a_phone(browser: BrowserContext, report_file: Path, dark: bool) -> None:
    async with open_page(browser, report_file, width=360, height=740, dark=dark) as opened:
        assert opened.messages == []
        assert opened.requests == [report_file.as_uri()]
        assert await opened.evaluate("document.scrollingElement.scrollWidth") <= 360
        # All text is large enough to read, and no element extends beyond the viewport, except in the scrollable matrix.
        sizes = "[...document.querySelectorAll('main *')].map(e => parseFloat(getComputedStyle(e).fontSize))"
        assert min(await opened.evaluate(sizes)) >= 12
        reach = (
            "Math.max(...[...document.querySelectorAll('main *')].filter(e => !e.closest('.matrix, caption, svg'))"
            ".map(e => e.getBoundingClientRect().right))"
        )
        assert await opened.evaluate(reach) <= 360


@in_browser
async def test_first_800_pixels_name_failing_shops_and_what_to_do(browser: BrowserContext, tmp_path: Path) -> None:
    rows = [
        build_log_row(
            number,
            account=f"account-{number % 300:03}",
            created_at_utc=NOW - timedelta(minutes=number),
            exception_type="requests.exceptions.HTTPError",
            response_code=[401, 503][number % 2],
            exception=f"message {number}",
        )
        for number in range(1, 1201)
    ]
    shops = [
        build_shop_row(1, account=f"account-{number:03}", shop_name=f"Failing {number}", started_failing_at=since)
        for number in range(300)
        for since in [NOW - timedelta(hours=number + 1) if number % 2 == 0 else None]
    ]
    path = tmp_path / "logs.db"
    async with LogStore(path) as store:
        await fill_store(store, rows, shops)
        async with store.writing() as connection:
            values = {"failed_at": NOW - timedelta(hours=3), "error": "list_logs failed: 401 Unauthorized."}
            await connection.execute(update(account).where(account.c.name.like("%17")).values(values))
        text = render_page(await gather_figures(store, Selection(since=NOW - timedelta(days=7)), now=NOW))
    assert len(text.encode()) <= 200_000
    file = tmp_path / "report.html"
    file.write_text(text, encoding="utf-8")
    for width, shown in ((1200, 3), (390, 1)):
        async with open_page(browser, file, width=width, height=800) as opened:
            assert await opened.evaluate("document.scrollingElement.scrollWidth") <= width
            visible = await opened.evaluate(
                """[...document.querySelectorAll('h1, h2, li, #data p, #failing tbody tr')]
                    .filter(e => e.getClientRects().length && e.getBoundingClientRect().bottom <= 800)
                    .map(e => e.innerText).join('\\n')"""
            )
        assert "Data of 300 accounts: 3 failed, 297 current." in visible
        assert "failed account-017" in visible
        assert "last sync failed 3 h ago: list_logs failed: 401 Unauthorized." in visible
        assert "Who acts: us. Repair the syncs of these 3 accounts first" in visible
        assert "Failing now: 150 of 300 shops" in visible
        for number in range(shown):
            assert f"Failing {number * 2}" in visible
        assert "2026-03-15 11:00" in visible
        assert "401 HTTPError: wrong credentials" in visible
        assert "Who acts: shop. Ask the shop to connect again in Sendcloud with new credentials." in visible


@in_browser
async def test_phone_shows_four_failing_shops_below_a_folded_error(browser: BrowserContext, tmp_path: Path) -> None:
    rows = [
        build_log_row(
            number,
            integration_id=number % 4 + 1,
            created_at_utc=NOW - timedelta(minutes=number),
            response_code=[401, 503, 495, 404][number % 4],
        )
        for number in range(1, 41)
    ]
    shops = [build_shop_row(number, started_failing_at=NOW - timedelta(hours=number)) for number in range(1, 5)]
    path = tmp_path / "logs.db"
    async with LogStore(path) as store:
        await fill_store(store, rows, [*shops, build_shop_row(5, account="france")])
        async with store.writing() as connection:
            error = f"list_integrations failed: 401 Unauthorized: {'the credentials are incorrect; ' * 12}the end."
            values = {"failed_at": NOW, "error": error}
            await connection.execute(update(account).where(account.c.name == "france").values(values))
        text = render_page(await gather_figures(store, Selection(since=NOW - timedelta(days=7)), now=NOW))
    file = tmp_path / "report.html"
    file.write_text(re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL), encoding="utf-8")
    is_cut = "(e => e.scrollHeight > e.clientHeight)(document.querySelector('#data .clamp'))"
    async with open_page(browser, file, width=390, height=844) as opened:
        shown = await opened.evaluate(
            """[...document.querySelectorAll('#failing tbody th')]
                .filter(e => e.getBoundingClientRect().bottom <= 844).map(e => e.innerText)"""
        )
        assert [name[:6] for name in shown] == ["Shop 1", "Shop 2", "Shop 3", "Shop 4"]
        assert await opened.evaluate(is_cut)
        await opened.page.get_by_label("Show whole errors").check()
        assert not await opened.evaluate(is_cut)
        await opened.page.get_by_label("Show whole errors").uncheck()
        await opened.page.emulate_media(media="print")
        assert not await opened.evaluate(is_cut)
        assert not await opened.page.get_by_label("Show whole errors").is_visible()
    async with open_page(browser, file, width=1280) as opened:
        assert not await opened.evaluate(is_cut)
        assert not await opened.page.get_by_label("Show whole errors").is_visible()


@in_browser
async def test_page_shows_each_chart_once(browser: BrowserContext, report_file: Path) -> None:
    for width in (360, 1280):
        async with open_page(browser, report_file, width=width, height=800) as opened:
            boxes = await opened.evaluate(
                "[...document.querySelectorAll('figure svg')].map(e => e.getBoundingClientRect().toJSON())"
            )
            assert len(boxes) == 2
            assert all(box["width"] > 0.8 * min(width, 900) and box["height"] >= 150 for box in boxes)
            bars = await opened.evaluate(
                "[...document.querySelectorAll('figure path')].map(e => e.getBoundingClientRect().height)"
            )
            assert len(bars) == 7 + 5
            assert min(bars) > 1
            label = await opened.evaluate("document.querySelector('figure').getAttribute('aria-label')")
            # One number per day.
            assert sum(int(number) for number in re.findall(r"[A-Z][a-z]{2} (\d+)", label)) == 600
            assert await opened.evaluate("document.querySelectorAll('.veil').length") == 2
            assert "(unfinished)" in await opened.evaluate("document.body.innerText")


@in_browser
@pytest.mark.parametrize("dark", [False, True])
async def test_text_and_bars_have_sufficient_contrast(browser: BrowserContext, report_file: Path, dark: bool) -> None:
    async with open_page(browser, report_file, width=1280, height=800, dark=dark) as opened:
        pairs = await opened.evaluate(
            """() => {
              const style = (e, name) => getComputedStyle(e)[name];
              const getBackground = e => {
                const colour = style(e, 'backgroundColor');
                return colour === 'rgba(0, 0, 0, 0)' ? getBackground(e.parentElement) : colour;
              };
              const pairs = (selector, name) => [...new Set([...document.querySelectorAll(selector)].map(
                e => getBackground(name === 'fill' ? e.closest('section') : e) + '|' + style(e, name)))];
              return {texts: pairs('h1, h2, p, a, b, td, th, small, li, summary, button, input, span:not(.swatch)',
                        'color'),
                      bars: pairs('figure path, .trend', 'fill')};
            }"""
        )
        assert len(pairs["bars"]) >= 5
        assert min(get_contrast(*pair.split("|")) for pair in pairs["texts"]) >= 4.5
        assert min(get_contrast(*pair.split("|")) for pair in pairs["bars"]) >= 3


def get_contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two CSS colours, as defined by WCAG 2."""

    def get_luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((get_luminance(one), get_luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@in_browser
async def test_markup_in_a_shop_name_is_shown_as_text(browser: BrowserContext, report_file: Path) -> None:
    async with open_page(browser, report_file, width=1280, height=800) as opened:
        assert await opened.evaluate("window.hacked") is None
        forbidden = "document.querySelectorAll('img, iframe, object, foreignObject, script[src]').length"
        assert await opened.evaluate(forbidden) == 0
        assert await opened.evaluate("document.scripts.length") == 1
        links = await opened.evaluate("[...document.links].map(e => e.protocol)")
        assert set(links) == {"https:", "file:"}  # file: is the page itself
        names = await opened.evaluate("[...document.querySelectorAll('#failing tbody th')].map(e => e.textContent)")
        assert any(name.startswith(HOSTILE_NAME) for name in names)
        assert opened.messages == []


@in_browser
async def test_injected_script_is_blocked_by_the_policy(browser: BrowserContext, report_file: Path) -> None:
    async with open_page(browser, report_file) as opened:
        await opened.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {text: 'window.hacked=1'}))"
        )
        assert await opened.evaluate("window.hacked") is None
        assert any("Content Security Policy" in message for message in opened.messages)


@in_browser
async def test_rows_can_be_filtered_and_sorted(browser: BrowserContext, report_file: Path) -> None:
    async with open_page(browser, report_file) as opened:
        rows = "[...document.querySelectorAll('#problems tbody tr')]"
        count = await opened.evaluate(f"{rows}.length")
        await opened.page.get_by_label("Filter rows").fill("exception3")
        shown = await opened.evaluate(f"{rows}.filter(e => !e.hidden).map(e => e.innerText)")
        assert 0 < len(shown) < count
        assert all("Exception3" in text for text in shown)
        assert "of" in await opened.evaluate("document.querySelector('output').textContent")
        await opened.page.get_by_label("Filter rows").fill("")
        button = opened.page.locator("#problems").get_by_role("button", name=re.compile("^Failures"))
        totals = f"{rows}.map(e => parseInt(e.cells[3].textContent))"
        await button.click()
        ascending = await opened.evaluate(totals)
        assert ascending == sorted(ascending)
        await button.click()
        assert await opened.evaluate(totals) == sorted(ascending, reverse=True)
        assert opened.messages == []


@in_browser
async def test_phone_shows_resolved_problems_on_request(browser: BrowserContext, tmp_path: Path) -> None:
    rows = [
        build_log_row(number, created_at_utc=NOW - age, response_code=code)
        for number, (age, code) in enumerate([(timedelta(hours=1), 401), (timedelta(days=3), 503)], 1)
    ]
    path = tmp_path / "logs.db"
    async with LogStore(path) as store:
        await fill_store(store, rows, build_shop_rows())
        async with store.writing() as connection:
            await connection.execute(update(account).values(last_synced_at=NOW))
        text = render_page(await gather_figures(store, Selection(since=NOW - timedelta(days=7)), now=NOW))
    file = tmp_path / "report.html"
    file.write_text(text, encoding="utf-8")
    visible = "[...document.querySelectorAll('#problems tbody tr')].filter(e => e.checkVisibility()).map(e => e.id)"
    async with open_page(browser, file, width=1280) as opened:
        assert await opened.evaluate(visible) == ["P1", "P2"]
        assert not await opened.page.get_by_label("Show 1 resolved problem").is_visible()
    async with open_page(browser, file, width=360, height=740) as opened:
        assert await opened.evaluate(visible) == ["P1"]
        await opened.page.get_by_label("Show 1 resolved problem").check()
        assert await opened.evaluate(visible) == ["P1", "P2"]
        await opened.page.get_by_label("Show 1 resolved problem").uncheck()
        await opened.page.goto(f"{file.as_uri()}#P2")  # a link to the problem
        assert await opened.evaluate(visible) == ["P1", "P2"]
    async with open_page(browser, file, width=360, height=740) as opened:
        await opened.page.get_by_label("Filter rows").fill("503")
        assert await opened.evaluate(visible) == ["P2"]


@in_browser
async def test_page_is_complete_without_scripts(browser: BrowserContext, report_file: Path) -> None:
    async with open_page(browser, report_file) as opened:
        text = await asyncio.to_thread(report_file.read_text, encoding="utf-8")
        await opened.page.set_content(re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL))
        assert await opened.evaluate("document.scripts.length") == 0
        assert await opened.evaluate("document.querySelector('#filter').checkVisibility()") is False
        assert await opened.evaluate("document.querySelectorAll('#problems tbody tr').length") == 45
        assert await opened.evaluate("document.querySelectorAll('thead button').length") == 0


@in_browser
async def test_printed_page_contains_all_rows_in_light_colours(browser: BrowserContext, report_file: Path) -> None:
    async with open_page(browser, report_file, dark=True) as opened:
        await opened.page.emulate_media(media="print", color_scheme="dark")
        assert await opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert await opened.evaluate("getComputedStyle(document.querySelector('.scroll')).maxHeight") == "none"
        swatch = "getComputedStyle(document.querySelector('.swatch')).printColorAdjust"
        assert await opened.evaluate(swatch) == "exact"
        assert (await opened.page.pdf(format="A4")).startswith(b"%PDF")


@in_browser
async def test_page_shows_the_counts_of_the_database(browser: BrowserContext, report_file: Path) -> None:
    async with open_page(browser, report_file, width=1280, height=800) as opened:
        assert "600 failures of 14 shops" in await opened.evaluate("document.querySelector('#change').innerText")
        totals = await opened.evaluate(
            """[...document.querySelectorAll('section table')].map(table =>
                 [...table.querySelectorAll('tbody tr')].reduce(
                (sum, row) => sum + parseInt(row.querySelector('td.number').textContent.replace(',', '')), 0))
            """
        )
        problems, _matrix, by_type, by_status = totals[1:]
        assert (problems, by_type, by_status) == (600, 600, 600)


@in_browser
async def test_page_of_an_empty_store_shows_a_message(browser: BrowserContext, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(await render_report(tmp_path / "logs.db", [], []), encoding="utf-8")
    async with open_page(browser, file, width=360, height=740) as opened:
        assert opened.messages == []
        assert "No log is stored for this selection." in await opened.evaluate("document.body.innerText")
        assert await opened.evaluate("document.querySelectorAll('svg, table').length") == 0
        assert await opened.evaluate("document.scrollingElement.scrollWidth") <= 360


async def test_page_loads_nothing_and_escapes_all_text(tmp_path: Path) -> None:
    text = await render_report(tmp_path / "logs.db", build_log_rows(), build_shop_rows())
    assert text.count("<script") == 1
    assert HOSTILE_NAME not in text
    assert html.escape(HOSTILE_NAME) in text.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert policy[1] == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert set(re.findall(r"https?://[^\s\"'<&?]+", text)) == {"https://shop.example/"}
    assert not re.search(r'(?:href|src)="(?!https://shop\.example/|#P\d+")', text)
    assert "width=device-width" in text


async def test_page_shows_the_conditions_of_the_selection(tmp_path: Path) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        await fill_store(store, build_log_rows(60), [])
        whole = render_page(await gather_figures(store, Selection(), now=NOW))
        selection = Selection(accounts=frozenset({"<b>"}), integrations=frozenset({12, 7}), since=NOW, until=NOW)
        part = render_page(await gather_figures(store, selection, now=NOW))
    assert "only accounts" not in whole
    time = "2026-03-15 12:00"
    assert f"{time} to {time} UTC; only accounts &lt;b&gt;; only integrations 7, 12." in part
    assert "No log is stored for this selection." in part


async def test_chart_combines_the_least_frequent_groups(tmp_path: Path) -> None:
    rows = [build_log_row(number, exception_type=f"Kind{number % 60:02}") for number in range(1, 601)]
    text = await render_report(tmp_path / "logs.db", rows, [])
    legend = re.findall(r'<span class="swatch c\d"></span>([^<]*)</th>', text)
    assert len(legend) == 7 + 1  # and the one status
    assert "54 others" in legend
    assert "And 24 more." in text  # of the others
    assert "And 10 more." in text  # problems


async def run_process(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=120, check=False, **options
    )


async def test_logs_report_writes_the_page_and_prints_its_path(tmp_path: Path) -> None:
    await render_report(tmp_path / "logs.db", build_log_rows(60), build_shop_rows())
    options = ["--database", "logs.db", "--html", "out.html", "--top", "3", "--since", "all"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SENDCLOUD_")}
    process = await run_process([*get_forked_command(), "logs", "report", *options], cwd=tmp_path, env=environment)
    assert "60 failures of 14 shops" in process.stdout
    assert process.stdout.index("Data of 1 account") < process.stdout.index("Failing now: 4 of 14 shops")
    assert process.stdout.index("Failing now: 4 of 14 shops") < process.stdout.index("Problems: ")
    assert "11 more shops not shown. Increase --top to show more." in process.stderr
    assert "1 more failing shop not shown. Increase --top to show more." in process.stderr
    assert "Report page: out.html" in process.stderr
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")

    code = "import sys; sys.modules['jinja2'] = None; from sendcloud_integrations_client.cli import main; main()"
    without_jinja = [sys.executable, "-c", code, "logs", "report", "--database", "logs.db", "--html", "no.html"]
    failed = await run_process(without_jinja, cwd=tmp_path)
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
    assert "sendcloud-integrations-client[report]" in failed.stderr
