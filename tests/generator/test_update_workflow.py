"""The steps of `examples/deploy/update-spec.yml` run as scripts; other programs replace the generator and `gh`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from generator.yaml_documents import load_yaml

WORKFLOW = Path(__file__).parents[2] / "examples" / "deploy" / "update-spec.yml"

pytestmark = pytest.mark.skipif(not shutil.which("bash") or not shutil.which("git"), reason="needs bash and Git")


def read_job() -> dict[str, Any]:
    job: dict[str, Any] = load_yaml(WORKFLOW.read_bytes())["jobs"]["update"]
    return job


class Runner:
    """A repository with a remote in which the scripts of the workflow run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository, self.remote, self.programs = (folder / name for name in ("clone", "remote.git", "programs"))
        self.output, self.calls = folder / "output", folder / "calls"
        self.programs.mkdir()
        self.git("init", "-q", "--bare", str(self.remote), cwd=folder)
        self.git("init", "-q", "-b", "main", str(self.repository), cwd=folder)
        (self.repository / "document.yml").write_text("old\n")
        self.git("remote", "add", "origin", str(self.remote))
        (self.repository / ".gitignore").write_text(".venv/\n")
        self.git("add", ".")
        self.git("commit", "-qm", "Add the document")
        self.write_program(self.programs / "make", "exit 0")
        self.write_program(
            self.programs / "gh", f'echo "$@" >> "{self.calls}"; [ "$2" != list ] || echo "$OPEN_PULL_REQUEST"'
        )

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        names = ("-c", "user.name=n", "-c", "user.email=n@example.test")
        done = subprocess.run(
            ["git", *names, *arguments], cwd=cwd or self.repository, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    @staticmethod
    def write_program(path: Path, script: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{script}\n")
        path.chmod(0o755)

    def run(self, generator: str, *, open_pull_request: str = "") -> int:
        """Run the steps as a runner does: later ones only if their condition holds. Return the last exit code."""
        self.write_program(self.repository / ".venv" / "bin" / "python", generator)
        self.output.write_text("")
        job = read_job()
        outputs: dict[str, str] = {}
        for step in job["steps"]:
            if "run" not in step or ("if" in step and outputs["changed"] != "true"):
                continue
            environment = {
                **os.environ,
                "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
                "REPORT": str(self.folder / "report.md"),
                "BRANCH": job["env"]["BRANCH"],
                "GITHUB_OUTPUT": str(self.output),
                "OPEN_PULL_REQUEST": open_pull_request,
                "DRAFT": outputs.get("draft", ""),
            }
            done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=self.repository, env=environment, check=False)
            if done.returncode:
                return done.returncode
            outputs = dict(line.split("=", 1) for line in self.output.read_text().splitlines())
        return 0

    @property
    def requests(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.is_file() else []


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


UPDATE = (
    "echo new > document.yml; echo new > model.py; "
    '[ "$1 $2 $3 $4" = "-m generator update --report" ] && echo report > "$5"; exit '
)


@pytest.mark.parametrize(("code", "draft"), [(0, ""), (3, " --draft")])
def test_new_document_opens_a_pull_request_with_the_report(runner: Runner, code: int, draft: str) -> None:
    assert runner.run(f"{UPDATE}{code}") == 0
    report = runner.folder / "report.md"
    title = "Update the OpenAPI document"
    assert runner.requests[-1] == f"pr create --head update-spec --title {title} --body-file {report}{draft}"
    assert report.read_text() == "report\n"
    assert runner.git("show", "update-spec:document.yml", cwd=runner.remote) == "new"
    assert runner.git("diff", "--name-only", "main", "update-spec") == "document.yml\nmodel.py"


def test_open_pull_request_is_updated(runner: Runner) -> None:
    assert runner.run(f"{UPDATE}0", open_pull_request="7") == 0
    assert runner.requests[-1] == f"pr edit update-spec --body-file {runner.folder / 'report.md'}"


def test_equivalent_document_opens_nothing(runner: Runner) -> None:
    assert runner.run("exit 0") == 0
    assert runner.requests == []
    assert runner.git("branch", cwd=runner.remote) == ""


@pytest.mark.parametrize("code", [2, 4])
def test_failed_update_fails_the_job(runner: Runner, code: int) -> None:
    assert runner.run(f"exit {code}") == code
    assert runner.requests == []


def test_workflow_runs_weekly_with_least_permissions() -> None:
    workflow = load_yaml(WORKFLOW.read_bytes())
    assert len(workflow["on"]["schedule"]) == 1
    assert workflow["on"]["schedule"][0]["cron"].split()[2:] == ["*", "*", "1"]
    assert workflow["permissions"] == {"contents": "write", "pull-requests": "write"}
    assert all("${{" not in step["run"] for step in read_job()["steps"] if "run" in step)
