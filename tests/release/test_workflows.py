"""The workflows, templates and hooks are valid YAML and run only make targets that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.test_docs import read_make_targets
from tests.support.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OPERATING_SYSTEMS = {"ubuntu-latest", "macos-latest", "windows-latest"}

if not WORKFLOWS:
    pytest.skip("The source distribution contains no workflows.", allow_module_level=True)


def load(path: Path) -> Any:
    # BaseLoader keeps every scalar as text: `on` stays a key, and "3.10" a version.
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def read_jobs(path: Path) -> dict[str, Any]:
    jobs: dict[str, Any] = load(path)["jobs"]
    return jobs


def find_problems(workflow: Any) -> list[str]:
    """Return what is wrong with the steps of a workflow."""
    problems = []
    for name, job in workflow["jobs"].items():
        if not re.fullmatch(r"\d+", job.get("timeout-minutes", "")):
            problems.append(f"{name}: no time limit")
        if job.get("needs", name) not in workflow["jobs"]:
            problems.append(f"{name}: needs the unknown job {job['needs']}")
        for step in job["steps"]:
            if ("run" in step) == ("uses" in step):
                problems.append(f"{name}: a step needs either run or uses")
            elif "uses" in step:
                if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+@(v\d+|release/v\d+)", step["uses"]):
                    problems.append(f"{name}: {step['uses']} has no version")
            else:
                problems += [f"{name}: {problem}" for problem in find_command_problems(step["run"], job)]
    return problems


def find_command_problems(command: str, job: Any) -> list[str]:
    words = re.sub(r"\$\{\{ matrix\.\w+ \}\}", "x", command).split()
    targets = {word for word in words[1:] if "=" not in word}
    if words[0] != "make" or not targets:
        return [f"{command} is no make target"]
    used = set(re.findall(r"matrix\.(\w+)", command))
    return [
        *(f"{command}: unknown target {target}" for target in sorted(targets - read_make_targets())),
        *(f"{command}: unknown matrix {name}" for name in sorted(used - {*job.get("strategy", {}).get("matrix", {})})),
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_steps_are_valid(path: Path) -> None:
    workflow = load(path)
    assert {"name", "on", "permissions", "jobs"} <= workflow.keys()
    assert find_problems(workflow) == []


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"run": "make tests"}, "unknown target tests"),
        ({"run": "pip install ."}, "is no make target"),
        ({"run": "make compatibility SESSION=${{ matrix.version }}"}, "unknown matrix version"),
        ({"uses": "actions/checkout@main"}, "has no version"),
        ({"name": "nothing"}, "either run or uses"),
    ],
)
def test_invalid_steps_are_found(step: dict[str, str], problem: str) -> None:
    job = {"timeout-minutes": "5", "steps": [{"run": "make lint"}, step]}
    (found,) = find_problems({"jobs": {"checks": job}})
    assert problem in found


def test_ci_covers_each_supported_python_on_each_system() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: "
    versions = {name.removeprefix(prefix) for name in project["classifiers"] if re.fullmatch(rf"{prefix}3\.\d+", name)}
    jobs = read_jobs(ROOT / ".github" / "workflows" / "ci.yml")
    matrix = jobs["tests"]["strategy"]["matrix"]
    assert set(matrix["os"]) == OPERATING_SYSTEMS
    assert set(matrix["python"]) == versions
    assert f">={min(versions, key=lambda version: int(version[2:]))}" == project["requires-python"]
    sessions = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert f"@nox.session(python={sorted(versions)!r})".replace("'", '"') in sessions
    for session in read_jobs(ROOT / ".github" / "workflows" / "ci.yml")["dependencies"]["strategy"]["matrix"][
        "session"
    ]:
        assert f"def {session}(" in sessions


def test_only_the_publishing_jobs_can_request_an_identity() -> None:
    jobs = [(path.name, name, job) for path in WORKFLOWS for name, job in read_jobs(path).items()]
    with_identity = {(file, name) for file, name, job in jobs if "id-token" in job.get("permissions", {})}
    assert with_identity == {("release.yml", "publish"), ("docs.yml", "publish")}
    for file, name, job in jobs:
        if (file, name) in with_identity:  # such a job runs no code of the repository
            assert [step for step in job["steps"] if "run" in step or "checkout" in step["uses"]] == []
            assert "environment" in job


def test_release_is_published_only_after_the_checks() -> None:
    jobs = read_jobs(ROOT / ".github" / "workflows" / "release.yml")
    commands = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert commands == ["make test", "make release-check"]
    assert jobs["publish"]["needs"] == "build"


def test_hooks_run_existing_make_targets() -> None:
    hooks = [hook for repo in load(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    entries = [hook["entry"].split() for hook in hooks]
    assert len(entries) >= 3
    assert {(entry[0], entry[1] in read_make_targets()) for entry in entries} == {("make", True)}
    for hook in hooks:
        assert re.compile(hook.get("files", ""))


def test_issue_templates_have_the_required_fields() -> None:
    for name in ("bug", "feature"):
        template = load(ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml")
        assert {"name", "description", "body"} <= template.keys()
        ids = [field["id"] for field in template["body"] if field["type"] != "markdown"]
        assert len(ids) == len(set(ids)) >= 3
        assert all(field["attributes"] for field in template["body"])
