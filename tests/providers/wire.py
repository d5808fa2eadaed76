"""A server of bare sockets that answers exactly what a test writes: whole, slowly, half or never."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

Reply: TypeAlias = bytes | Callable[[socket.socket], None]


class Wire:
    """Answers every connection with the next reply, the last one for ever. `requests` holds what came."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            self.requests.append(_request(sock))
            reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
            if callable(reply):
                reply(sock)
            else:
                sock.sendall(reply)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts, else the port would stay open
        self._listener.close()


@contextlib.contextmanager
def wire(*replies: Reply) -> Iterator[Wire]:
    """Give a server with these replies, and close it afterwards."""
    server = Wire(*replies)
    try:
        yield server
    finally:
        server.close()


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole answer that closes the connection."""
    fields = {"Content-Length": str(len(body)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def drip(whole: bytes, at_once: int) -> Callable[[socket.socket], None]:
    """Send `at_once` bytes and then one a second."""

    def send(sock: socket.socket) -> None:
        sock.sendall(whole[:at_once])
        for byte in whole[at_once:]:
            time.sleep(1)
            sock.sendall(bytes([byte]))

    return send


def silence(sock: socket.socket) -> None:
    """Say nothing until the other side goes."""
    sock.settimeout(30)
    sock.recv(1)


def endless(sock: socket.socket) -> None:
    """Send a body that never ends."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    while True:
        sock.sendall(b" " * (1 << 20))


def cut(sock: socket.socket) -> None:
    """Reset the connection without a word."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def _request(sock: socket.socket) -> bytes:
    """Return the request, head and body."""
    got = b""
    while b"\r\n\r\n" not in got:
        if not (chunk := sock.recv(65536)):
            return got
        got += chunk
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body
