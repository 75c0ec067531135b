"""Checks the links between the pages of a built documentation site, without a network."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import attrs

__all__ = ["find_broken_links", "find_distances"]

_URL_ATTRIBUTES = {"href", "src"}


@attrs.define
class _Page:
    targets: set[str] = attrs.field(factory=set)
    links: list[str] = attrs.field(factory=list)


class _LinkParser(HTMLParser):
    def __init__(self, page: _Page) -> None:
        super().__init__()
        self._page = page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"id", "name"} and value and tag != "meta":
                self._page.targets.add(value)
            elif name in _URL_ATTRIBUTES and value is not None:
                self._page.links.append(value)


def find_broken_links(site: Path) -> list[str]:
    """Return each link of a page to a file or an anchor of the site that does not exist, as `page: link`."""
    pages = _read_pages(site)
    broken = []
    for path, page in pages.items():
        for link in page.links:
            target = _resolve(path, link)
            if target is None:
                continue
            file, fragment = target
            exists = file.is_file() and file.is_relative_to(site)
            has_anchor = not fragment or file not in pages or fragment in pages[file].targets
            if not exists or not has_anchor:
                broken.append(f"{path.relative_to(site)}: {link}")
    return broken


def find_distances(site: Path, start: str = "index.html") -> dict[str, int]:
    """Return the number of clicks from the start page to each page that can be reached."""
    pages = _read_pages(site)
    distances = {site / start: 0}
    queue = [site / start]
    for path in queue:
        for link in pages[path].links:
            target = _resolve(path, link)
            if target is not None and target[0] in pages and target[0] not in distances:
                distances[target[0]] = distances[path] + 1
                queue.append(target[0])
    return {path.relative_to(site).as_posix(): distance for path, distance in distances.items()}


def _read_pages(site: Path) -> dict[Path, _Page]:
    pages = {}
    for path in sorted(site.rglob("*.html")):
        pages[path] = _Page()
        _LinkParser(pages[path]).feed(path.read_text(encoding="utf-8"))
    return pages


def _resolve(page: Path, link: str) -> tuple[Path, str] | None:
    """Return the file and the anchor of a link; None for another site and for data."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return (file / "index.html" if file.is_dir() else file), unquote(parts.fragment)
