"""Nox sessions for `make compatibility`: the tests with other versions of Python and of the dependencies."""

from __future__ import annotations

import tomllib
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.options.error_on_missing_interpreters = False
nox.options.error_on_external_run = True
nox.options.sessions = ["oldest", "newest", "aiohttp"]

_PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]
_EXTRAS = _PROJECT["optional-dependencies"]


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Test with each runtime dependency at its lower bound, including those of the extras."""
    _install(session, *_lower_bounds())
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def newest(session: nox.Session) -> None:
    """Test with the newest version of each dependency, on each installed Python."""
    _install(session)
    # openapi-python-client, which only the generator uses, permits no newer one; users of the package get the newest.
    session.run("python", "-m", "pip", "install", "--quiet", "--upgrade", "typer", silent=True)
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python="3.11")
def aiohttp(session: nox.Session) -> None:
    """Test with the aiohttp transport in every test that does not choose a transport itself."""
    _install(session)
    session.run("pytest", "-n", "auto", *session.posargs, env={"SENDCLOUD_TEST_TRANSPORT": "aiohttp"})


def _install(session: nox.Session, *requirements: str) -> None:
    session.run("python", "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1", silent=True)
    session.install("--editable", f".[{','.join(_EXTRAS)}]", "--group", "dev", *requirements)
    for name in ("httpx", "attrs"):
        session.run("python", "-c", f"import importlib.metadata as m; print('{name}', m.version('{name}'))")


def _lower_bounds() -> list[str]:
    requirements = [*_PROJECT["dependencies"], *(line for lines in _EXTRAS.values() for line in lines)]
    return [
        f"{requirement.name}=={bound.version}"
        for requirement in map(Requirement, requirements)
        for bound in requirement.specifier
        if bound.operator == ">="
    ]
