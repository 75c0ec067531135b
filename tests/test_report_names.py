"""Names of shops in the charts: whatever a shop is called, the report is drawn."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sendcloud_integrations_client.report import Group
from sendcloud_integrations_client.report.charts import NARROW, bars


# A character that XML does not have would not raise: vl-convert ends the whole process with SIGABRT.
@pytest.mark.parametrize("odd", ["\x00", "\x08", "\x1b[31m", "\ufffe", "\uffff", "\ud800"])
def test_a_name_with_characters_that_no_svg_can_hold_is_drawn(odd: str) -> None:
    group = Group(label=f"Shop{odd} North", total=3, last=datetime(2026, 1, 1, tzinfo=UTC), trend=(3,))

    drawn = bars([group], width=NARROW)

    assert "Shop" in drawn
    assert "North" in drawn
    assert odd not in drawn
