"""Which tests run against a mutant."""

from __future__ import annotations

from textwrap import dedent

import pytest

from mutants.mutant import Mutant
from mutants.selection import Measurement, find_statement_lines, select_tests

SOURCE = dedent(
    """\
    LIMIT = 3

    def check(value: int) -> int:
        if (
            value > LIMIT
            and value < 10
        ):
            return build(
                value,
                100,
            )
        try:
            return int(value)
        except ValueError:
            return 0

    @decorated
    def other(size: int = 5) -> int:
        return size
    """
)

MEASUREMENT = Measurement.from_dict(
    {
        "seconds": {
            "tests/sync/test_a.py::test_slow": 2.0,
            "tests/sync/test_a.py::test_fast": 0.1,
            "tests/sync/test_a.py::test_process": 1.0,
            "tests/sync/test_a.py::test_unrelated": 0.5,
            "tests/sync/test_a.py::test_fast[postgresql]": 0.2,
        },
        "with_processes": ["tests/sync/test_a.py::test_process"],
        "lines": {
            "sync/job.py": {
                "8": ["tests/sync/test_a.py::test_slow"],
                "9": ["tests/sync/test_a.py::test_fast", "tests/sync/test_a.py::test_fast[postgresql]"],
                "13": None,
            }
        },
    }
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(1, None, id="module"),
        pytest.param(3, None, id="signature"),
        pytest.param(6, {4, 5, 6, 7}, id="condition over several lines"),
        pytest.param(10, {8, 9, 10, 11}, id="call over several lines"),
        pytest.param(13, {13}, id="statement in try"),
        pytest.param(14, {14}, id="except"),
        pytest.param(15, {15}, id="statement in except"),
        pytest.param(17, None, id="decorator"),
        pytest.param(19, {19}, id="after a decorated signature"),
    ],
)
def test_changed_line_belongs_to_a_statement(line: int, expected: set[int] | None) -> None:
    assert find_statement_lines(SOURCE, {line}) == expected


def select(original: str, mutated: str, file: str = "sync/job.py") -> list[str]:
    mutant = Mutant(file, "", SOURCE, SOURCE.replace(original, mutated))
    return [test.name.removeprefix("tests/sync/test_a.py::test_") for test in select_tests(mutant, [MEASUREMENT])]


def test_tests_that_execute_the_statement_or_start_processes_are_selected_the_shortest_first() -> None:
    assert select("100", "101") == ["fast", "process", "slow"]


def test_inserted_line_is_run_against_the_tests_of_the_line_before_it() -> None:
    assert select("            100,\n        )\n", "            100,\n        )\n        other()\n") == [
        "fast",
        "process",
        "slow",
    ]
    assert select("LIMIT = 3\n", "import os\nLIMIT = 3\n") == ["fast", "unrelated", "process", "slow"]


def test_statement_that_no_test_executes_is_run_against_tests_with_processes_only() -> None:
    assert select("return 0", "return 1") == ["process"]


@pytest.mark.parametrize(
    ("original", "mutated"), [("LIMIT = 3", "LIMIT = 4"), ("int(value)", "int(-value)"), ("@decorated\n", "")]
)
def test_line_that_an_import_executes_is_run_against_all_tests(original: str, mutated: str) -> None:
    assert select(original, mutated) == ["fast", "unrelated", "process", "slow"]


def test_file_with_kept_results_is_run_against_all_tests() -> None:
    assert select("return 0", "return 1", "sync/redaction/names.py") == ["fast", "unrelated", "process", "slow"]


def test_file_with_code_for_postgresql_is_run_against_its_variants() -> None:
    assert select("LIMIT = 3", "LIMIT = 4", "sync/store.py")[:2] == ["fast", "fast[postgresql]"]
