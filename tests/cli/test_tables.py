"""Tables at several terminal widths: ids and counts are never shortened, and no line is wider than the terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.terminal.tables import Column, fit_columns, print_table
from sendcloud_integrations_client.testing import Fault, SimulatedSendcloud

WIDTHS = [40, 60, 80, 120]
LONG_NAME = "The extraordinarily long name of a shop that sells lamps, chairs and tables in forty countries " * 2
WIDE_NAME = "东京の家具とランプの専門店オンラインショップ本店" * 3
NAMES = [LONG_NAME, WIDE_NAME, "a\u0301" * 80, "👩‍👩‍👧‍👦" * 40]
LARGE_ID = 2**63 - 1


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE", "COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def run(width: int, *arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": str(width)})
    assert result.exit_code == 0, result.output
    return result


def assert_fits(text: str, width: int) -> None:
    for line in text.splitlines():
        assert cell_len(line.rstrip()) <= width, line


def get_numbers(text: str) -> set[int]:
    return {int(number.replace(",", "")) for number in re.findall(r"(?<![\d,])\d[\d,]*(?![\d…])", text)}


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=4, logs=40)
@pytest.mark.parametrize("width", WIDTHS)
def test_integrations_list_shows_complete_ids(width: int, sendcloud: SimulatedSendcloud) -> None:
    records = [
        {"id": 1234567890 + number, "shop_name": name, "shop_url": f"https://{'x' * 90}.example", "type": "magento2"}
        for number, name in enumerate(NAMES)
    ]
    sendcloud.add_fault(Fault("list_integrations", status=200, body={"data": records}))
    out = run(width, "integrations", "list").stdout
    assert_fits(out, width)
    assert {str(1234567890 + number) for number in range(4)} <= set(out.split())
    assert LONG_NAME[:8] in out
    assert WIDE_NAME[:3] in out


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=4, logs=40)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("id_", [7, 1234567890, LARGE_ID])
def test_logs_list_shows_complete_ids_and_codes(width: int, id_: int, sendcloud: SimulatedSendcloud) -> None:
    records: list[dict[str, Any]] = [
        {
            "id": id_ - number,
            "integration_id": id_ - number,
            "base_url": "https://shop.example",
            "response_code": 503,
            "method": "GET",
            "exception_type": "requests.exceptions.ConnectionError",
            "exception": name,
            "created_at": "2026-01-31T12:00:00Z",
        }
        for number, name in enumerate(NAMES)
    ]
    sendcloud.add_fault(Fault("list_logs", status=200, body={"data": records}))
    out = run(width, "logs", "list", "--limit", "4").stdout
    assert_fits(out, width)
    assert all(out.split().count(str(id_ - number)) == 2 for number in range(4))
    assert LONG_NAME[:8] in out
    if width >= 60 and id_ == 7:
        assert out.count("503") == 4
        assert "2026-01-31 12:00:00" in out


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=4, logs=40)
@pytest.mark.parametrize("width", WIDTHS)
def test_statuses_and_mapping_show_complete_ids(width: int, sendcloud: SimulatedSendcloud) -> None:
    statuses: list[dict[str, Any]] = [
        {"external_id": f"status-{number}-{'9' * 15}", "status": name, "translations": [], "deleted_at": None}
        for number, name in enumerate(NAMES)
    ]
    sendcloud.add_fault(Fault("list_shop_order_statuses", status=200, body={"data": statuses}))
    out = run(width, "statuses", "list", "1").stdout
    assert_fits(out, width)
    assert all(status["external_id"] in out.split() for status in statuses)
    mapping = run(width, "mapping", "show", "1").stdout
    assert_fits(mapping, width)
    assert {"READY_TO_SEND", "IN_TRANSIT", "4-S", "DELIVERED"} <= set(mapping.split())


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=3, logs=1100)
def test_sync_summary_and_report_show_complete_counts(sendcloud: SimulatedSendcloud) -> None:
    for number, name in enumerate(NAMES[:3], start=1):
        sendcloud.set_integration(number, shop_name=name[:240])
    totals: set[frozenset[int]] = set()
    for width in WIDTHS:
        summary = run(width, "logs", "sync", "--database", f"{width}.db").stdout
        assert_fits(summary, width)
        assert "1,100" in summary
        assert "complete" in summary
        report = run(width, "logs", "report", "--database", f"{width}.db").stdout
        assert_fits(report, width)
        (section,) = re.findall(r"By shop\n(.*?)\n\n?By exception", report, re.DOTALL)
        assert LONG_NAME[:6] in section
        totals.add(frozenset(number for number in get_numbers(section) if number > 3000 or number in (1, 2, 3)))
        assert re.search(r"1,100\s+failures", report)
    assert all({1, 2, 3} <= total for total in totals)


columns = st.lists(
    st.builds(
        Column,
        header=st.sampled_from(["id", "already stored", "shop", "last fetched"]),
        is_exact=st.booleans(),
        is_right_aligned=st.booleans(),
        min_width=st.integers(4, 20),
        max_width=st.none() | st.integers(10, 30),
        drop_order=st.none() | st.integers(1, 3),
    ),
    min_size=1,
    max_size=6,
)


@given(columns=columns, width=st.integers(20, 130), data=st.data())
def test_exact_values_are_complete_at_any_width(columns: list[Column], width: int, data: st.DataObject) -> None:
    text = st.text(st.sampled_from("ab東京é9"), min_size=1, max_size=40)
    rows = data.draw(st.lists(st.tuples(*(text for _ in columns)), min_size=1, max_size=4))
    cells = [tuple(Text(value) for value in row) for row in rows]
    console = Console(file=io.StringIO(), width=width)
    print_table(columns, cells, console=console)
    stream = console.file
    assert isinstance(stream, io.StringIO)
    out = stream.getvalue()
    widths = fit_columns(columns, cells, width)
    if widths is not None:
        assert_fits(out, width)
        assert all(column.drop_order is not None for column, shown in zip(columns, widths, strict=True) if not shown)
    for row in rows:
        for index, value in enumerate(row):
            if columns[index].is_exact and (widths is None or widths[index]):
                assert value in out
