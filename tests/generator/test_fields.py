"""Python names of fields do not collide with keywords or with members of the models."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest
from ruamel.yaml import YAML

from generator.build import OPENAPI_DOCUMENT, generate
from generator.documents import parse_yaml
from generator.fields import build_fields
from sendcloud_integrations_client.runtime.models import Model

RESERVED_NAMES = [
    "additional_properties",
    "decode_object",
    "from_dict",
    "get_source",
    "self",
    "to_dict",
    "validate",
    "validation_rule",
    "wire_names",
]
PACKAGE = "package_with_reserved_names"


def choose_name(name: str) -> str:
    """Return the name of the model attribute for a property."""
    (field,) = build_fields(
        {"components": {"schemas": {}}}, {"type": "object", "properties": {name: {"type": "string"}}}, in_request=False
    )
    return field.python


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Return the models of a document whose schemas have a property per reserved name."""
    folder = tmp_path_factory.mktemp("generated")
    document = parse_yaml(OPENAPI_DOCUMENT.read_bytes(), OPENAPI_DOCUMENT.name)
    for schema in ("integration-model", "integration-log"):
        properties = document["components"]["schemas"][schema]["properties"]
        properties.update({name: {"type": "string", "maxLength": 10} for name in RESERVED_NAMES})
    YAML(typ="safe").dump(document, folder / "document.yml")
    generate(folder / "document.yml", folder / PACKAGE)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(folder))
        return importlib.import_module(f"{PACKAGE}.models")


def test_public_members_of_models_are_reserved() -> None:
    members = {name for name in dir(Model) if not name.startswith("_")}
    assert members <= set(RESERVED_NAMES)
    assert {choose_name(name) for name in members} == {f"{name}_" for name in members}


@pytest.mark.parametrize(("name", "expected"), [("class", "class_"), ("id", "id"), ("type", "type")])
def test_keywords_get_a_suffix_and_builtins_do_not(name: str, expected: str) -> None:
    assert choose_name(name) == expected


@pytest.mark.parametrize("name", RESERVED_NAMES)
@pytest.mark.parametrize("class_name", ["Integration", "IntegrationLog", "IntegrationUpdate"])
def test_property_with_reserved_name_gets_a_suffix_and_round_trips(
    models: ModuleType, class_name: str, name: str
) -> None:
    model_class = getattr(models, class_name)
    required = {"Integration": {"id": 1}, "IntegrationLog": {"id": 1, "base_url": "https://shop.test"}}
    data = {**required.get(class_name, {}), name: "value"}
    model = model_class.from_dict(data)
    assert getattr(model, f"{name}_") == "value"
    assert model.wire_names[f"{name}_"] == name
    assert model.additional_properties == {}
    assert model.to_dict() == model.get_source() == data
    setattr(model, f"{name}_", "other")
    assert model.to_dict() == {**data, name: "other"}
    assert model_class(**required.get(class_name, {}), **{f"{name}_": "value"}).to_dict() == data


@pytest.mark.parametrize("name", RESERVED_NAMES)
def test_property_with_reserved_name_is_validated(models: ModuleType, name: str) -> None:
    models.IntegrationUpdate(**{f"{name}_": "value"}).validate()
    with pytest.raises(ValueError, match=name):
        models.IntegrationUpdate(**{f"{name}_": "longer than allowed"}).validate()
