"""JSON that orjson rejects is parsed leniently; anything else is a ValueError."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client.runtime.lenient_json import parse_json

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
CONTAINERS = st.lists(LEAVES, max_size=4) | st.dictionaries(st.text(), LEAVES, max_size=4)
VALUES = LEAVES | st.lists(LEAVES | CONTAINERS, max_size=4) | st.dictionaries(st.text(), CONTAINERS, max_size=4)


@given(VALUES)
def test_valid_json_is_parsed_as_by_json(value: Any) -> None:
    content = json.dumps(value).encode("utf-8", "surrogatepass")
    assert parse_json(b"\xef\xbb\xbf" + content) == json.loads(content)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        ('{"a": "é"}'.encode("utf-16-be"), None),
        (b"\xfe\xff" + '{"a": "é"}'.encode("utf-16-be"), {"a": "é"}),
        ('{"a": "é"}'.encode("utf-32"), {"a": "é"}),
        (b"\x00\x00\xfe\xff" + '{"a": 1}'.encode("utf-32-be"), {"a": 1}),
        (b'["\\ud83d"]', ["\ufffd"]),
        (b'["\\ud83d\\ude00 \\ud83d"]', ["\U0001f600 \ufffd"]),
        (b'[{"\\udc00": ["\\udc00", 1]}]', [{"\ufffd": ["\ufffd", 1]}]),
        (b'["\\\\ud83d\xff"]', ["\\ud83d\ufffd"]),
        (b'["a\xffb\xc3"]', ["a\ufffdb\ufffd"]),
        (b"[NaN, Infinity, -Infinity, 1e999, -1e999]", [None] * 5),
        (b'["\x00\x01\n\t"]', ["\x00\x01\n\t"]),
        (b'[1.5, "\xff"]', [1.5, "\ufffd"]),
    ],
)
def test_almost_json(content: bytes, value: Any) -> None:
    if value is None:
        with pytest.raises(ValueError, match=r"."):
            parse_json(content)
    else:
        assert parse_json(content) == value


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b'{"a": ', b"[1,]", b"{'a': 1}", b"undefined", b"[" * 100_000, b'{"a":' * 100_000, b"1 2"],
)
def test_other_content_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(content)


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ud83NaIfnity1e9- ').map(str.encode))
def test_any_bytes_are_parsed_or_a_value_error(content: bytes) -> None:
    with suppress(ValueError):
        orjson.dumps(parse_json(content))
