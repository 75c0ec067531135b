"""Sentences that all forms of the report share."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from sendcloud_integrations_client.report import Selection, gather_figures, render_page
from sendcloud_integrations_client.report.json_figures import figures_to_dict
from sendcloud_integrations_client.report.markdown import render_markdown
from sendcloud_integrations_client.report.wording import (
    describe_data,
    describe_failing_shops,
    describe_first_step,
    format_age,
    format_share,
)
from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.schema import account
from tests.support.report_samples import NOW, build_log_row, build_shop_row, fill_store


@pytest.mark.parametrize(
    ("total", "previous", "text"),
    [(10_169, 452, "+2,150 %"), (1, 2, "-50 %"), (5, 5, "0 %"), (999, 1000, "0 %"), (5, 0, ""), (5, None, "")],
)
def test_format_share_groups_thousands(total: int, previous: int | None, text: str) -> None:
    assert format_share(total, previous) == text


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-5), "less than a minute"),  # the clock of another machine
        (timedelta(), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=1500), "1,500 days"),
    ],
)
def test_format_age_has_one_unit_and_no_zero(age: timedelta, text: str) -> None:
    assert format_age(age) == text


async def test_data_of_a_recent_sync_is_less_than_a_minute_old(tmp_path: Path) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        await fill_store(store, [build_log_row(1, account="a"), build_log_row(2, account="b")])
        recent = await gather_figures(store, Selection(), now=NOW)
        async with store.writing() as connection:
            hour_ago = NOW - timedelta(hours=1)
            await connection.execute(update(account).where(account.c.name == "b").values(last_synced_at=hour_ago))
        mixed = await gather_figures(store, Selection(), now=NOW)
    assert describe_data(recent).endswith("2 current. Last successful sync less than a minute ago.")
    assert describe_data(mixed).endswith("2 current. Last successful sync less than a minute to 1 h ago.")


async def test_report_with_current_data_has_no_first_step(tmp_path: Path) -> None:
    async with LogStore(tmp_path / "logs.db") as store:
        shops = [build_shop_row(1, started_failing_at=NOW), build_shop_row(2), build_shop_row(3)]
        await fill_store(store, [build_log_row(1, created_at_utc=NOW - timedelta(hours=1))], shops)
        figures = await gather_figures(store, Selection(), now=NOW)
    assert describe_failing_shops(figures) == "Failing now: 1 of 3 shops"
    assert describe_first_step(figures) == ""
    assert "Repair the sync" not in render_markdown(figures)
    assert ">Logs in 24 h</th>" in render_page(figures)
    assert ", 1 log in 24 h" in render_markdown(figures)


async def test_failing_shop_names_its_other_problems_and_a_failed_sync_of_its_account(tmp_path: Path) -> None:
    codes = [401] * 3 + [503] + [404]
    ages = [timedelta(hours=1)] * 4 + [timedelta(days=3)]  # the last problem is resolved
    rows = [
        build_log_row(number, created_at_utc=NOW - age, response_code=code)
        for number, (code, age) in enumerate(zip(codes, ages, strict=True), 1)
    ]
    async with LogStore(tmp_path / "logs.db") as store:
        await fill_store(store, rows, [build_shop_row(1, started_failing_at=NOW - timedelta(hours=1))])
        selection = Selection(since=NOW - timedelta(days=7))
        current = await gather_figures(store, selection, now=NOW)
        async with store.writing() as connection:
            await connection.execute(update(account).values(failed_at=NOW, error="401 Unauthorized"))
        failed = await gather_figures(store, selection, now=NOW)
    (shop,) = current.failing_shops
    assert shop.problem is not None
    assert (shop.problem.label, [one.label for one in shop.other_problems]) == ("P1", ["P2"])
    assert figures_to_dict(current)["failing_shops"][0]["other_problems"] == ["P2"]
    assert "Also P2 (new)." in render_page(current)
    assert "Also P2 (new)." in render_markdown(current).replace("\\", "")
    assert "newer failures are missing</small>" not in render_page(current)
    page = render_page(failed)
    assert "newer failures are missing</small>" in page
    assert (
        "complete up to 2026-03-15 12:00 (less than a minute ago); last sync failed less than a minute ago: 401" in page
    )
