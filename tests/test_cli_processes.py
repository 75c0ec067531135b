"""The command as a process of its own: pipes that close, signals, and a terminal to ask on."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sendcloud_integrations_client.testing import SimulatedSendcloud

pytestmark = [
    pytest.mark.usefixtures("sendcloud_server"),
    pytest.mark.skipif(os.name != "posix", reason="signals and terminals are POSIX ones"),
]

COMMAND = [sys.executable, "-W", "error", "-m", "sendcloud_integrations_client.cli"]
PATIENCE = 30.0


@contextmanager
def process(*arguments: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    with subprocess.Popen([*COMMAND, *arguments], text=True, **streams) as running:  # type: ignore[call-overload]
        # Ends whatever a test would wait for in vain, the reading of its output too.
        watchdog = threading.Timer(PATIENCE, running.kill)
        watchdog.start()
        try:
            yield running
        finally:
            watchdog.cancel()
            running.kill()


def wait_until(condition: object, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.mark.sendcloud(integrations=3, logs=5000)
@pytest.mark.parametrize("form", ["--json", "--jsonl", "--limit=0"])
def test_a_reader_that_goes_away_ends_it_quietly(form: str) -> None:
    with process("logs", "list", form) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.wait(PATIENCE) == 141
        assert running.stderr.read() == ""


@pytest.mark.sendcloud(integrations=3, logs=5000)
def test_logs_are_written_before_the_last_ones_came(sendcloud: SimulatedSendcloud) -> None:
    with process("logs", "list", "--jsonl") as running:
        assert running.stdout is not None
        # A pipe holds some 64 kB: with nobody who reads on, the rest of the 5,000 logs is not even asked for.
        assert json.loads(running.stdout.readline())["id"] == 5000
        time.sleep(0.5)
        assert len(sendcloud.requests) < 30


@pytest.mark.sendcloud(integrations=2, logs=30)
def test_tail_shows_the_last_logs_and_ends_with_a_failure_that_will_not_pass(sendcloud: SimulatedSendcloud) -> None:
    with process("logs", "tail", "--jsonl", "--last", "2", "--interval", "0.1") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert [json.loads(running.stdout.readline())["id"] for _ in range(2)] == [29, 30]
        sendcloud.fail_next("list_logs", status=403)
        assert running.wait(PATIENCE) == 3
        assert running.stderr.read().count("\n") == 1


@pytest.mark.sendcloud(integrations=2, logs=30)
def test_tail_goes_on_after_a_failure_that_passes_and_ends_with_0(sendcloud: SimulatedSendcloud) -> None:
    with process("logs", "tail", "--jsonl", "--last", "0", "--interval", "0.1", "-i", "1") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        wait_until(lambda: len(sendcloud.requests) >= 2, "tail never looked")
        sendcloud.fail_next("list_integration_logs", count=1, status=500, headers={"Retry-After": "0"})
        create = ("logs", "create", "1", "--base-url", "https://shop.example", "--exception")
        for text in ("first", "second"):
            with process(*create, text) as creating:
                assert creating.wait(PATIENCE) == 0
        assert [json.loads(running.stdout.readline())["exception"] for _ in range(2)] == ["first", "second"]
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE) == 0
        assert running.stderr.read() == ""


@pytest.mark.sendcloud(integrations=2, logs=30)
def test_an_interrupted_command_ends_with_130(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.delay("list_logs", 30)
    with process("logs", "list", "--jsonl") as running:
        assert running.stderr is not None
        wait_until(lambda: len(sendcloud.requests) == 1, "nothing was asked for")
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE) == 130
        assert running.stderr.read() == ""


def stored(database: Path) -> int:
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM log").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


@pytest.mark.sendcloud(integrations=4, logs=1600)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_sync_that_is_told_to_stop_keeps_its_pages_and_the_next_run_goes_on(
    number: int, code: int, sendcloud: SimulatedSendcloud, tmp_path: Path
) -> None:
    database = tmp_path / "logs.db"
    sendcloud.delay("list_integration_logs", 0.2)
    with process("logs", "sync", "--to", str(database)) as running:
        assert running.stderr is not None
        wait_until(lambda: stored(database) > 0, "nothing was stored")
        running.send_signal(number)
        assert running.wait(PATIENCE) == code
        said = running.stderr.read()
    assert "once more stops at once" in said
    assert "Traceback" not in said
    part = stored(database)
    assert 0 < part < 1600
    sendcloud.clear_faults()
    with process("logs", "sync", "--to", str(database), "--json") as running:
        assert running.stdout is not None
        summary = json.loads(running.stdout.read())["accounts"][0]
        assert running.wait(PATIENCE) == 0
    assert summary["new"] == 1600 - part
    assert stored(database) == 1600


STUBBORN = """
import asyncio, os, signal, sys
from sendcloud_integrations_client.cli.stopping import stop_on_signals

