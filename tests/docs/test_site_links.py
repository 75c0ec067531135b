"""The link checker finds broken links and unreachable pages. `test_site.py` runs it on the real site."""

from __future__ import annotations

from pathlib import Path

from tests.support.site_links import find_broken_links, find_distances


def write_site(folder: Path, pages: dict[str, str]) -> Path:
    for name, html in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html)
    return folder


def test_broken_links_are_found(tmp_path: Path) -> None:
    site = write_site(
        tmp_path,
        {
            "index.html": '<a href="guide/a.html#one">x</a><a href="#top">x</a><a id="top"></a><img src="i.png">'
            '<a href="https://example.com/missing">x</a><a href="mailto:a@example.com">x</a><a href="guide/">x</a>',
            "guide/index.html": '<a href="../index.html">x</a><a href="../../outside.html">x</a>',
            "guide/a.html": '<h1 id="one"></h1><a href="b.html">x</a><a href="../index.html#no">x</a>'
            '<a href="#two">x</a>',
            "i.png": "",
        },
    )
    assert find_broken_links(site) == [
        "guide/a.html: b.html",
        "guide/a.html: ../index.html#no",
        "guide/a.html: #two",
        "guide/index.html: ../../outside.html",
    ]


def test_distances_are_counted_in_clicks(tmp_path: Path) -> None:
    pages = {f"{number}.html": f'<a href="{number + 1}.html">next</a>' for number in range(3)}
    site = write_site(tmp_path, {"index.html": '<a href="0.html">x</a>', **pages, "3.html": "", "lonely.html": ""})
    assert find_distances(site) == {"index.html": 0, "0.html": 1, "1.html": 2, "2.html": 3, "3.html": 4}
