"""The command `logs report`: the same figures in all formats, alerts, and the period since the last report."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.cells import cell_len
from sqlalchemy import update
from typer.testing import CliRunner

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.report import Selection, gather_figures
from sendcloud_integrations_client.report.markdown import render_markdown
from sendcloud_integrations_client.report.problems import Example
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import account
from tests.support.report_samples import NOW, build_log_row, build_shop_row, fill_store

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def run_report(path: Path, *options: str, columns: int = 200) -> Any:
    arguments = ["logs", "report", "--database", str(path), *options]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": str(columns)})


def fill(
    path: Path,
    *ages: timedelta,
    synced: timedelta = HOUR,
    failing: timedelta | None = None,
    failed: timedelta | None = None,
    name: str = "Shop",
) -> None:
    """Create a store with one log per age; all ages are before the current time."""

    async def create() -> None:
        now = datetime.now(UTC)
        rows = [
            build_log_row(
                number,
                created_at_utc=now - age,
                exception_type="requests.exceptions.HTTPError",
                response_code=401,
                exception="Unauthorized",
            )
            for number, age in enumerate(ages, 1)
        ]
        shop = build_shop_row(
            1, shop_name=name, shop_url="https://shop.example", started_failing_at=failing and now - failing
        )
        values = {"last_synced_at": now - synced, "failed_at": failed and now - failed, "error": failed and "No route"}
        async with LogStore(path) as store:
            await fill_store(store, rows, [shop])
            async with store.writing() as connection:
                await connection.execute(update(account).values(values))

    asyncio.run(create())


@pytest.mark.parametrize(
    ("fill_options", "fail_on", "exit_code"),
    [
        ({}, (), 0),
        ({"failing": 3 * HOUR, "failed": HOUR}, (), 0),
        ({}, ("new",), 9),
        ({}, ("failing", "stale"), 0),
        ({"failing": 3 * HOUR}, ("failing",), 8),
        ({"failing": 3 * HOUR}, ("new", "failing"), 8),
        ({"failing": 3 * HOUR, "synced": 7 * HOUR}, ("new", "failing", "stale"), 7),
        ({"failed": HOUR}, ("stale",), 7),
    ],
)
def test_fail_on_sets_the_exit_code_after_the_report(
    tmp_path: Path, fill_options: dict[str, Any], fail_on: tuple[str, ...], exit_code: int
) -> None:
    fill(tmp_path / "logs.db", 2 * HOUR, **fill_options)
    result = run_report(tmp_path / "logs.db", *(word for one in fail_on for word in ("--fail-on", one)))
    assert result.exit_code == exit_code, result.output
    assert "401 HTTPError: wrong credentials" in result.stdout
    assert result.stderr.count("error:") == (exit_code != 0)


def test_known_problem_is_not_new(tmp_path: Path) -> None:
    fill(tmp_path / "logs.db", 2 * HOUR, 3 * DAY)
    assert run_report(tmp_path / "logs.db", "--since", "24h", "--fail-on", "new").exit_code == 0
    assert run_report(tmp_path / "logs.db", "--since", "4d", "--fail-on", "new").exit_code == 9


def test_stale_after_sets_the_age_of_late_data(tmp_path: Path) -> None:
    fill(tmp_path / "logs.db", 2 * HOUR, synced=3 * HOUR)
    options = ("--fail-on", "stale", "--stale-after")
    assert run_report(tmp_path / "logs.db", *options, "4h").exit_code == 0
    assert run_report(tmp_path / "logs.db", *options, "2h").exit_code == 7
    assert run_report(tmp_path / "logs.db", *options, "soon").exit_code == 2


def test_missing_folder_of_the_page_is_an_error_before_the_logs_are_counted(tmp_path: Path) -> None:
    page = tmp_path / "missing" / "report.html"
    result = run_report(tmp_path / "missing.db", "--html", str(page))
    assert result.exit_code == 1
    assert f"error: {page}: No such directory." in result.stderr.replace("\n", "")


def test_all_formats_contain_the_same_figures_in_the_same_order(tmp_path: Path) -> None:
    fill(tmp_path / "logs.db", 2 * HOUR, 3 * HOUR, 30 * HOUR, 8 * DAY, failing=31 * HOUR, failed=HOUR)
    page = tmp_path / "report.html"
    table = run_report(tmp_path / "logs.db", "--html", str(page)).stdout
    markdown = run_report(tmp_path / "logs.db", "--format", "markdown").stdout.replace("\\", "")
    for text in (table, markdown, page.read_text(encoding="utf-8")):
        positions = [
            text.index(sentence)
            for sentence in (
                "Data of 1 account: 1 failed.",
                "last sync failed 1 h ago: No route",
                "Who acts: us. Repair the sync of this account first: its newer failures are missing from this report.",
                "Failing now: 1 of 1 shop",
                "P1",
                "Problems: 1 ongoing",
                "3 failures of 1 shop. Previous period of equal length: 1 failure of 1 shop (+200 %).",
            )
        ]
        assert positions == sorted(positions)
        assert re.search(r"Who acts: shop\.(</b>|\*\*)? Ask the shop to connect again in Sendcloud with new", text)
    figures = orjson.loads(run_report(tmp_path / "logs.db", "--json").stdout)
    assert list(figures)[3:9] == ["accounts", "failing", "failing_shops", "problem_states", "problems", "change"]
    assert figures["accounts"]["failed"] == 1
    (shop,) = figures["failing_shops"]
    assert (shop["last_24h"], shop["problem"], shop["url"]) == (2, "P1", "https://shop.example")
    (problem,) = figures["problems"]
    assert (problem["state"], problem["total"], problem["previous"], sum(problem["trend"])) == ("ongoing", 3, 1, 3)
    assert (problem["actor"], problem["cause"]) == ("shop", "wrong credentials")
    assert figures["change"] == {"total": 3, "previous_total": 1, "shops": 1, "previous_shops": 1}


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_terminal_shows_the_number_of_other_problems_of_a_failing_shop(tmp_path: Path, columns: int) -> None:
    now = datetime.now(UTC)
    codes = {7654321: [401, 401, 401, 503, 404], 7654322: [401]}
    rows = [
        build_log_row(number, integration_id=shop, created_at_utc=now - HOUR, response_code=code)
        for number, (shop, code) in enumerate(((shop, code) for shop in codes for code in codes[shop]), 1)
    ]
    shops = [
        build_shop_row(number, shop_name=f"{number} is a shop with a long name", started_failing_at=now - HOUR)
        for number in codes
    ]

    async def create() -> None:
        async with LogStore(tmp_path / "logs.db") as store:
            await fill_store(store, rows, shops)

    asyncio.run(create())
    output = run_report(tmp_path / "logs.db", columns=columns).stdout
    table = output[output.index("Failing now") : output.index("Problems: ")]
    assert all(cell_len(line) <= columns for line in table.splitlines())
    if columns < 80:  # one block per shop
        assert re.findall(r"^other problems +(\S+)$", table, re.MULTILINE) == ["+2", "–"]
    else:
        first, second = (line for line in table.splitlines() if line.startswith("765432"))
        assert re.search(r"P1 wrong credentials.* \+2\b", first)
        assert re.search(r"P1 wrong credentials.* –", second)
        assert re.search(r"\bother\b(.*\n.*| )\bproblems\b", table)
    # Without other problems, the column is absent.
    fill(tmp_path / "one.db", HOUR, failing=HOUR)
    assert "other" not in run_report(tmp_path / "one.db", columns=columns).stdout


def test_narrow_terminal_shows_the_cause_of_each_failing_shop_and_problem(tmp_path: Path) -> None:
    fill(tmp_path / "logs.db", 2 * HOUR, failing=3 * HOUR, name="A shop with a name that is much longer than others")
    lines = run_report(tmp_path / "logs.db", columns=80).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    failing = next(line for line in lines if line.startswith("A shop"))
    assert "P1 wrong credentials" in failing
    problem = next(line for line in lines if line.startswith("P1  new"))
    assert "401 HTTPError: wrong credentials" in problem


def test_json_omits_trends_without_logs(tmp_path: Path) -> None:
    fill(tmp_path / "logs.db", 9 * DAY)
    figures = orjson.loads(run_report(tmp_path / "logs.db", "--format", "json").stdout)
    (resolved,) = figures["problems"]
    assert (resolved["state"], resolved["total"], "trend" in resolved) == ("resolved", 0, False)


def test_report_since_the_last_report_starts_at_the_oldest_sync(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    fill(path, 30 * HOUR, 20 * HOUR, 30 * timedelta(minutes=1), synced=HOUR)
    first = orjson.loads(run_report(path, "--since", "last-report", "--json").stdout)
    assert first["total"] == 2  # the first report covers 24 hours
    second = orjson.loads(run_report(path, "--since", "last-report", "--json").stdout)
    assert second["total"] == 1  # created after the last sync
    assert datetime.fromisoformat(second["since"]) < datetime.now(UTC) - HOUR
    # Another selection has its own last report.
    other = orjson.loads(run_report(path, "--since", "last-report", "--integration", "1", "--json").stdout)
    assert other["total"] == 2


def test_last_report_is_not_stored_without_current_data(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    fill(path, 20 * HOUR, synced=12 * HOUR)
    for _ in range(2):
        assert orjson.loads(run_report(path, "--since", "last-report", "--json").stdout)["total"] == 1


def test_missing_database_is_an_error_and_not_created(tmp_path: Path) -> None:
    result = run_report(tmp_path / "none.db")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "none.db does not exist. Check --database, or run logs sync first." in result.stderr
    assert not (tmp_path / "none.db").exists()


async def test_markdown_names_shop_endpoint_and_example_of_each_problem(tmp_path: Path) -> None:
    logs = [
        build_log_row(1, full_url="https://shop.example/wc/v3/orders?page=2", exception="404 Not Found"),
        build_log_row(2, account="france", integration_id=7, response_code=500),
        build_log_row(3, account="france", integration_id=8, response_code=500),
    ]
    shops = [
        build_shop_row(1, shop_url="https://shop.example/"),
        build_shop_row(7, account="france", shop_name="Lavande"),
    ]
    async with LogStore(tmp_path / "logs.db") as store:
        await fill_store(store, logs, shops)
        text = render_markdown(await gather_figures(store, Selection(since=NOW - DAY), now=NOW)).replace("\\", "")
    place = "1 log in [Shop 1](https://shop.example/) (default). Example: log 1 of default, /wc/v3/orders. **Who acts: "
    assert f"404 HTTPError: removed endpoint, {place}" in text
    assert "2 logs in 2 shops, most in integration 8 (france). Example: log 2 of france. **Who acts: " in text


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        (None, None), ("https://shop.example", "/"), ("https://shop.example?a=/b", "/"), ("http://[bad/x", "/x"),
        ("https://shop.example/a/b?c=d#e", "/a/b"),
    ],
)  # fmt: skip
def test_endpoint_is_the_path_of_the_url(url: str | None, endpoint: str | None) -> None:
    assert Example(account="a", log_id=1, message=None, url=url).endpoint == endpoint


async def test_markdown_escapes_the_text_of_shops(tmp_path: Path) -> None:
    names = ["[x](javascript:alert(1))", "<b>*bold*</b> @channel\n# Heading", "plain"]
    urls = ["https://shop.example/)](x", None, "https://shop.example/a"]
    shops = [
        build_shop_row(number, shop_name=name, shop_url=url, started_failing_at=NOW - DAY)
        for number, (name, url) in enumerate(zip(names, urls, strict=True), 1)
    ]
    async with LogStore(tmp_path / "logs.db") as store:
        await fill_store(store, [build_log_row(1)], shops)
        text = render_markdown(await gather_figures(store, Selection(since=NOW - DAY), now=NOW), top=2)
        everything = render_markdown(await gather_figures(store, Selection(since=NOW - DAY), now=NOW))
    assert "\n- \\[x\\]\\(javascript:alert\\(1\\)\\) failing for 24 h" in text
    assert "<" not in text.replace("\\<", "")
    assert "\n#" not in text
    assert "- and 1 more" in text
    assert "[plain](https://shop.example/a)" in everything
