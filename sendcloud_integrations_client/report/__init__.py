"""Report on stored exception logs: failures by integration, exception type and status, over time.

    from sendcloud_integrations_client.report import Selection, gather_figures, render_page
    from sendcloud_integrations_client.sync import LogStore

    async with LogStore("sendcloud.db") as store:
        figures = await gather_figures(store, Selection())
    Path("report.html").write_text(render_page(figures), encoding="utf-8")

`gather_figures` requires the extra `sync`; `render_page`, which draws charts, requires the extra `report`.
"""

from __future__ import annotations

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError:
    raise ImportError(
        "The report requires SQLAlchemy. Run: pip install 'sendcloud-integrations-client[report]'"
    ) from None

from sendcloud_integrations_client.report.figures import Figures, Group, Selection, gather_figures
from sendcloud_integrations_client.report.page import render_page
from sendcloud_integrations_client.report.time_spans import Span, Unit

__all__ = ["Figures", "Group", "Selection", "Span", "Unit", "gather_figures", "render_page"]
