"""Build the distributions, and check their metadata and files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import attrs
from packaging.metadata import Metadata

__all__ = [
    "Artifacts",
    "build",
    "check_metadata",
    "check_project_url",
    "check_readme",
    "check_sdist_contents",
    "check_wheel_contents",
]

_PACKAGE: Final = "sendcloud_integrations_client"
_SDIST_FILES: Final = frozenset(
    {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md", "pyproject.toml"}
)
_SDIST_FOLDERS: Final = frozenset({_PACKAGE, "docs", "examples", "generator", "openapi", "tests"})
_LINK: Final = re.compile(r'href="([^"]+)"')


@attrs.frozen
class Artifacts:
    """The distributions of one version.

    Args:
        wheel: Path of the wheel.
        sdist: Path of the source distribution.
        metadata: Metadata of the wheel.
    """

    wheel: Path
    sdist: Path
    metadata: Metadata

    @classmethod
    def find(cls, folder: Path) -> Artifacts:
        """Return the distributions in a folder.

        Raises:
            ValueError: The folder does not contain exactly one wheel and one source distribution.
        """
        (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = Metadata.from_email(archive.read(name), validate=True)
        return cls(wheel, sdist, metadata)


def build(root: Path, folder: Path) -> Artifacts:
    """Build the source distribution, and the wheel from it. Other files in `folder` are deleted.

    Raises:
        CalledProcessError: The build failed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(root)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return Artifacts.find(folder)


def check_metadata(artifacts: Artifacts) -> list[str]:
    """Return what a package index would reject or warn about, and what disagrees with pyproject.toml."""
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict"]
    done = subprocess.run(
        [*command, str(artifacts.wheel), str(artifacts.sdist)], capture_output=True, text=True, check=False
    )
    problems = [f"twine check: {' '.join(done.stdout.split())}"] if done.returncode else []
    if artifacts.metadata.license_expression is None:
        problems.append("The metadata has no license expression. Set `license` in pyproject.toml.")
    if not artifacts.metadata.classifiers:
        problems.append("The metadata has no classifiers. Set `classifiers` in pyproject.toml.")
    return problems


def check_project_url(metadata: Metadata) -> list[str]:
    """Return a problem if the metadata names no project URL."""
    if metadata.project_urls or metadata.home_page:
        return []
    return ["The metadata has no project URL. Add [project.urls] to pyproject.toml when the project has a public home."]


def check_readme(metadata: Metadata) -> list[str]:
    """Return the problems of the README as a package index shows it.

    Relative links lead nowhere on a package index. They are a problem only if the project has a URL: before that, no
    absolute URL exists that they could have.
    """
    from readme_renderer import markdown  # installed only for `make release-check`

    text = metadata.description or ""
    if metadata.description_content_type != "text/markdown":
        return [f"The README has the content type {metadata.description_content_type}, not text/markdown."]
    html = markdown.render(text)
    if html is None:
        return ["The README cannot be rendered."]
    problems = []
    if html.count("<h1") != 1:
        problems.append("The README as HTML does not have exactly one title.")
    if html.count("<pre") != len(re.findall(r"^```\w", text, re.MULTILINE)):
        problems.append("The README as HTML does not have one code block per code block of its source.")
    relative = sorted({url for url in _LINK.findall(html) if not url.startswith(("https://", "mailto:", "#"))})
    if relative and not check_project_url(metadata):
        problems.append(f"The README has relative links, such as {relative[0]}. Replace them by absolute URLs.")
    return problems


def check_wheel_contents(artifacts: Artifacts, root: Path) -> list[str]:
    """Return files of the package that are missing in the wheel, and files in it that are not of the package."""
    with zipfile.ZipFile(artifacts.wheel) as archive:
        names = set(archive.namelist())
    package = {
        path.relative_to(root).as_posix()
        for path in (root / _PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    information = f"{_PACKAGE}-{artifacts.metadata.version}.dist-info/"
    files = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    expected = package | {information + name for name in files}
    return [
        *(f"The wheel does not contain {name}." for name in sorted(expected - names)),
        *(f"The wheel contains {name}, which is not part of the package." for name in sorted(names - expected)),
    ]


def check_sdist_contents(artifacts: Artifacts, root: Path) -> list[str]:
    """Return files that are missing in the source distribution, and hidden or built files in it."""
    with tarfile.open(artifacts.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    top_level = {name.partition("/")[0] for name in names}
    missing = (_SDIST_FILES | _SDIST_FOLDERS) - top_level
    unwanted = top_level & {".ci", ".venv", "build", "dist", "node_modules"}
    return [
        *(f"The source distribution does not contain {name}." for name in sorted(missing)),
        *(f"The source distribution contains {name}. Exclude it in pyproject.toml." for name in sorted(unwanted)),
    ]
