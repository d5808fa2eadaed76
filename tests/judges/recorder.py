"""A passage on loopback that keeps every request and hands it on unchanged, and the answer back."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

_OF_ONE_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass(frozen=True)
class Sent:
    """One request as it went over the wire; header names in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def below(self, prefix: str) -> Sent:
        """Return the request as it looks from an address that ends with `prefix`."""
        return Sent(self.method, self.path.removeprefix(prefix), self.query, self.headers, self.body)


class Recorder:
    """Stands before the server at `target`; `sent` holds what came, in order."""

    def __init__(self, target: str) -> None:
        self.sent: list[Sent] = []
        host = urlsplit(target).netloc
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if self.raw_requestline and self.parse_request():
                    recorder._pass_on(self, host)
                self.close_connection = True

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _pass_on(self, request: BaseHTTPRequestHandler, host: str) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        parts = urlsplit(request.path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        self.sent.append(Sent(request.command, parts.path, query, headers, body))
        there = http.client.HTTPConnection(host, timeout=60)
        there.request(request.command, request.path, body or None, dict(request.headers.items()))
        answer = there.getresponse()
        data = answer.read()
        request.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_ONE_HOP:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(data)
        there.close()
