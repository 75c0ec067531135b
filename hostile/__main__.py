"""Run the client against a hostile server and print a table. Same as `make hostile`.

Each scenario runs on both transports, in a client process with 2 GB of virtual memory. The exit code is 1 if a call
does not end in time, raises an exception that is not a `SendcloudError`, has an outcome that the scenario does not
allow, blocks the event loop for more than 100 ms with a response below 1 MiB, or breaks the next
call of the same client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import attrs

from hostile.measurements import Measurement
from tests.support.hostile_scenarios import SCENARIOS, Scenario
from tests.support.hostile_server import run_hostile_server

T = TypeVar("T")

_ROOT = Path(__file__).parents[1]
_TRANSPORTS = ("httpcore2", "aiohttp")
_HANG_SECONDS = 20.0
_MAX_BLOCK = 0.1
_MEASUREMENTS = 8
_PAUSE = 1.0
_BUFFER_BYTES = 1_000_000


def main(arguments: list[str] | None = None) -> int:
    """Run the scenarios.

    Args:
        arguments: Command-line arguments; defaults to those of the process.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m hostile", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="only scenarios whose names contain this text")
    parser.add_argument("--transport", choices=_TRANSPORTS, help="only this transport")
    options = parser.parse_args(arguments)
    scenarios = [scenario for scenario in SCENARIOS if options.only.lower() in scenario.name.lower()]
    transports = [options.transport] if options.transport else list(_TRANSPORTS)
    if not scenarios:
        parser.error(f"no scenario contains {options.only!r}")
    return asyncio.run(_run(scenarios, transports))


async def _run(scenarios: Sequence[Scenario], transports: Sequence[str]) -> int:
    print(f"{'scenario':46} {'transport':10} {'outcome':26} {'seconds':>8} {'block ms':>9} {'peak MB':>8}")
    failures: list[str] = []
    seconds = longest_block = peak_memory = 0.0
    for transport in transports:
        client = _ClientProcess(transport)
        try:
            for scenario in scenarios:
                measurement = await _measure(client, scenario)
                problems = _find_problems(scenario, measurement)
                failures += [f"{scenario.name} ({transport}): {problem}" for problem in problems]
                print(_format_row(scenario, transport, measurement, problems), flush=True)
                seconds = max(seconds, measurement.seconds)
                peak_memory = max(peak_memory, measurement.peak_memory)
                if not scenario.is_large:
                    longest_block = max(longest_block, measurement.longest_block)
        finally:
            await client.stop()
    print(f"\n{len(scenarios)} scenarios on {' and '.join(transports)}, {len(failures)} failures.")
    print(f"Longest call: {seconds:.1f} s. Longest block below 1 MiB: {1000 * longest_block:.0f} ms. ", end="")
    print(f"Peak memory: {peak_memory / 1e6:.0f} MB.")
    for failure in failures:
        print(f"FAILED {failure}")
    return 1 if failures else 0


async def _measure(client: _ClientProcess, scenario: Scenario) -> Measurement:
    """Measure a scenario, and again after a pause if a block is too long: other programs slow down the processor."""
    measurements: list[Measurement] = []
    while len(measurements) < _MEASUREMENTS:
        measurement = await client.measure(scenario)
        measurements.append(measurement)
        if scenario.is_large or measurement.longest_block <= _MAX_BLOCK:
            break
        await asyncio.sleep(_PAUSE)
    return min(measurements, key=lambda measurement: measurement.longest_block)


def _find_problems(scenario: Scenario, measurement: Measurement) -> list[str]:
    problems: list[str] = []
    if measurement.outcome not in scenario.expected:
        problems.append(f"outcome {measurement.outcome}, expected {' or '.join(sorted(scenario.expected))}")
    if measurement.next_outcome != "data":
        problems.append(f"the next call ended in {measurement.next_outcome}")
    if not scenario.is_large and measurement.longest_block > _MAX_BLOCK:
        problems.append(f"the event loop was blocked for {1000 * measurement.longest_block:.0f} ms")
    return problems


def _format_row(scenario: Scenario, transport: str, measurement: Measurement, problems: Sequence[str]) -> str:
    return (
        f"{scenario.name:46} {transport:10} {measurement.outcome:26} {measurement.seconds:8.2f} "
        f"{1000 * measurement.longest_block:9.1f} {measurement.peak_memory / 1e6:8.1f}"
        f"{'  FAILED' if problems else ''}"
    )


@attrs.define
class _ClientProcess:
    """The process in which the client runs. It is replaced if a call hangs or ends the process."""

    transport: str
    process: asyncio.subprocess.Process | None = None

    async def measure(self, scenario: Scenario) -> Measurement:
        async with run_hostile_server(scenario.behaviour, reads_request=scenario.reads_request) as server:
            if self.process is None:
                await self._start()
            base_url = server.base_url.replace("http:", f"{scenario.scheme}:", 1)
            try:
                async with asyncio.timeout(_HANG_SECONDS):
                    await self._send({"base_url": base_url, "operation": scenario.operation})
                    await self._receive()
                    server.behaviour = None
                    await self._send({})
                    return Measurement(**json.loads(await self._receive()))
            except TimeoutError:
                outcome = "hang"
            except (ValueError, ConnectionError):
                outcome = "end of the process"
            await self.stop()
            return Measurement(outcome, "data", _HANG_SECONDS, 0.0, 0)

    async def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _start(self) -> None:
        async with run_hostile_server() as good_server:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-W", "ignore", "-m", "hostile.client", self.transport, good_server.base_url),
                cwd=_ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_BUFFER_BYTES,
            )
            await self._receive()  # the client is ready

    async def _send(self, command: dict[str, str]) -> None:
        stdin = _get(_get(self.process).stdin)
        stdin.write(json.dumps(command).encode() + b"\n")
        await stdin.drain()

    async def _receive(self) -> bytes:
        return await _get(_get(self.process).stdout).readline()


def _get(value: T | None) -> T:
    if value is None:
        raise ConnectionError("The client process is not running.")
    return value


if __name__ == "__main__":
    sys.exit(main())
