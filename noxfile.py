"""The tests with other versions than the newest: `make compatibility`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.options.error_on_missing_interpreters = False
nox.options.error_on_external_run = True
nox.options.sessions = ["oldest", "newest", "aiohttp"]

_EXTRAS = ("testing", "aiohttp", "sync", "postgresql")


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Every run-time dependency at its lower bound, those of the extras too."""
    _install(session, *_lower_bounds())
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def newest(session: nox.Session) -> None:
    """Every dependency at its newest version, on each Python that is installed."""
    _install(session)
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python="3.11")
def aiohttp(session: nox.Session) -> None:
    """The aiohttp transport wherever a test leaves the choice to the client."""
    _install(session)
    session.run("pytest", "-n", "auto", *session.posargs, env={"SENDCLOUD_TEST_TRANSPORT": "aiohttp"})


def _install(session: nox.Session, *requirements: str) -> None:
    session.run("python", "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1", silent=True)
    session.install("--editable", f".[{','.join(_EXTRAS)}]", "--group", "dev", *requirements)
    for name in ("httpx", "attrs"):
        session.run("python", "-c", f"import importlib.metadata as m; print('{name}', m.version('{name}'))")


def _lower_bounds() -> list[str]:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(line for name in _EXTRAS for line in project["optional-dependencies"][name])]
    return [
        f"{requirement.name}=={bound.version}"
        for requirement in map(Requirement, asked)
        for bound in requirement.specifier
        if bound.operator == ">="
    ]
