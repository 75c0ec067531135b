"""Each file that mutation tests change has test modules, and what they list exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutants.equivalents import EQUIVALENTS
from mutants.known import KNOWN, build_known_mutants
from mutants.mutations import check_equivalents, find_sites
from mutants.targets import NEEDS_POSTGRESQL, PACKAGE, TEST_MODULES, TargetError, find_sampled_files, get_tests
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


def test_excluding_variants_for_postgresql_excludes_no_module() -> None:
    modules = {module for modules in TEST_MODULES.values() for module in modules if "postgresql" in module}
    assert modules == {"sync/test_postgresql_urls.py"}
    assert get_tests(ROOT, "sync/postgresql_urls.py")[-1] == "not postgresql or test_postgresql_urls"


def test_file_without_test_modules_is_an_error() -> None:
    with pytest.raises(TargetError, match=r"No test modules for .*nothing\.py"):
        get_tests(ROOT, "nothing.py")


@pytest.mark.long
def test_tests_that_read_files_of_the_repository_pass_in_its_copy(tmp_path: Path) -> None:
    outcome = Workspace(ROOT, tmp_path / "copy").run_tests(["tests/generator/test_other_documents.py"], timeout=300)
    assert outcome.kind == "passed", outcome.output
