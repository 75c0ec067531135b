"""Sentences that all forms of the report share."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sendcloud_integrations_client.report import Selection, gather_figures, render_page
from sendcloud_integrations_client.report.markdown import render_markdown
from sendcloud_integrations_client.report.wording import describe_failing_shops, describe_first_step, format_share
from sendcloud_integrations_client.sync import LogStore
from tests.support.report_samples import NOW, build_log_row, build_shop_row, fill_store


@pytest.mark.parametrize(
    ("total", "previous", "text"),
    [(10_169, 452, "+2,150 %"), (1, 2, "-50 %"), (5, 5, "0 %"), (999, 1000, "0 %"), (5, 0, ""), (5, None, "")],
)
def test_format_share_groups_thousands(total: int, previous: int | None, text: str) -> None:
    assert format_share(total, previous) == text


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
