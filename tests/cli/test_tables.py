"""Tables at several terminal widths: ids and counts are never shortened, and no line is wider than the terminal."""

from __future__ import annotations

import io
import json
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
from sendcloud_integrations_client.cli.terminal.progress import ProgressLines, ProgressTable
from sendcloud_integrations_client.cli.terminal.tables import Column, fit_columns, print_table
from sendcloud_integrations_client.sync import SyncProgress
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
@pytest.mark.parametrize("widths", [[40], pytest.param(WIDTHS, marks=pytest.mark.long)])
def test_sync_summary_and_report_show_complete_counts(widths: list[int], sendcloud: SimulatedSendcloud) -> None:
    for number, name in enumerate(NAMES[:3], start=1):
        sendcloud.set_integration(number, shop_name=name[:240])
    run(120, "logs", "sync")
    for width in widths:
        summary = run(width, "logs", "sync", "--dry-run", "--database", "other.db").stdout
        assert_fits(summary, width)
        assert "1,100" in summary
        assert "complete" in summary
        report = run(width, "logs", "report", "--since", "all").stdout
        assert_fits(report, width)
        (section,) = re.findall(r"By shop and problem\n(.*?)\n\n?By exception", report, re.DOTALL)
        assert LONG_NAME[:6] in section
        figures = json.loads(run(width, "logs", "report", "--since", "all", "--json").stdout)
        counts = {(group["integration_id"], group["total"]) for group in figures["by_integration"]}
        assert sum(total for _, total in counts) == 1100
        # The id and the count of each shop are next to each other.
        shown = {(int(id_), int(total.replace(",", ""))) for id_, total in re.findall(r" ([123]) +([\d,]+)\b", section)}
        assert shown == counts
        assert re.search(r"1,100\s+failures", report)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", [3, 12_345, 1_234_567])
def test_progress_of_a_sync_shows_complete_counts(width: int, count: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    names = [name[:90] for name in NAMES]
    table = ProgressTable(console, names)
    for number, name in enumerate(names):
        table(build_progress(name, integrations=count + 10, completed=count + number, new=count * 7 + number))
    console.print(table.render())
    out = stream.getvalue()
    assert_fits(out, width)
    for number in range(len(names)):
        assert f"{count + number:,}/{count + 10:,}" in out.split()
        assert f"{count * 7 + number:,}" in out.split()
    assert LONG_NAME[:5] in out
    assert "━" in out or width < 80


def test_progress_shows_bar_rate_and_time_of_each_account() -> None:
    stream, now = io.StringIO(), 100.0
    table = ProgressTable(Console(file=stream, width=120), ["one", "two", "three"], clock=lambda: now)
    now += 20
    table(build_progress("two", integrations=3, completed=3, new=500))
    table(build_progress("three", integrations=4, completed=1, new=80))
    now += 3600
    Console(file=stream, width=120).print(table.render())
    _, one, two, three = stream.getvalue().splitlines()
    assert re.match(r"one +– +0 +0 +1:00:20$", one)
    assert re.match(r"two +━{24} +3/3 +500 +25 +0:00:20$", two)
    assert re.match(r"three +━{6} +1/4 +80 +0 +1:00:20$", three)


def build_progress(account: str, *, integrations: int, completed: int, new: int) -> SyncProgress:
    return SyncProgress(
        account=account,
        integration_id=None,
        integrations=integrations,
        completed=completed,
        pages=0,
        new=new,
        updated=0,
        already_stored=0,
        quarantined=0,
    )


def test_progress_lines_show_complete_counts_after_a_long_name(capsys: pytest.CaptureFixture[str]) -> None:
    ProgressLines()(build_progress("x" * 5000, integrations=3, completed=2, new=123_456))
    assert "2 of 3 integrations, 0 pages, 123456 new logs" in capsys.readouterr().err


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=3, logs=30)
@pytest.mark.parametrize("width", WIDTHS)
def test_show_prints_all_values_complete(width: int, sendcloud: SimulatedSendcloud) -> None:
    url = f"https://shop.example/{'path/' * 30}end"
    record = {"id": LARGE_ID, "shop_name": WIDE_NAME, "shop_url": url, "service_point_carriers": ["dhl", "ups"]}
    sendcloud.add_fault(Fault("retrieve_integration", status=200, body={"data": record}))
    out = run(width, "integrations", "show", "2").stdout
    assert_fits(out, width)
    assert str(LARGE_ID) in out.split()
    without_breaks = re.sub(r"\s+", "", out)
    assert url in without_breaks
    assert WIDE_NAME in without_breaks
    assert "dhl,ups" in without_breaks
    sendcloud.add_fault(Fault("list_logs", status=200, body={"data": [LOG | {"id": LARGE_ID}]}))
    out = run(width, "logs", "show", str(LARGE_ID)).stdout
    assert_fits(out, width)
    assert {str(LARGE_ID), str(LARGE_ID - 1)} <= set(out.split())
    first, second = (line for line in out.splitlines() if " line" in line)
    assert second.index("second") == first.index("first") + 4
    assert '"nested": [' in out


LOG: dict[str, Any] = {
    "id": 1,
    "integration_id": LARGE_ID - 1,
    "base_url": "https://shop.example",
    "exception": "first line\n    second line",
    "request": {"headers": {"Accept": "*/*"}, "payload": {"nested": [1, {"a": None}]}},
}


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
