"""Charts of shops whose names contain special characters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sendcloud_integrations_client.report import Group
from sendcloud_integrations_client.report.charts import NARROW, draw_bars


# Without replacement of such characters, vl-convert does not raise but aborts the process with SIGABRT.
@pytest.mark.parametrize("character", ["\x00", "\x08", "\x1b[31m", "\ufffe", "\uffff", "\ud800"])
def test_draw_bars_replaces_characters_that_svg_does_not_allow(character: str) -> None:
    group = Group(label=f"Shop{character} North", total=3, last=datetime(2026, 1, 1, tzinfo=UTC), trend=(3,))

    svg = draw_bars([group], width=NARROW)

    assert "Shop" in svg
    assert "North" in svg
    assert character not in svg
