"""Run mutation tests: a random sample of mutants, and every known one. Same as `make mutants`.

Each mutant runs in a copy of the repository, against those tests of its test modules that execute a changed line.
Without such a test, it survives at once. The exit code is 1 if less than 90 percent of the mutants are killed, if a
known mutant survives, or if the time limit ends the run; 2 if it cannot start.
"""

from __future__ import annotations

import argparse
import queue
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from mutants.equivalents import check_equivalents
from mutants.known import KnownMutantError, build_known_mutants
from mutants.mutant import Mutant
from mutants.mutations import draw_mutants, find_sites
from mutants.selection import MeasuredTest, Measurement, select_tests
from mutants.targets import PACKAGE, TargetError, find_sampled_files, get_tests
from mutants.workspace import Outcome, Workspace, WorkspaceError

_ROOT: Final = Path(__file__).parents[1]
_WORKERS: Final = 2
_MIN_KILL_RATE: Final = 0.9
_TIMEOUT_FACTOR: Final = 3.0
_MIN_TEST_TIMEOUT: Final = 15.0  # enough for a fixture that another test started during the measurement
_START_SECONDS: Final = 20.0  # for the start of pytest, the collection of the tests, and such a fixture
_MEASUREMENT_TIMEOUT: Final = 600.0


def main(arguments: list[str] | None = None) -> int:
    """Run the mutation tests.

    Args:
        arguments: Command-line arguments; defaults to those of the process.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=300, help="number of random mutants (default: 300)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample (default: 1)")
    parser.add_argument(
        "--only", default="", metavar="PREFIX", help=f"only files of {PACKAGE}/ that start with this, such as sync/"
    )
    parser.add_argument("--minutes", type=float, default=40.0, help="time limit of the run (default: 40)")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        mutants = _select(options.only.removeprefix(f"{PACKAGE}/"), options.sample, options.seed)
        tests = {file: get_tests(_ROOT, file) for file in sorted({mutant.file for mutant in mutants})}
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            run = _Run(Path(folder), started + 60 * options.minutes)
            try:
                measured = run.measure_tests(sorted({module for modules in tests.values() for module in modules}))
                selections = [
                    select_tests(mutant, [measured[module] for module in tests[mutant.file]]) for mutant in mutants
                ]
                outcomes = run.run_mutants(mutants, selections)
            finally:
                run.close()
    except (KnownMutantError, TargetError, WorkspaceError) as error:
        print(error, file=sys.stderr)
        return 2
    return _report(mutants, outcomes, time.monotonic() - started)


def _select(only: str, size: int, seed: int) -> list[Mutant]:
    files = find_sampled_files(_ROOT, only)
    sources = {file: (_ROOT / PACKAGE / file).read_text(encoding="utf-8") for file in files}
    if outdated := check_equivalents(sources):
        raise KnownMutantError("\n".join(outdated))
    known = [mutant for mutant in build_known_mutants(_ROOT) if mutant.file.startswith(only)]
    sites = [site for file in files for site in find_sites(file, sources[file])]
    for file in {site.file for site in sites}:
        get_tests(_ROOT, file)
    drawn = list(draw_mutants(sites, sources, size, seed)) if sites else []
    print(f"{len(drawn)} mutants, drawn from {len(sites)} sites in {len(files)} files with seed {seed}; ", end="")
    print(f"{len(known)} known mutants.", flush=True)
    if not known and not drawn:
        raise TargetError("No mutants were selected.")
    return [*known, *drawn]


class _Run:
    """Workers, each with its own copy of the repository."""

    def __init__(self, folder: Path, deadline: float) -> None:
        self._deadline = deadline
        self._done = 0
        self._free: queue.SimpleQueue[Workspace] = queue.SimpleQueue()
        self._workspaces = [Workspace(_ROOT, folder.resolve() / str(number)) for number in range(_WORKERS)]
        for workspace in self._workspaces:
            self._free.put(workspace)

    def close(self) -> None:
        """End the processes of the workers."""
        for workspace in self._workspaces:
            workspace.close()

    def measure_tests(self, modules: Sequence[str]) -> dict[str, Measurement]:
        """Run the test modules against the unchanged source, and return their measurements."""
        with ThreadPoolExecutor(_WORKERS) as executor:
            futures = {module: executor.submit(self._measure_tests, module) for module in modules}
            try:
                return {module: future.result() for module, future in futures.items()}
            except WorkspaceError:
                executor.shutdown(cancel_futures=True)
                raise

    def run_mutants(
        self, mutants: Sequence[Mutant], selections: Sequence[Sequence[MeasuredTest]]
    ) -> list[Outcome | None]:
        """Return the outcome of each mutant; None if the time limit was reached before its turn."""
        outcomes: list[Outcome | None] = [None] * len(mutants)

        def run(number: int) -> None:
            if time.monotonic() > self._deadline:
                return
            mutant = mutants[number]
            outcomes[number] = outcome = self._run_mutant(mutant, selections[number])
            self._done += 1
            verdict = {"passed": "SURVIVED", "failed": "killed", "timeout": "timed out"}[outcome.kind]
            reason = "" if selections[number] else ", not executed"
            reason = f" by {outcome.failed_test}" if outcome.failed_test else reason
            print(
                f"{self._done:4}/{len(mutants)} {verdict:9} {outcome.seconds:5.1f} s  {mutant.file}:{mutant.line}  "
                f"{mutant.description}{reason}",
                flush=True,
            )

        # Those that can take the longest come first, so that no worker waits for another one at the end.
        order = sorted(range(len(mutants)), key=lambda number: -_sum_seconds(selections[number]))
        with ThreadPoolExecutor(_WORKERS) as executor:
            list(executor.map(run, order))
        return outcomes

    def _measure_tests(self, module: str) -> Measurement:
        workspace = self._free.get()
        started = time.monotonic()
        try:
            measurement = workspace.measure_tests(module, _MEASUREMENT_TIMEOUT)
        finally:
            self._free.put(workspace)
        print(f"{len(measurement.tests):4} tests in {time.monotonic() - started:5.1f} s: {module}", flush=True)
        return measurement

    def _run_mutant(self, mutant: Mutant, tests: Sequence[MeasuredTest]) -> Outcome:
        if not tests:
            return Outcome("passed", 0.0, "")
        workspace = self._free.get()
        try:
            return workspace.run_mutant(
                mutant.file,
                mutant.mutated,
                [test.name for test in tests],
                timeout=_TIMEOUT_FACTOR * _sum_seconds(tests) + _START_SECONDS,
                timeout_per_test=_TIMEOUT_FACTOR * max(test.seconds for test in tests) + _MIN_TEST_TIMEOUT,
            )
        finally:
            self._free.put(workspace)


def _sum_seconds(tests: Sequence[MeasuredTest]) -> float:
    return sum(test.seconds for test in tests)


def _report(mutants: Sequence[Mutant], outcomes: Sequence[Outcome | None], seconds: float) -> int:
    results = list(zip(mutants, outcomes, strict=True))
    survivors = [mutant for mutant, outcome in results if outcome is not None and outcome.kind == "passed"]
    tested = sum(outcome is not None for outcome in outcomes)
    for mutant in survivors:
        print(f"\nSurvived{' (known)' if mutant.is_known else ''}: {mutant.description}\n{mutant.diff}")
    rate = (tested - len(survivors)) / tested if tested else 0.0
    print(f"\nKilled {tested - len(survivors)} of {tested} mutants: {rate:.1%}. Required: {_MIN_KILL_RATE:.0%}.")
    print(f"Duration: {seconds / 60:.1f} minutes.")
    skipped = len(mutants) - tested
    if skipped:
        print(f"The time limit was reached: {skipped} mutants were not run.")
    has_known_survivor = any(mutant.is_known for mutant in survivors)
    if has_known_survivor:
        print("A known mutant survived. Add a test for its behaviour.")
    return int(rate < _MIN_KILL_RATE or skipped > 0 or has_known_survivor)


if __name__ == "__main__":
    sys.exit(main())
