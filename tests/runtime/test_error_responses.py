"""Field errors are read to a bounded depth."""

from __future__ import annotations

from sendcloud_integrations_client.runtime.error_responses import parse_error_details


def test_field_errors_are_read_six_levels_deep() -> None:
    assert [detail.pointer for detail in parse_error_details(nest("abcdef"))] == ["a.b.c.d.e.f"]
    assert parse_error_details(nest("abcdefg")) == ()


def nest(names: str) -> object:
    value: object = "Invalid value."
    for name in reversed(names):
        value = {name: value}
    return value
