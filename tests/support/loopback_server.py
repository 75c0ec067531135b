"""An HTTP server on loopback that records requests. It is also a forward proxy for `http://` URLs."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs

__all__ = ["LoopbackServer", "RecordedRequest", "running_loopback_server"]


@attrs.frozen
class RecordedRequest:
    """A request. The path of a request to the proxy is the whole URL."""

    method: str
    path: str
    body: bytes


@attrs.frozen
class LoopbackServer:
    """The URL of the server, and the requests so far."""

    url: str
    requests: list[RecordedRequest] = attrs.field(factory=list)


@contextmanager
def running_loopback_server() -> Iterator[LoopbackServer]:
    """Run a server in a thread. It forwards requests with a whole URL, and returns 200 for all others."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._handle()

        def do_POST(self) -> None:
            self._handle()

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            recorder.requests.append(RecordedRequest(self.command, self.path, body))
            content = b"ok"
            if self.path.startswith("http://"):
                headers = {"Authorization": self.headers["Authorization"]}
                request = urllib.request.Request(self.path, headers=headers, method=self.command)
                with urllib.request.urlopen(request, timeout=10) as response:
                    content = response.read()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        recorder = LoopbackServer(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield recorder
        finally:
            server.shutdown()
            thread.join()
