"""Report on stored exception logs: what fails now, since when, why, and who acts.

    from sendcloud_integrations_client.report import Selection, gather_figures, render_page
    from sendcloud_integrations_client.sync import LogStore

    async with LogStore("sendcloud.db") as store:
        figures = await gather_figures(store, Selection(since=datetime.now(UTC) - timedelta(days=7)))
    Path("report.html").write_text(render_page(figures), encoding="utf-8")

`gather_figures` requires the extra `sync`; `render_page` requires the extra `report`.
"""

from __future__ import annotations

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError:
    raise ImportError(
        "The report requires SQLAlchemy. Run: pip install 'sendcloud-integrations-client[report]'"
    ) from None

from sendcloud_integrations_client.report.accounts import AccountData, AccountState
from sendcloud_integrations_client.report.causes import Cause
from sendcloud_integrations_client.report.figures import Change, FailingShop, Figures, Group, Matrix, Selection
from sendcloud_integrations_client.report.gathering import gather_figures
from sendcloud_integrations_client.report.page import render_page
from sendcloud_integrations_client.report.problems import Example, Problem, ProblemState
from sendcloud_integrations_client.report.time_spans import Span, Unit

__all__ = [
    "AccountData",
    "AccountState",
    "Cause",
    "Change",
    "Example",
    "FailingShop",
    "Figures",
    "Group",
    "Matrix",
    "Problem",
    "ProblemState",
    "Selection",
    "Span",
    "Unit",
    "gather_figures",
    "render_page",
]
