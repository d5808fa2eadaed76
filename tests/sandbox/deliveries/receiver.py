"""A place on loopback that takes webhooks, answers as it is told, and remembers what came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Post:
    """One POST; names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """`answers` are given one after the other, then 200. With `judge` it decides. `gate` holds every answer back."""

    def __init__(self) -> None:
        self.got: list[Post] = []
        self.answers: deque[int] = deque()
        self.judge: Callable[[Post], int] | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.at_once = self.most_at_once = 0
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._answer(200)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._answer(receiver.take(Post(self.path, headers, body)))

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, post: Post) -> int:
        with self._changed:
            self.got.append(post)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self._changed.notify_all()
            status = self.judge(post) if self.judge else self.answers.popleft() if self.answers else 200
        self.gate.wait(30)
        with self._changed:
            self.at_once -= 1
        return status

    def wait_for(self, at_once: int) -> None:
        """Return when so many POSTs are held back at the gate."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.at_once >= at_once, timeout=10), "they never came"

    def stop(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
