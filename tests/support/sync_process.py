"""Runs syncs in processes that can be killed: `python -m tests.support.sync_process`.

Each line of the input is one sync as JSON: `store`, `base_url`, `kill_after` in seconds or null, `waits_for_line`, and
`options` of `sync_logs`. The sync runs in a forked process, because a fork starts fast. It is killed with SIGKILL after
that time, or after the next line of the input. The program prints one line per sync with its exit status, which is
negative for a signal.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from typing import Any

from sendcloud_integrations_client import BasicAuth, RetryPolicy, SendcloudIntegrations
from sendcloud_integrations_client.sync import LogStore, sync_logs

# The traffic of the test adds faults faster than one call may consume them; a call must survive all of them.
_RETRIES = RetryPolicy(max_attempts=10_000, base_delay=0.005, max_delay=0.05, total_timeout=120)


def main() -> None:
    """Run one sync per line of the input, in order."""
    for line in sys.stdin:
        request = json.loads(line)
        process = os.fork()
        if process == 0:
            _run(request)
        if request["kill_after"] is not None:
            # Kill the process before waiting for it, so that its id cannot be reused.
            time.sleep(request["kill_after"])
            os.kill(process, signal.SIGKILL)
        elif request["waits_for_line"]:
            sys.stdin.readline()
            os.kill(process, signal.SIGKILL)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _run(request: dict[str, Any]) -> None:
    status = 70
    try:
        status = asyncio.run(_sync(request["store"], request["base_url"], request["options"]))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


async def _sync(url: str, base_url: str, options: dict[str, Any]) -> int:
    async with (
        SendcloudIntegrations(
            auth=BasicAuth("public", "secret"), base_url=base_url, retries=_RETRIES, rate_limits=None
        ) as client,
        LogStore(url) as store,
    ):
        summary = await sync_logs(client, store, redaction=None, **options)
    if not summary.succeeded:
        print(summary, file=sys.stderr)
    return 0 if summary.succeeded else 1


if __name__ == "__main__":
    main()
