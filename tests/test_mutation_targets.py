"""Each file that mutation tests change has test modules, and what they list exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutants.equivalents import EQUIVALENTS, check_equivalents
from mutants.known import KNOWN, build_known_mutants
from mutants.mutant import Mutant
from mutants.selection import select_tests
from mutants.targets import (
    NEEDS_POSTGRESQL,
    PACKAGE,
    TEST_MODULES,
    TargetError,
    can_kill,
    find_sampled_files,
    get_tests,
)
from mutants.workspace import Workspace
from tests.support.paths import ROOT


def test_every_sampled_file_has_test_modules() -> None:
    files = [file for file in find_sampled_files(ROOT, "") if not file.endswith("__init__.py")]
    assert len(files) > 50
    for file in files:
        assert get_tests(ROOT, file)


def test_listed_files_exist() -> None:
    assert [file for file in (*TEST_MODULES, *NEEDS_POSTGRESQL) if not (ROOT / PACKAGE / file).is_file()] == []


def test_listed_mutants_match_the_code() -> None:
    assert len(build_known_mutants(ROOT)) == len(KNOWN)
    sources = {file: (ROOT / PACKAGE / file).read_text() for file in find_sampled_files(ROOT, "")}
    assert {equivalent.file for equivalent in EQUIVALENTS} <= sources.keys()
    assert check_equivalents(sources) == []


def test_declarations_and_equal_comparisons_are_not_mutated() -> None:
    pytest.importorskip("cosmic_ray", reason="`make mutants` installs cosmic-ray")
    from mutants.mutations import find_sites

    source = """
class Shape:
    @classmethod
    def build(cls):
        \"""Build a shape.\"""
        raise NotImplementedError

    @classmethod
    def fail(cls, value):
        if value is UNSET:
            return value is not False
        raise NotImplementedError
"""
    sites = find_sites("shapes.py", source)
    assert [(site.position[0], site.family) for site in sites] == [
        (8, "core/RemoveDecorator"),
        (10, "core/AddNot"),
        (10, "core/ReplaceComparisonOperator"),
        (11, "core/ReplaceComparisonOperator"),
        (11, "core/ReplaceFalseWithTrue"),
    ]
    of_unset, of_false = ({name.rpartition("Operator_")[2] for name, _ in site.variants} for site in sites[2:4])
    assert "Is_Eq" not in of_unset
    assert {"Is_IsNot", "Is_NotEq"} <= of_unset
    assert "IsNot_NotEq" in of_false


def test_code_for_windows_and_for_type_checkers_is_not_mutated() -> None:
    pytest.importorskip("cosmic_ray", reason="`make mutants` installs cosmic-ray")
    from mutants.mutations import find_sites

    source = """
if TYPE_CHECKING:
    from sizes import Size
if sys.platform == "win32":
    size = 1
    limit = 2
else:
    size = 3
other = 4
"""
    found = [site.position[0] for site in find_sites("sizes.py", source)]
    assert sorted(set(found)) == [4, 8, 9]


def test_variants_for_postgresql_are_run_for_files_with_code_for_it() -> None:
    variant = "tests/sync/test_sync.py::test_first_run[postgresql]"
    assert can_kill(variant, "sync/store.py")
    assert not can_kill(variant, "sync/list_sync.py")
    assert can_kill("tests/sync/test_sync.py::test_first_run[sqlite]", "sync/list_sync.py")
    assert can_kill("tests/sync/test_faults.py::test_errors_of_postgresql[error]", "sync/database_faults.py")


def test_file_without_test_modules_is_an_error() -> None:
    with pytest.raises(TargetError, match=r"No test modules for .*nothing\.py"):
        get_tests(ROOT, "nothing.py")


@pytest.mark.long
def test_measured_tests_pass_in_a_copy_of_the_repository_and_notice_a_mutant(tmp_path: Path) -> None:
    file, module = "auth/api_keys.py", "tests/generator/test_other_documents.py"
    source = (ROOT / PACKAGE / file).read_text()
    workspace = Workspace(ROOT, tmp_path / "copy")
    try:
        measurement = workspace.measure_tests(module, timeout=300)
        mutated = source.replace("raise ConfigurationError(", "raise ValueError(")
        mutant = Mutant(file, "another class of error", source, mutated)
        tests = [test.name for test in select_tests(mutant, [measurement])]
        assert 0 < len(tests) < len(measurement.tests)
        unchanged = workspace.run_tests(tests, 300, 60)
        assert unchanged.kind == "passed", unchanged.output
        changed = workspace.run_mutant(file, mutated, tests, 300, 60)
        assert (changed.kind, changed.failed_test in tests) == ("failed", True), changed.output
        endless = workspace.run_mutant(file, f"{source}\nwhile True:\n    pass\n", tests, 5, 60)
        assert endless.kind == "timeout"
        assert workspace.run_tests(tests[:1], 300, 60).kind == "passed"
    finally:
        workspace.close()
