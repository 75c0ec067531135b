"""The `Link` header is parsed in linear time, leniently, and never ends an iteration without an error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendcloud_integrations_client import ResponseDecodeError
from sendcloud_integrations_client.runtime.link_header import parse_next_cursor


@pytest.mark.parametrize(
    ("header", "cursor"),
    [
        ('<https://x/?cursor=abc>; rel="next";', "abc"),
        ("<https://x/?cursor=abc>; REL='NEXT' ; ", "abc"),
        ("<https://x/?cursor=abc>;rel=next", "abc"),
        ("<https://x/?cursor=abc>; title=\"a, b; c\"; rel='prev next'", "abc"),
        ('<https://x/?cursor=p>; rel="prev", <https://x/?cursor=n>; rel="next"', "n"),
        ('<https://x/?cursor=p>; rel="prev";, <https://x/?cursor=n>; rel="next";,', "n"),
        ('<https://x/?a=1&cursor=a%2Bb%20c+d#cursor=no>; rel="next"', "a+b c+d"),
        ('<https://x/?cursor=abc>; rel="ne\\xt"', "abc"),
        ('<https://x/next?cursor=abc>; rel="prev"', None),
        ('<https://x/?cursor=abc>; rel="prev"; title="no next page"', None),
        ('<https://x/?cursor=abc>; rel = "next"', "abc"),
        ("<https://x/?cursor=abc>; rel= next", "abc"),
        ("<https://x/?cursor=abc>; crossorigin; rel=next", "abc"),
        ("<https://x/?cursor=p>; rel=prev,<https://x/?cursor=n>; rel=next", "n"),
        ('<https://x/?cursor=abc>; rel="nex\\t', "abc"),
        ('<https://x/?cursor=p>; rel="prev"; <https://x/?cursor=n>; rel="next"', "n"),
        ('<https://x/?cursor=p>; rel="prev" <https://x/?cursor=n>; rel="next"', "n"),
        ('<https://x/?cursor=abc>; rel=\\"next\\"', "abc"),
        ('<https://x/?cursor=abc>; rel="next,"', "abc"),
        ('<https://x/?cursor=abc>; rel="next;"', "abc"),
        ("<https://x/?cursor=abc>; rel=\"next'", "abc"),
        ("<https://x/?cursor=abc>; rel=\u201cnext\u201d", "abc"),
        ('<https://x/?cursor=abc>; rel="https://x/rels/next"', None),
        ('><https://x/?cursor=abc>; rel="next"', "abc"),
        ('>><https://x/?cursor=abc>; rel="next"', "abc"),
        ('<https://x/?cursor=p>; rel="prev", ><https://x/?cursor=n>; rel="next"', "n"),
        ('<https://x/?cursor=p>; rel="prev",><https://x/?cursor=n>; rel="next"', "n"),
        ("<?cursor=a>;rel=next", "a"),
        ("<?cursor=a>; rel=next;title=x", "a"),
        ("<?cursor=a>;\trel\t=\t'next'", "a"),
        ("<?cursor=a>; rel = 'next' ; x", "a"),
        ("<?cursor=a>;rel='a\\'b next'", "a"),
        ("<?cursor=a>;rel='next", "a"),
        ("<?cursor=a>;rel='next\\", "a"),
        ("<?cursor=a>;rel=", None),
        ("<?cursor=a>;rel= \t", None),
        ("<?cursor=a>;rel=,<?cursor=b>;rel=next", "b"),
        ("<?cursor=a>;rel='',<?cursor=b>;rel=next", "b"),
        ("<?cursor=a>;rel=prev;,<?cursor=b>;rel=next", "b"),
        ("<?cursor=a>,<?cursor=b>;rel=next", "b"),
        ("<?x=1&cursor=a&cursor=b>;rel=next", "a"),
        ("<https://x/next/?cursor=a>", None),
        ("<https://x/next/?cursor=a>; title=x, <?cursor=b>; rel=prev", None),
        ("<?cursor=&cursor=b>;rel=next", "b"),
        ("<?my_cursor=a&cursor=b=c>;rel=next", "b=c"),
        ("<?cursor=a?b>;rel=next", "a?b"),
        ("", None),
        (" , ", None),
        ("<" * 60_000, None),
        (";" * 60_000, None),
        ("<>" * 30_000, None),
        ("<a>;b=" * 10_000, None),
        ('<a>; b="' + "\\" * 50_000, None),
    ],
)
def test_next_cursor(header: str, cursor: str | None) -> None:
    assert parse_next_cursor(header) == cursor


@pytest.mark.parametrize(
    "header",
    [
        'https://x/?cursor=abc; rel="next"',
        '<https://x/?cursor=abc; rel="next"',
        "<https://x/?cursor=abc>; next",
        '<https://x/?cursor=abc>, rel="next"',
        '<https://x/?page=2>; rel="next"',
        '<https://x/?cursor=>; rel="next"',
        "next",
        "<?cursor=a>; rel=prev; rel=next",
        "<?cursor=a>; rel='prev'; rel='next'",
        '<https://x/?cursor=abc>; rel=""next""',
        "<https://x/?cursor=abc>; rel=&quot;next&quot;",
        '<https://x/?cursor=abc>; rel="prev"; rel="next"',
        '<https://x/?cursor=abc>; rel="next-page"',
        "<" * 90_000,
        '<https://x/?cursor=abc>; rel="next"' + " " * 70_000,
    ],
)
def test_header_that_mentions_next_without_a_cursor_raises(header: str) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        parse_next_cursor(header)
    assert caught.value.field == "Link"


@given(st.text(alphabet="<>;,=\"' \\?&nextrlcuso%2", max_size=200))
def test_any_header_yields_a_cursor_none_or_a_typed_error(header: str) -> None:
    with suppress(ResponseDecodeError):
        assert parse_next_cursor(header) != ""


def test_header_of_64_kib_is_parsed_and_a_longer_one_raises() -> None:
    header = '<https://x/?cursor=abc>; rel="next"'.ljust(65_536)
    assert parse_next_cursor(header) == "abc"
    with pytest.raises(ResponseDecodeError, match="longer than 65536"):
        parse_next_cursor(header + " ")
