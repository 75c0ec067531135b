"""Output that records, terminals and pipes make difficult: timestamps, encodings, nesting, control characters."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli import main
from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.terminal.json_output import format_json
from sendcloud_integrations_client.cli.terminal.streams import replace_unencodable
from sendcloud_integrations_client.testing import Fault, SimulatedSendcloud
from tests.support.forked_commands import get_forked_command

pytestmark = [pytest.mark.usefixtures("sendcloud_server"), pytest.mark.sendcloud(integrations=3, logs=20)]

COMMAND = [sys.executable, "-W", "error", "-m", "sendcloud_integrations_client.cli"]
EDGES = [
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:30:00",
]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path or "." for path in sys.path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    return result


def respond_with_logs(sendcloud: SimulatedSendcloud, *logs: dict[str, Any]) -> None:
    records = [{"id": number, "base_url": "x", "integration_id": 2} | log for number, log in enumerate(logs, start=1)]
    # JSON encoders reject deeper values.
    body = re.sub(
        r'"NESTED (\d+)"',
        lambda match: "[" * int(match[1]) + '"innermost"' + "]" * int(match[1]),
        json.dumps({"data": records}),
    ).encode()
    for operation in ("list_logs", "list_integration_logs"):
        sendcloud.add_fault(Fault(operation, status=200, count=None, body=body))


@pytest.mark.parametrize("edge", EDGES)
def test_timestamps_at_the_edges_of_the_calendar_are_shown(edge: str, sendcloud: SimulatedSendcloud) -> None:
    shown = re.sub(r"\.9+|Z", "", edge).replace("T", " ")
    integration = {"id": 2, "shop_name": "Shop", "started_failing_at": edge, "last_fetched_at": edge}
    sendcloud.add_fault(Fault("list_integrations", status=200, body={"data": [integration]}))
    assert run("integrations", "list").stdout.count(shown) == 2
    status = {"external_id": "3", "status": "Packed", "translations": [], "deleted_at": edge}
    sendcloud.add_fault(Fault("list_shop_order_statuses", status=200, body={"data": [status]}))
    assert shown in run("statuses", "list", "1").stdout
    respond_with_logs(sendcloud, {"created_at": edge})
    assert shown in run("logs", "list").stdout
    assert edge in run("logs", "show", "1").stdout


@pytest.mark.parametrize(
    "edges",
    [
        EDGES,
        *(pytest.param(edges, marks=pytest.mark.long) for edges in (EDGES[:1], EDGES[:2], EDGES[2:3], EDGES[3:4])),
    ],
)
def test_logs_at_the_edges_of_the_calendar_are_stored_and_reported(
    edges: list[str], sendcloud: SimulatedSendcloud
) -> None:
    respond_with_logs(sendcloud, *({"created_at": edge} for edge in edges))
    integration = {"id": 2, "shop_name": "Shop", "started_failing_at": EDGES[0], "last_fetched_at": EDGES[1]}
    sendcloud.add_fault(Fault("list_integrations", status=200, body={"data": [integration]}))
    run("logs", "sync")
    report = run("logs", "report", "--since", "all", "--html", "report.html").stdout
    assert re.search(rf"^{len(edges)} failures? of 1 shop", report, re.MULTILINE)
    assert "Shop" in Path("report.html").read_text()
    figures = json.loads(run("logs", "report", "--since", "all", "--json").stdout)
    assert figures["total"] == len(edges)
    assert len(figures["starts"]) < 200


def run_main(monkeypatch: pytest.MonkeyPatch, line: str, encoding: str | None, errors: str = "strict") -> bytes:
    """Run the console script with a stdout that has this encoding, or without stdout. Return what it printed."""
    printed = io.BytesIO()
    stdout = None if encoding is None else io.TextIOWrapper(printed, encoding, errors, write_through=True)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", ["sendcloud-integrations", *line.split()])
        patch.setattr(sys, "stdout", stdout)
        patch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as raised:
            main()
    assert not raised.value.code
    return printed.getvalue()


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "?????? caf? ??|"),
        ("cp1252", "?????? café ??|"),
        ("cp932", "日本語 caf? ??|"),
        ("utf-8", "日本語 café 👩|"),
    ],
)
def test_text_that_stdout_cannot_encode_is_replaced(
    encoding: str, shown: str, sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    sendcloud.set_integration(2, shop_name="日本語 café 👩|")
    out = run_main(monkeypatch, "integrations list", encoding).decode(encoding)
    assert shown in out
    header, *rows = out.splitlines()
    assert {cell_len(row) for row in rows} == {cell_len(header)}
    as_json = json.loads(run_main(monkeypatch, "integrations show 2 --json", encoding).decode("utf-8"))
    assert as_json["shop_name"] == "日本語 café 👩|"


def test_report_and_help_can_be_printed_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    run("logs", "sync")
    assert b"@" in run_main(monkeypatch, "logs report", "ascii")  # a bar of the trend
    assert b"Usage" in run_main(monkeypatch, "logs report --help", "ascii")


def test_error_handler_that_the_user_selects_is_kept(
    sendcloud: SimulatedSendcloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    sendcloud.set_integration(2, shop_name="日本語")
    assert rb"\u65e5\u672c\u8a9e" in run_main(monkeypatch, "integrations show 2", "ascii", "backslashreplace")


def test_shop_name_and_messages_in_a_process_without_utf8(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.set_integration(2, shop_name="日本語")
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [*COMMAND, "integrations", "list"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert " ??????  " in done.stdout
    assert "3 integrations" in done.stderr


@given(st.text(max_size=20), st.sampled_from(["ascii", "cp1252", "cp932", "utf-8"]))
def test_replacements_can_be_encoded_and_keep_the_width(text: str, encoding: str) -> None:
    shown = ""
    for char in text:
        try:
            char.encode(encoding)
            shown += char
        except UnicodeEncodeError as error:
            replacement, position = replace_unencodable(error)
            assert position == 1
            assert replacement.encode(encoding).isascii()
            shown += replacement
    shown.encode(encoding)


def test_replace_unencodable_handles_only_encoding_errors() -> None:
    with pytest.raises(UnicodeDecodeError) as raised:
        b"\xff".decode()
    with pytest.raises(UnicodeDecodeError):
        replace_unencodable(raised.value)


def nest(depth: int) -> Any:
    value: Any = "innermost"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [pytest.param(300, marks=pytest.mark.long), 900])
def test_deeply_nested_logs_are_printed_completely(depth: int, sendcloud: SimulatedSendcloud) -> None:
    log = {"additional_data": {"nested": f"NESTED {depth}"}, "exception": "Deep"}
    respond_with_logs(sendcloud, {}, log)
    for option in ("--json", "--jsonl"):
        out = run("logs", "list", option).stdout
        assert out.count("innermost") == 1
        assert out.count("[") >= depth
        assert len(out.strip().splitlines()) >= 2
        shown = run("logs", "show", "2", option).stdout
        assert shown.count("[") == shown.count("]") == depth
    assert "Deep" in run("logs", "list").stdout
    assert "innermost" in re.sub(r"\s", "", run("logs", "show", "2").stdout)
    run("logs", "sync")
    assert run("logs", "show", "2", "--database", "sendcloud.db", "--json").stdout.count("Deep") == 1


def test_integers_of_any_size_are_printed(sendcloud: SimulatedSendcloud) -> None:
    assert json.loads(format_json({"a": [2**64, -(2**70)]})) == {"a": [2**64, -(2**70)]}
    assert json.loads(format_json(2**100, indent=True)) == 2**100


CONTROLS = "\x7f\x80\x9b\x9f\u061c\u200e\u200f\u2028\u202a\u202e\u2066\u2069"


def test_json_contains_no_character_that_controls_a_terminal(sendcloud: SimulatedSendcloud) -> None:
    text = f"\x1b[31m{CONTROLS}é 東京 👩"
    respond_with_logs(sendcloud, {"exception": text, "additional_data": {text: "NESTED 300"}})
    for arguments in (("list", "--json"), ("list", "--jsonl"), ("show", "1", "--json")):
        out = run("logs", *arguments).stdout
        assert not set(CONTROLS + "\x1b") & set(out)
        assert "é 東京 👩" in out
        assert "\\u009b" in out
        assert text in re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), out)
    assert not set(CONTROLS + "\x1b") & set(run("logs", "show", "1").stdout + run("logs", "list").stdout)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8") | st.sampled_from(CONTROLS)),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=3), children, max_size=3),
    max_leaves=5,
)


@given(json_values, st.booleans())
def test_escaped_json_has_the_same_value(value: Any, indent: bool) -> None:
    encoded = format_json(value, indent=indent)
    assert json.loads(encoded) == value
    assert not set(CONTROLS) & set(encoded.decode())


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
class TestClosedStreams:
    def run(
        self, redirection: str, *arguments: str, command: list[str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *(command or get_forked_command()), *arguments]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )

    @pytest.mark.parametrize("line", ["integrations list", pytest.param("--help", marks=pytest.mark.long)])
    def test_closed_stdout_ends_quietly(self, line: str) -> None:
        done = self.run(">&-", *line.split(), command=COMMAND)
        assert done.returncode == 0
        assert not re.search("error|Traceback|Exception", done.stderr)

    def test_output_does_not_get_into_a_file_that_the_command_opens(self) -> None:
        done = self.run(">&- 2>&- <&-", "logs", "sync")
        assert (done.returncode, done.stderr) == (0, "")
        assert Path("sendcloud.db").read_bytes().startswith(b"SQLite format 3\0")
        assert run("logs", "report", "--json").stdout.startswith("{")

    def test_closed_stdin_cannot_confirm(self, sendcloud: SimulatedSendcloud) -> None:
        done = self.run("<&-", "integrations", "delete", "2")
        assert done.returncode == 2
        assert "Pass --yes" in done.stderr
        assert len(sendcloud.requests) == 0
        assert self.run("<&-", "integrations", "update", "2", "--file", "-").returncode == 2

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    @pytest.mark.parametrize("option", ["--json", "--color=auto"])
    def test_full_disk_is_one_line(self, option: str) -> None:
        done = self.run(">/dev/full", "integrations", "list", option)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == "error: No space left on device"
        assert "Exception" not in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "integrations list --json",
        "integrations show 2",
        "integrations update 2 --shop-name x",
        "logs list",
        "logs list --jsonl",
        "logs show 3",
        "logs sync --json",
        "statuses list 1",
        "mapping show 1",
        "--version",
    ],
)
def test_any_command_works_without_stdout(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, line, None) == b""
    assert "rror" not in capsys.readouterr().err


def test_warnings_of_the_sync_are_messages(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("Windows has no file modes")
    path = tmp_path / "logs.db"
    path.touch()
    path.chmod(0o644)
    result = run("logs", "sync", "--database", "logs.db")
    (warning,) = [line for line in result.stderr.splitlines() if "chmod" in line]
    assert warning.startswith("warning: Other users of this computer can access the data in logs.db: its mode is 644.")
    assert result.stderr.count("chmod") == 1
    logger, other = logging.getLogger("sendcloud_integrations_client"), logging.NullHandler()
    logger.addHandler(other)  # as with SENDCLOUD_LOG
    try:
        assert "warning: Other users" not in run("logs", "report", "--database", "logs.db").stderr
    finally:
        logger.removeHandler(other)


def test_files_of_commands_are_private(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("Windows has no file modes")
    previous = os.umask(0)
    try:
        run("logs", "sync")
        run("logs", "report", "--html", "report.html")
    finally:
        os.umask(previous)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
        "sendcloud.db": "0o600",
        "sendcloud.db.lock": "0o600",
        "report.html": "0o600",
    }


def test_orjson_rejects_what_the_fallback_encodes() -> None:
    with pytest.raises(orjson.JSONEncodeError):
        orjson.dumps(nest(300))
