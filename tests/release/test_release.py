"""The checks of `make release-check` find wrong versions, files and metadata. No test builds or installs a package."""

from __future__ import annotations

import io
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from release.artifacts import Artifacts, check_project_url, check_sdist_contents, check_wheel_contents
from release.changelog import check_changelog
from release.extras import PROGRAMS
from sendcloud_integrations_client import __version__
from tests.support.paths import ROOT

PACKAGE = "sendcloud_integrations_client"
METADATA = f"Metadata-Version: 2.4\nName: sendcloud-integrations-client\nVersion: {__version__}\n"
INFORMATION = [f"{PACKAGE}-{__version__}.dist-info/{name}" for name in ("WHEEL", "RECORD", "entry_points.txt")]
INFORMATION.append(f"{PACKAGE}-{__version__}.dist-info/licenses/LICENSE")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    package = tmp_path / "project" / PACKAGE
    (package / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "py.typed", "__pycache__/__init__.pyc"):
        (package / name).touch()
    return package.parent


def write_artifacts(
    folder: Path, files: list[str], sdist_files: list[str] | None = None, metadata: str = ""
) -> Artifacts:
    with zipfile.ZipFile(folder / "package.whl", "w") as archive:
        archive.writestr(f"{PACKAGE}-{__version__}.dist-info/METADATA", METADATA + metadata)
        for name in files:
            archive.writestr(name, "")
    with tarfile.open(folder / "package.tar.gz", "w:gz") as archive:
        for name in sdist_files or []:
            archive.addfile(tarfile.TarInfo(f"package-{__version__}/{name}"), io.BytesIO())
    return Artifacts.find(folder)


def test_complete_wheel_has_no_problem(root: Path, tmp_path: Path) -> None:
    files = [f"{PACKAGE}/__init__.py", f"{PACKAGE}/py.typed", *INFORMATION]
    assert check_wheel_contents(write_artifacts(tmp_path, files), root) == []


def test_missing_and_foreign_files_of_a_wheel_are_found(root: Path, tmp_path: Path) -> None:
    files = [f"{PACKAGE}/__init__.py", "tests/test_client.py", *INFORMATION]
    problems = check_wheel_contents(write_artifacts(tmp_path, files), root)
    assert [f"{PACKAGE}/py.typed" in problems[0], "tests/test_client.py" in problems[1]] == [True, True]
    assert len(problems) == 2


def test_missing_and_unwanted_files_of_a_source_distribution_are_found(root: Path, tmp_path: Path) -> None:
    complete = ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md", "pyproject.toml"]
    complete += [f"{name}/x" for name in (PACKAGE, "docs", "examples", "generator", "openapi", "tests")]
    assert check_sdist_contents(write_artifacts(tmp_path, [], complete), root) == []
    problems = check_sdist_contents(write_artifacts(tmp_path, [], [*complete[1:], ".venv/x"]), root)
    assert problems == [
        "The source distribution does not contain CHANGELOG.md.",
        "The source distribution contains .venv. Exclude it in pyproject.toml.",
    ]


def test_missing_project_url_is_found(tmp_path: Path) -> None:
    (problem,) = check_project_url(write_artifacts(tmp_path, []).metadata)
    assert "no project URL" in problem
    with_url = write_artifacts(tmp_path, [], metadata="Project-URL: Source, https://example.com\n")
    assert check_project_url(with_url.metadata) == []


@pytest.mark.parametrize(
    ("heading", "tag", "problems"),
    [
        ("## 1.2.0 (unreleased)", "", []),
        ("## 1.2.0 (2026-05-04)", "v1.2.0", []),
        ("## 1.1.0 (2026-05-04)", "", ["starts with 1.1.0"]),
        ("## 1.2.0 (unreleased)", "v1.2.0", ["no date"]),
        ("## 1.2.0 (2026-05-04)", "v1.2.1", ["tag v1.2.1"]),
        ("## 1.2.0", "1.2.0", ["tag 1.2.0", "no date"]),
        ("Nothing", "", ["has no section"]),
    ],
)
def test_version_changelog_and_tag_must_agree(heading: str, tag: str, problems: list[str]) -> None:
    found = check_changelog(f"# Changelog\n\n{heading}\nText.\n", "1.2.0", tag)
    assert len(found) == len(problems)
    assert all(part in problem for part, problem in zip(problems, found, strict=True))


def test_version_and_changelog_of_this_project_agree() -> None:
    assert check_changelog((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__) == []


def test_each_extra_has_a_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {*PROGRAMS} == {"", *project["optional-dependencies"]}
