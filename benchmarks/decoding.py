"""Bytes of a page to models: ours, the untouched openapi-python-client output, and the parsers alone."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from benchmarks.ratios import Row, best_of
from benchmarks.samples import PAGE, RECORDS
from generator.build import CONTRACT
from sendcloud_integrations_client import IntegrationLog
from sendcloud_integrations_client.decoding import decode_records


def measure() -> list[Row]:
    """Our cost against `orjson.loads` alone, and against openapi-python-client as it comes."""
    response = httpx.Response(200, content=PAGE, request=httpx.Request("GET", "https://panel.sendcloud.sc/"))

    def ours() -> object:
        return decode_records(response, "data", IntegrationLog)

    with untouched() as peer:
        seconds = best_of(
            {
                "ours": ours,
                "orjson": lambda: orjson.loads(PAGE),
                "json": lambda: json.loads(PAGE),
                "untouched": lambda: peer(json.loads(PAGE)),
            }
        )
    micros = {name: 1e6 * second / RECORDS for name, second in seconds.items()}
    return [
        Row(
            "decoding a page / orjson.loads alone",
            seconds["ours"] / seconds["orjson"],
            2.5,
            f"{micros['ours']:.1f} µs a record",
        ),
        Row(
            "decoding a page / json.loads alone",
            seconds["ours"] / seconds["json"],
            None,
            f"json: {micros['json']:.1f} µs",
        ),
        Row(
            "decoding a page / openapi-python-client as generated",
            seconds["ours"] / seconds["untouched"],
            0.2,
            f"{micros['untouched']:.1f} µs a record",
        ),
    ]


@contextlib.contextmanager
def untouched() -> Any:
    """The reader of a page that openapi-python-client makes of our contract without overlay and templates."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "untouched_client"
        config = Config.from_sources(
            ConfigFile(post_hooks=[]), MetaType.NONE, CONTRACT, "utf-8", overwrite=True, output_path=package
        )
        with contextlib.redirect_stdout(io.StringIO()):
            generate(config=config)
        sys.path.insert(0, folder)
        try:
            models = importlib.import_module("untouched_client.models")
            yield reader_of(models)
        finally:
            sys.path.remove(folder)
            for name in [name for name in sys.modules if name.startswith("untouched_client")]:
                del sys.modules[name]


def reader_of(models: Any) -> Callable[[Any], object]:
    for name in dir(models):
        if "logs" in name.lower() and name.lower().endswith("response200"):
            reader: Callable[[Any], object] = getattr(models, name).from_dict
            return reader
    raise LookupError("openapi-python-client made no model of a page of logs")
