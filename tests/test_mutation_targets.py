"""Each file that mutation tests change has test modules, and each listed file exists."""

from __future__ import annotations

import pytest

from mutants.targets import NEEDS_POSTGRESQL, PACKAGE, TEST_MODULES, TargetError, find_sampled_files, get_tests
from tests.support.paths import ROOT


def test_every_sampled_file_has_test_modules() -> None:
    files = [file for file in find_sampled_files(ROOT, "") if not file.endswith("__init__.py")]
    assert len(files) > 50
    for file in files:
        assert get_tests(ROOT, file)


def test_listed_files_exist() -> None:
    assert [file for file in (*TEST_MODULES, *NEEDS_POSTGRESQL) if not (ROOT / PACKAGE / file).is_file()] == []


def test_file_without_test_modules_is_an_error() -> None:
    with pytest.raises(TargetError, match=r"No test modules for .*nothing\.py"):
        get_tests(ROOT, "nothing.py")
