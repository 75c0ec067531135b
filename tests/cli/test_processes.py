"""Commands in a separate process: closed pipes, signals, and prompts on a terminal."""

from __future__ import annotations

import asyncio
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
from typing import Any

import pytest

from sendcloud_integrations_client.testing import SimulatedSendcloud, serve_in_thread
from tests.support.forked_commands import get_forked_command
from tests.support.postgresql import PostgresqlServer

pytestmark = [
    pytest.mark.usefixtures("sendcloud_server"),
    pytest.mark.skipif(os.name != "posix", reason="signals and pseudo-terminals need POSIX"),
]

COMMAND = [sys.executable, "-W", "error", "-m", "sendcloud_integrations_client.cli"]
TIMEOUT = 120.0  # seconds
STOP_MESSAGE = "Stopping after the pages in progress are stored. Interrupt again to stop immediately.\n"


@contextmanager
def start_process(*arguments: str, is_forked: bool = True, **options: object) -> Iterator[subprocess.Popen[str]]:
    """Run the command line in a separate process: a fork, or with `is_forked=False` a new interpreter."""
    command = get_forked_command() if is_forked else COMMAND
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    with subprocess.Popen([*command, *arguments], text=True, **streams) as running:  # type: ignore[call-overload]
        # Ends a process that hangs, so that reading its output does not block the test forever.
        watchdog = threading.Timer(TIMEOUT, running.kill)
        watchdog.start()
        try:
            yield running
        finally:
            watchdog.cancel()
            running.kill()


