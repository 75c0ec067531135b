"""Period of the last report, so that the next report continues where it ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from sendcloud_integrations_client.report.figures import Figures, Selection
from sendcloud_integrations_client.sync.schema import report
from sendcloud_integrations_client.sync.store import LogStore

__all__ = ["get_last_report", "store_last_report"]


async def get_last_report(store: LogStore, selection: Selection) -> datetime | None:
    """Return the end of the period of the last report with the same accounts and integrations.

    Args:
        store: The store. It must be migrated.
        selection: The accounts and integrations; its times are not considered.

    Returns:
        The time; None if there was no such report.

    Raises:
        StoreError: If the database cannot be used.
    """
    async with store.reading() as connection:
        query = select(report.c.covered_until).where(report.c.name == _build_name(selection))
        covered_until: datetime | None = await connection.scalar(query)
        return covered_until


async def store_last_report(store: LogStore, figures: Figures) -> None:
    """Store the end of the period of a report, for the next `get_last_report`.

    The period ends at the oldest sync of the accounts that are current, so that the next report also covers logs that
    were created before this report and are synced after it. Without such an account, nothing is stored.

    Args:
        store: The store. It must be migrated.
        figures: The figures of the report.

    Raises:
        StoreError: If the database cannot be used.
    """
    covered_until = figures.synced_until
    if covered_until is None:
        return
    name = _build_name(figures.selection)
    async with store.writing() as connection:
        await connection.execute(delete(report).where(report.c.name == name))
        await connection.execute(report.insert(), {"name": name, "covered_until": covered_until})


def _build_name(selection: Selection) -> str:
    return repr((sorted(selection.accounts), sorted(selection.integrations)))
