"""How a web server is started beside a measurement, and how it is asked over connections that stay open."""

import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks import stage

SENDERS = 8


class Server(NamedTuple):
    """A running server: where it listens, and its first process, whose children serve."""

    port: int
    pid: int


@contextmanager
def server(environment: dict[str, str], application: str = "config.wsgi", *, workers: int = 2) -> Iterator[Server]:
    """Give a server started as the Procfile does, and end it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = ["gunicorn", application, "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    command += ["--workers", str(workers), "--threads", "4", "--limit-request-line", "8190", "--no-control-socket"]
    command += ["--keep-alive", "30"]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=stage.ROOT, env=environment,
    )  # fmt: skip
    try:
        _wait_for(port)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("The server did not start.")


class Came:
    """What the senders saw: statuses, and seconds that each delivery took."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.took: list[float] = []
        self.seconds = 0.0

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds

    @property
    def p50(self) -> float:
        return statistics.median(self.took) * 1000

    @property
    def p99(self) -> float:
        return sorted(self.took)[int(len(self.took) * 0.99)] * 1000


def send(port: int, requests: Sequence[bytes], *, per_second: float = 0) -> Came:
    """Send all of them over a few open connections, as fast as they are answered or at a pace; return what came."""
    came, lock, started = Came(), threading.Lock(), time.perf_counter()

    def sender(own: Sequence[bytes], offset: float) -> None:
        line = Line(port)
        for place, request in enumerate(own):
            if per_second:
                due = started + offset + place * SENDERS / per_second
                time.sleep(max(0.0, due - time.perf_counter()))
            began = time.perf_counter()
            status = line.ask(request)
            with lock:
                came.took.append(time.perf_counter() - began)
                came.statuses[status] += 1

    threads = [
        threading.Thread(target=sender, args=(requests[each::SENDERS], each / per_second if per_second else 0.0))
        for each in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    came.seconds = time.perf_counter() - started
    return came


class Line:
    """One connection that stays open; `body` is that of the last answer."""

    def __init__(self, port: int) -> None:
        self.body = b""
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def ask(self, request: bytes) -> int:
        """Send a request and return the status of its answer."""
        try:
            return self._ask(request)
        except (ConnectionError, ValueError):  # the server closed it between two requests
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            return self._ask(request)

    def _ask(self, request: bytes) -> int:
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = self._socket.recv(65_536)
            if not part:
                raise ConnectionError
            answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self._socket.recv(65_536)
        self.body = body
        return int(head.split(b" ", 2)[1])
