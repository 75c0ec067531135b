"""The screenshot in the docs is a small PNG, and `make screenshots` compresses it without a change of pixels."""

from __future__ import annotations

import importlib.util
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.paths import ROOT

SCRIPT = ROOT / "docs" / "screenshots.py"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshots", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


screenshots = load_script()


def test_report_guide_shows_a_screenshot_of_1200_pixels() -> None:
    page = ROOT / "docs" / "report.md"
    ((alternative_text, target),) = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert len(alternative_text) > 50
    assert "\n" not in alternative_text  # Markdown joins the lines of an alternative text without a space
    image = (page.parent / target).read_bytes()
    assert page.parent / target == screenshots.IMAGE
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", image[16:24]) == (1200, 800)
    assert len(image) <= 150_000


def build_png(rows: bytes, width: int, height: int, *, depth: int = 8) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"tEXt", b"Software\0x"), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(screenshots.build_chunk(kind, data) for kind, data in chunks)


def apply_filter(filter_type: int, row: bytes, above: bytes) -> bytes:
    """Return a filtered row of an RGB image, as an encoder writes it."""
    result = bytearray([filter_type])
    for index, value in enumerate(row):
        left, corner = (row[index - 3], above[index - 3]) if index > 2 else (0, 0)
        up = above[index]
        estimate = left + up - corner
        distances = [abs(estimate - left), abs(estimate - up), abs(estimate - corner)]
        paeth = (left, up, corner)[distances.index(min(distances))]
        result.append((value - (0, left, up, (left + up) // 2, paeth)[filter_type]) % 256)
    return bytes(result)


@given(st.lists(st.tuples(st.integers(0, 4), st.binary(min_size=12, max_size=12)), min_size=1, max_size=6))
def test_compress_png_keeps_all_pixels(rows: list[tuple[int, bytes]]) -> None:
    above = [bytes(12), *(row for _, row in rows)]
    filtered = b"".join(apply_filter(kind, row, above[number]) for number, (kind, row) in enumerate(rows))
    chunks = screenshots.read_chunks(screenshots.compress_png(build_png(filtered, 4, len(rows))))
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    assert zlib.decompress(chunks[1][1]) == b"".join(b"\0" + row for _, row in rows)


def test_compress_png_rejects_other_kinds_of_png() -> None:
    with pytest.raises(ValueError, match="8 bits per channel"):
        screenshots.compress_png(build_png(b"", 4, 1, depth=16))


def test_missing_browser_ends_with_one_line(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT)]
    environment = os.environ | {"PATH": str(tmp_path)}
    result = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: Chromium was not found on PATH")
    assert result.stderr.count("\n") == 1
