"""Create the screenshot in docs/report.md from the report page of the demo. Same as `make screenshots`.

Requires Chromium or Chrome on PATH. Needs no network; the demo simulates Sendcloud.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGE = ROOT / "docs" / "images" / "report.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH, HEIGHT = 1200, 800
MAX_BYTES = 150_000


def main() -> None:
    """Run the demo, take the screenshot and write it, or end with an error and leave the old image."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"error: Chromium was not found on PATH under any of these names: {', '.join(BROWSERS)}. Install it.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run([sys.executable, "-m", "examples.demo", "--folder", name], timeout=180)
        image = compress_png(take_screenshot(browser, folder / "build" / "demo" / "report.html", folder))
    if len(image) > MAX_BYTES:
        sys.exit(f"error: The screenshot has {len(image):,} bytes; the maximum is {MAX_BYTES:,}. Nothing was written.")
    IMAGE.parent.mkdir(exist_ok=True)
    IMAGE.write_bytes(image)
    print(f"Screenshot: {IMAGE.relative_to(ROOT)}, {len(image):,} bytes")


def take_screenshot(browser: str, page: Path, folder: Path) -> bytes:
    """Return the first screen of a page as PNG. The folder receives the files of the browser."""
    output = folder / "screen.png"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
    # Grey anti-aliasing compresses better than coloured fringes.
    command += ["--disable-lcd-text", "--force-device-scale-factor=1", f"--user-data-dir={folder / 'profile'}"]
    command += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={output}", page.as_uri()]
    run(command, timeout=60)
    if not output.is_file():
        sys.exit("error: Chromium ended without a screenshot.")
    return output.read_bytes()


def run(command: list[str], *, timeout: float) -> None:
    """Run a command in the root folder without its output; if it fails, end with its errors. Timeout in seconds."""
    result = subprocess.run(  # noqa: S603 - the demo, or a browser on PATH
        command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )
    if result.returncode != 0:
        sys.exit(f"{result.stderr.strip()}\nerror: {Path(command[0]).name} failed with exit code {result.returncode}.")


def compress_png(image: bytes) -> bytes:
    """Return a PNG with the same pixels, smaller than what a browser writes.

    Text on plain areas repeats exactly, so it compresses better without the filters of PNG, which suit photographs.

    Args:
        image: PNG with 8 bits per channel, RGB or RGBA, not interlaced.

    Raises:
        ValueError: It is another kind of PNG.
    """
    chunks = read_chunks(image)
    header = next(data for kind, data in chunks if kind == b"IHDR")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 8 or colour not in (2, 6) or interlaced:
        raise ValueError("The PNG must have 8 bits per channel, RGB or RGBA, and no interlacing.")
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    rows = remove_filters(pixels, width, height, {2: 3, 6: 4}[colour])
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return image[:8] + b"".join(
        build_chunk(kind, content) for kind, content in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def read_chunks(image: bytes) -> list[tuple[bytes, bytes]]:
    """Return the type and the data of each chunk of a PNG."""
    chunks: list[tuple[bytes, bytes]] = []
    position = 8
    while position < len(image):
        length, kind = struct.unpack_from(">I4s", image, position)
        chunks.append((kind, image[position + 8 : position + 8 + length]))
        position += length + 12
    return chunks


def build_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def remove_filters(pixels: bytes, width: int, height: int, step: int) -> list[bytes]:
    """Return the rows of unfiltered bytes. Source: section "Filtering" of the PNG specification.

    Args:
        pixels: Decompressed image data: per row, one byte for the filter and the filtered bytes.
        width: Pixels per row.
        height: Number of rows.
        step: Bytes per pixel.
    """
    size = width * step
    rows: list[bytes] = []
    above = bytes(size)
    for number in range(height):
        start = number * (size + 1)
        filter_type, row = pixels[start], bytearray(pixels[start + 1 : start + 1 + size])
        for index in range(size) if filter_type else ():
            left, corner = (row[index - step], above[index - step]) if index >= step else (0, 0)
            row[index] = (row[index] + predict(filter_type, left, above[index], corner)) & 255
        above = bytes(row)
        rows.append(above)
    return rows


def predict(filter_type: int, left: int, above: int, corner: int) -> int:
    """Return the value that a filter subtracts from a byte: left, above, their mean, or the nearest (Paeth)."""
    match filter_type:
        case 1:
            return left
        case 2:
            return above
        case 3:
            return (left + above) // 2
        case _:
            estimate = left + above - corner
            return min((left, above, corner), key=lambda value: abs(estimate - value))


if __name__ == "__main__":
    main()
