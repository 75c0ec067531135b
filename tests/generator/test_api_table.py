"""`docs/api.md` lists each method of the client, and `check` reports a page that is out of date."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import pytest

from generator import __main__ as command_line
from generator.api_table import build_api_table
from generator.build import GENERATED
from sendcloud_integrations_client import BasicAuth, SendcloudIntegrations
from sendcloud_integrations_client.generated.resources import Resources
from sendcloud_integrations_client.testing.routing import OPERATIONS
from tests.support.paths import ROOT

RESOURCE = '''
class PetsResource:
    def __init__(self, sender: Sender) -> None: ...

    def list(self, *, owner: int | None = None, sort: Sort | None = None) -> Paginator[Pet]:
        """List the pets.

        `GET /pets`

        `GET /owners/{id}/pets` with owner
        """

    @overload
    async def update(self, pet_id: int, body: PetUpdate) -> None: ...
    @overload
    async def update(self, pet_id: int, *, name: str | Unset = UNSET) -> None: ...
    async def update(
        self, pet_id: int, body: PetUpdate | None = None, *, name: str | Unset = UNSET
    ) -> builtins.list[Pet]:
        """Update a pet.

        `PATCH /pets/{id}`
        """
'''


def write_resources(folder: Path) -> tuple[Path, Path]:
    generated, hand_written = folder / "generated", folder / "resources"
    for path in (generated, hand_written):
        path.mkdir()
    (generated / "__init__.py").touch()
    (generated / "pets.py").write_text(RESOURCE)
    (generated / "pets_with_response.py").write_text(RESOURCE)
    (hand_written / "pets.py").write_text(
        'class Pets(PetsResource):\n    async def feed(self, ids: Iterable[int]) -> None:\n        """`GET /food`"""\n'
    )
    return generated, hand_written


def test_table_contains_request_arguments_and_result_of_each_method(tmp_path: Path) -> None:
    table = build_api_table(*write_resources(tmp_path))
    assert re.findall(r"^## (.*)$", table, re.MULTILINE) == [
        "client.pets.list",
        "client.pets.update",
        "client.pets.feed",
    ]
    assert "`GET /pets`, `GET /owners/{id}/pets` with `owner` → `Paginator[Pet]`" in table
    assert "`PATCH /pets/{id}` → `list[Pet]`" in table
    assert r"| `owner` | `int \| None` | `None` |" in table
    assert "| `pet_id` | `int` |  |" in table
    assert "| `name` | `str` | `omitted` |" in table
    assert "| [`client.pets.feed`](#clientpetsfeed) | `GET /food` | `None` |" in table


async def test_page_lists_all_methods_and_operations() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    client = SendcloudIntegrations(auth=BasicAuth("public", "secret"))
    expected = {
        f"client.{resource}.{name}"
        for resource, member in vars(Resources).items()
        if isinstance(member, cached_property)
        for name in dir(getattr(client, resource))
        if not name.startswith("_") and name != "with_response"
    }
    assert set(re.findall(r"^## (.*)$", page, re.MULTILINE)) == expected
    requests = set(re.findall(r"`((?:GET|POST|PATCH|DELETE) /\S+)`", page))
    assert len(requests) == len(OPERATIONS - {"token"})


def test_check_reports_an_outdated_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def link(source: object, out: Path, **options: object) -> None:
        if out.name == GENERATED.name and out != GENERATED:
            out.symlink_to(GENERATED)

    monkeypatch.setattr(command_line, "generate", link)  # generation takes several seconds
    assert command_line.main(["check"]) == 0
    monkeypatch.setattr(command_line, "_API_TABLE", tmp_path / "api.md")
    (tmp_path / "api.md").write_text("old")
    assert command_line.main(["check"]) == 1
    assert "docs/api.md is out of date." in capsys.readouterr().err
    assert command_line.main(["generate", "--out", str(tmp_path / "other")]) == 0
    assert (tmp_path / "api.md").read_text() == "old"  # only the project's own package has this page
    assert command_line.main(["generate"]) == 0
    assert command_line.main(["check"]) == 0
