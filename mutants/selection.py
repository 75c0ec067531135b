"""Selects the tests that can notice a mutant, from the lines that each test executes."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from mutants.targets import SHARED_RESULTS, can_kill

if TYPE_CHECKING:
    from mutants.mutant import Mutant

__all__ = ["MeasuredTest", "Measurement", "find_statement_lines", "select_tests"]


@attrs.frozen
class MeasuredTest:
    """One test.

    Attributes:
        name: Its node id.
        seconds: Duration, with the overhead of the measurement.
        starts_processes: Whether it starts Python processes. The lines that they execute are not known.
    """

    name: str
    seconds: float
    starts_processes: bool = False


@attrs.frozen
class Measurement:
    """Measurement of the tests of one test module.

    Attributes:
        tests: The tests, by node id.
        lines: File within the package to line to the node ids of the tests that execute it; None instead of the ids if
            an import executed it, too.
    """

    tests: Mapping[str, MeasuredTest]
    lines: Mapping[str, Mapping[int, Collection[str] | None]]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Measurement:
        """Return a measurement from what `mutants/measure_tests.py` writes."""
        processes = frozenset(values["with_processes"])
        return cls(
            {name: MeasuredTest(name, seconds, name in processes) for name, seconds in values["seconds"].items()},
            {file: {int(line): names for line, names in lines.items()} for file, lines in values["lines"].items()},
        )


def select_tests(mutant: Mutant, measurements: Iterable[Measurement]) -> list[MeasuredTest]:
    """Return the tests that can notice a mutant, the shortest first.

    These are the tests that execute a changed statement or start processes. If the statement is not in a function, or
    if its results are kept for other tests, these are all tests.

    Args:
        mutant: The mutant.
        measurements: Measurements of the test modules of its file.
    """
    lines = find_statement_lines(mutant.source, _find_changed_lines(mutant))
    selected: list[MeasuredTest] = []
    for measurement in measurements:
        executed = measurement.lines.get(mutant.file, {})
        found = [executed[line] for line in lines or () if line in executed]
        names = {name for one in found if one is not None for name in one}
        runs_all = lines is None or None in found or mutant.file.startswith(SHARED_RESULTS)
        selected += [
            test
            for test in measurement.tests.values()
            if (runs_all or test.starts_processes or test.name in names) and can_kill(test.name, mutant.file)
        ]
    return sorted(selected, key=lambda test: test.seconds)


def find_statement_lines(source: str, changed: Collection[int]) -> set[int] | None:
    """Return the lines of the statements with changed lines; None if one of them is executed by the import.

    Args:
        source: Source of the file.
        changed: Numbers of the changed lines.
    """
    spans = list(_find_spans(ast.parse(source), is_in_function=False))
    found: set[int] = set()
    for line in changed:
        span = max((span for span in spans if span[0] <= line <= span[1]), default=None)
        if span is None or not span[2]:
            return None
        found.update(range(span[0], span[1] + 1))
    return found


def _find_changed_lines(mutant: Mutant) -> set[int]:
    before, after = mutant.source.splitlines(), mutant.mutated.splitlines()
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return {
        number
        for kind, first, last, _, _ in changes
        if kind != "equal"
        for number in range(first + 1, last + 1) or [first]  # an inserted line belongs to the one before it
    }


_Span = tuple[int, int, bool]

_BLOCKS: Final = ("body", "orelse", "finalbody", "handlers", "cases")


def _find_spans(node: ast.AST, *, is_in_function: bool) -> Iterator[_Span]:
    """Yield first and last line of each statement, without the statements inside, and whether a function has it."""
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for name in _BLOCKS:
        children: Sequence[ast.stmt | ast.ExceptHandler | ast.match_case] = getattr(node, name, [])
        for child in children if isinstance(children, list) else ():
            is_inside = is_in_function or is_function
            inner = [found for found in getattr(child, "body", []) if isinstance(found, ast.stmt)]
            first, last = _get_lines(child)
            yield first, (inner[0].lineno - 1 if inner and inner[0].lineno > first else last), is_inside
            yield from _find_spans(child, is_in_function=is_inside)


def _get_lines(node: ast.stmt | ast.ExceptHandler | ast.match_case) -> tuple[int, int]:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno, node.body[-1].end_lineno or node.pattern.lineno
    decorators = getattr(node, "decorator_list", [])
    return min((node.lineno, *(decorator.lineno for decorator in decorators))), node.end_lineno or node.lineno