async def main():
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.wait_for(stop.event.wait(), 10)
        assert stop.exit_code == 130
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            assert stop.exit_code == 143
            print("cancelled", flush=True)
        if sys.argv[1] == "twice":
            return stop.exit_code
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(60)

sys.exit(asyncio.run(main()))
"""


@pytest.mark.parametrize("times", ["twice", "thrice"])
def test_a_second_signal_cancels_a_job_that_does_not_stop_and_a_third_ends_it(times: str) -> None:
    command = [sys.executable, "-W", "error", "-c", STUBBORN, times]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (143, "cancelled\n"), done.stderr
    assert done.stderr == "Stopping when the pages in hand are stored; once more stops at once.\n"


def on_a_terminal(arguments: list[str], answer: bytes) -> tuple[int, str]:
    """Run a command on a terminal of its own, answer its question, and give its exit code and what it showed."""
    master, slave = os.openpty()
    shown, is_answered, deadline = b"", False, time.monotonic() + PATIENCE
    try:
        with process(*arguments, stdin=slave, stdout=slave, stderr=slave) as running:
            os.close(slave)
            while time.monotonic() < deadline:
                if not select.select([master], [], [], 0.1)[0]:
                    continue
                try:
                    shown += os.read(master, 4096)
                except OSError:  # the other end is closed: how a terminal ends on Linux
                    break
                if b"[y/N]" in shown and not is_answered:
                    os.write(master, answer)
                    is_answered = True
            code = running.wait(5)
    finally:
        os.close(master)
    return code, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


@pytest.mark.sendcloud(integrations=2, logs=0)
@pytest.mark.parametrize(
    ("answer", "code", "operations"),
    [
        (b"y\n", 0, ["retrieve_integration", "delete_integration"]),
        (b"n\n", 6, ["retrieve_integration"]),
        (b"\n", 6, ["retrieve_integration"]),
        (b"\x04", 130, ["retrieve_integration"]),
    ],
)
def test_a_deletion_asks_on_a_terminal(
    answer: bytes, code: int, operations: list[str], sendcloud: SimulatedSendcloud
) -> None:
    result, shown = on_a_terminal(["integrations", "delete", "2"], answer)
    assert (result, [request.operation for request in sendcloud.requests]) == (code, operations), shown
    assert "Delete integration 2 (Integration #2, api) for good? [y/N]" in shown


@pytest.mark.sendcloud(integrations=1, logs=0)
def test_a_replacement_says_what_will_be_lost(sendcloud: SimulatedSendcloud) -> None:
    options = ["--status", "3=en-gb:Packed", "--status", "9=en-gb:Lost"]
    code, shown = on_a_terminal(["statuses", "replace", "1", *options], b"n\n")
    assert code == 6
    assert "1 new, 1 kept, 2 deleted?" in shown
    code, shown = on_a_terminal(["mapping", "replace", "1", "--delivered", "5"], b"n\n")
    assert code == 6
    assert "DELIVERED from – to 5?" in shown
    assert {request.method for request in sendcloud.requests} == {"GET"}


@pytest.mark.sendcloud(integrations=3, logs=330)
def test_a_sync_shows_a_bar_on_a_terminal_and_lines_elsewhere(tmp_path: Path) -> None:
    code, shown = on_a_terminal(["logs", "sync", "--to", str(tmp_path / "one.db")], b"")
    assert code == 0, shown
    assert re.search(r"default +━+ 3/3 integrations +330 new logs", shown)
    assert "complete" in shown
    with process("logs", "sync", "--to", str(tmp_path / "two.db")) as running:
        _, said = running.communicate(timeout=PATIENCE)
    assert "━" not in said
    assert "\x1b" not in said
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ default: 0 of \d integrations, 0 pages, 0 new logs\n", said)
