"""Runs Schemathesis against a simulated Sendcloud."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import orjson

from sendcloud_integrations_client.testing import SimulatedSendcloud, serve
from tests.support.paths import ROOT
from tests.support.wire_contract import load_simulated_document


async def run_schemathesis(server: SimulatedSendcloud, folder: Path, *options: str) -> tuple[int | None, str]:
    """Run Schemathesis with all checks against a server, and return its exit code and output."""
    document_file = folder / "openapi.json"
    document_file.write_bytes(orjson.dumps(load_simulated_document()))
    async with serve(server) as base_url:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", str(document_file), "--url", base_url),
            *("--auth", "public:secret", "--checks", "all", "--max-examples", "15", "--workers", "1", *options),
            cwd=folder,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    return process.returncode, output.decode()