def wait_until(condition: object, failure_message: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, failure_message
        time.sleep(0.02)


@pytest.mark.sendcloud(integrations=3, logs=5000)
@pytest.mark.parametrize("option", ["--json", "--jsonl", "--limit=0"])
def test_closed_output_pipe_ends_the_command_without_a_message(option: str) -> None:
    with start_process("logs", "list", option) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.wait(TIMEOUT) == 141
        assert running.stderr.read() == ""


@pytest.mark.sendcloud(integrations=3, logs=5000)
def test_logs_list_prints_logs_before_all_are_loaded(sendcloud: SimulatedSendcloud) -> None:
    with start_process("logs", "list", "--jsonl") as running:
        assert running.stdout is not None
        # A pipe buffers about 64 kB. While its reader pauses, the remaining logs are not requested.
        assert json.loads(running.stdout.readline())["id"] == 5000
        time.sleep(0.5)
        assert len(sendcloud.requests) < 30


@pytest.mark.sendcloud(integrations=2, logs=30)
def test_tail_shows_the_newest_logs_and_ends_after_a_permanent_error(sendcloud: SimulatedSendcloud) -> None:
    with start_process("logs", "tail", "--jsonl", "--last", "2", "--interval", "0.1") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert [json.loads(running.stdout.readline())["id"] for _ in range(2)] == [29, 30]
        sendcloud.fail_next("list_logs", status=403)
        assert running.wait(TIMEOUT) == 3
        assert running.stderr.read().count("\n") == 1


@pytest.mark.sendcloud(integrations=2, logs=30)
def test_tail_continues_after_a_temporary_error_and_ends_with_0(sendcloud: SimulatedSendcloud) -> None:
    with start_process("logs", "tail", "--jsonl", "--last", "0", "--interval", "0.1", "-i", "1") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        wait_until(lambda: len(sendcloud.requests) >= 2, "logs tail sent no second request")
        sendcloud.fail_next("list_integration_logs", count=1, status=500, headers={"Retry-After": "0"})
        create = ("logs", "create", "1", "--base-url", "https://shop.example", "--exception")
        for text in ("first", "second"):
            with start_process(*create, text) as creating:
                assert creating.wait(TIMEOUT) == 0
        assert [json.loads(running.stdout.readline())["exception"] for _ in range(2)] == ["first", "second"]
        running.send_signal(signal.SIGINT)
        assert running.wait(TIMEOUT) == 0
        assert running.stderr.read() == ""


@pytest.mark.sendcloud(integrations=2, logs=30)
def test_interrupted_command_is_exit_code_130(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.delay("list_logs", 30)
    with start_process("logs", "list", "--jsonl") as running:
        assert running.stderr is not None
        wait_until(lambda: len(sendcloud.requests) == 1, "no request was sent")
        running.send_signal(signal.SIGINT)
        assert running.wait(TIMEOUT) == 130
        assert running.stderr.read() == ""


def count_stored_logs(database: Path) -> int:
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM log").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


class Gate:
    """Serves the first two pages of the list of logs; the calls for other pages wait until `is_open` is True."""

    def __init__(self, server: SimulatedSendcloud) -> None:
        self._server = server
        self._pages = 0
        self.is_open = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path", "").endswith("/integrations/logs"):
            self._pages += 1
            while self._pages > 2 and not self.is_open:  # noqa: ASYNC110 - the test opens it in another thread
                await asyncio.sleep(0.02)
        await self._server(scope, receive, send)


@pytest.mark.sendcloud(integrations=4, logs=400)
@pytest.mark.parametrize(
    ("number", "code", "is_forked"),
    [
        (signal.SIGTERM, 143, True),
        *(
            pytest.param(*values, False, marks=pytest.mark.long)
            for values in ((signal.SIGTERM, 143), (signal.SIGINT, 130))
        ),
    ],
)
def test_interrupted_sync_keeps_its_pages_and_the_next_run_resumes(
    number: int,
    code: int,
    is_forked: bool,
    sendcloud: SimulatedSendcloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = tmp_path / "logs.db"
    gate = Gate(sendcloud)
    with serve_in_thread(gate) as base_url:
        monkeypatch.setenv("SENDCLOUD_BASE_URL", base_url)
        with start_process("logs", "sync", "--database", str(database), is_forked=is_forked) as running:
            assert running.stderr is not None
            wait_until(lambda: count_stored_logs(database) > 0, "nothing was stored")
            running.send_signal(number)
            assert running.wait(TIMEOUT) == code
            messages = running.stderr.read()
        assert "Interrupt again to stop immediately." in messages
        assert "Traceback" not in messages
        stored_before = count_stored_logs(database)
        assert 0 < stored_before < 400
        gate.is_open = True
        with start_process("logs", "sync", "--database", str(database), "--json") as running:
            assert running.stdout is not None
            summary = json.loads(running.stdout.read())["accounts"][0]
            assert running.wait(TIMEOUT) == 0
    assert summary["new"] == 400 - stored_before
    assert count_stored_logs(database) == 400


@pytest.mark.long
@pytest.mark.sendcloud(integrations=4, logs=1500)
@pytest.mark.parametrize("signals", [1, 2])
def test_interrupted_sync_ends_although_postgresql_hangs(
    signals: int, sendcloud: SimulatedSendcloud, postgresql_server: PostgresqlServer
) -> None:
    command = ("logs", "sync", "--database", postgresql_server.create_database())
    with start_process(*command, is_forked=False) as running:
        assert running.stderr is not None
        wait_until(lambda: len(sendcloud.requests) >= 6, "the sync sent no requests")
        with postgresql_server.frozen():
            running.send_signal(signal.SIGINT)
            messages = ""
            while STOP_MESSAGE not in messages:
                messages += running.stderr.readline()
            if signals == 2:
                running.send_signal(signal.SIGINT)
            assert running.wait(TIMEOUT) == 130
        messages += running.stderr.read()
    assert ("Stopped immediately." in messages) is (signals == 2)
    assert "Traceback" not in messages
    with start_process(*command, "--if-running", "take-over", "--json") as running:
        assert running.stdout is not None
        summary = json.loads(running.stdout.read())["accounts"][0]
        assert running.wait(TIMEOUT) == 0
    assert 0 < summary["new"] < 1500


JOB_THAT_IGNORES_SIGNALS = """
import asyncio, os, signal, sys
from sendcloud_integrations_client.cli.terminal.signals import stop_on_signals

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
def test_second_signal_cancels_the_job_and_third_ends_the_process(times: str) -> None:
    command = [sys.executable, "-W", "error", "-c", JOB_THAT_IGNORES_SIGNALS, times]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stdout) == (143, "cancelled\n"), done.stderr
    assert done.stderr == STOP_MESSAGE


def run_on_terminal(arguments: list[str], reply: bytes, *, keep_styles: bool = False) -> tuple[int, str]:
    """Run a command on a new pseudo-terminal, reply to its prompt, and return its exit code and its output."""
    master, slave = os.openpty()
    shown, has_replied, deadline = b"", False, time.monotonic() + TIMEOUT
    try:
        with start_process(*arguments, stdin=slave, stdout=slave, stderr=slave) as running:
            os.close(slave)
            while time.monotonic() < deadline:
                if not select.select([master], [], [], 0.1)[0]:
                    continue
                try:
                    shown += os.read(master, 4096)
                except OSError:  # Linux raises OSError when the other end of the terminal is closed
                    break
                if b"[y/N]" in shown and not has_replied:
                    os.write(master, reply)
                    has_replied = True
            code = running.wait(TIMEOUT)
    finally:
        os.close(master)
    text = shown.decode()
    return code, text if keep_styles else re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.sendcloud(integrations=2, logs=0)
@pytest.mark.parametrize(
    ("reply", "code", "operations"),
    [
        (b"y\n", 0, ["retrieve_integration", "delete_integration"]),
        (b"n\n", 6, ["retrieve_integration"]),
        (b"\n", 6, ["retrieve_integration"]),
        (b"\x04", 130, ["retrieve_integration"]),
    ],
)
def test_a_deletion_asks_run_on_terminal(
    reply: bytes, code: int, operations: list[str], sendcloud: SimulatedSendcloud
) -> None:
    sendcloud.set_integration(2, shop_name="Tulip Bikes")
    result, shown = run_on_terminal(["integrations", "delete", "2"], reply)
    assert (result, [request.operation for request in sendcloud.requests]) == (code, operations), shown
    assert "Permanently delete integration 2 (Tulip Bikes, api)? [y/N]" in shown


@pytest.mark.sendcloud(integrations=1, logs=0)
def test_replacement_prompt_shows_the_changes(sendcloud: SimulatedSendcloud) -> None:
    options = ["--status", "3=en-gb:Packed", "--status", "9=en-gb:Lost"]
    code, shown = run_on_terminal(["statuses", "replace", "1", *options], b"n\n")
    assert code == 6
    assert "1 new, 1 kept, 2 deleted?" in shown
    code, shown = run_on_terminal(["mapping", "replace", "1", "--delivered", "5"], b"n\n")
    assert code == 6
    assert "DELIVERED from – to 5?" in shown
    assert {request.method for request in sendcloud.requests} == {"GET"}


@pytest.mark.sendcloud(integrations=3, logs=330)
def test_sync_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(tmp_path: Path) -> None:
    code, shown = run_on_terminal(["logs", "sync", "--database", str(tmp_path / "one.db")], b"")
    assert code == 0, shown
    assert re.search(r"default +━{24} +3/3 +330 ", shown)
    assert "complete" in shown
    with start_process("logs", "sync", "--database", str(tmp_path / "two.db")) as running:
        _, messages = running.communicate(timeout=TIMEOUT)
    assert "━" not in messages
    assert "\x1b" not in messages
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ default: 0 of \d integrations, 0 pages, 0 new logs\n", messages)
