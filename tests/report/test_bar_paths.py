"""Bars of the charts on the report page."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.report.bar_paths import HEIGHT, build_stacked_bars


@given(
    st.integers(1, 40).flatmap(
        lambda size: st.lists(st.lists(st.integers(0, 10**9), min_size=size, max_size=size), min_size=1, max_size=7)
    )
)
def test_every_count_has_a_visible_bar_within_the_chart(groups: list[list[int]]) -> None:
    paths = build_stacked_bars(groups)
    for counts, path in zip(groups, paths, strict=True):
        bars = re.findall(r"M(\d+) (\d+)v(-\d+)h9V(\d+)z", path)
        assert [int(x) // 10 for x, *_ in bars] == [index for index, count in enumerate(counts) if count]
        for _, bottom, height, end in bars:
            assert bottom == end
            assert -HEIGHT <= int(height) <= -1
            assert 0 <= int(bottom) <= HEIGHT
