"""More than sixty hostile requests over a bare socket: what is sent, and which answer is the right one."""

import gzip
import select
import socket
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.webhooks.senders import MAILCHIMP, PATH, QUICKBOOKS, SENDERS, SQUARE, STRIPE, Headers, Sender, square_event
from tests.webhooks.test_hostile import SIGNED_ODDITIES, hostile_forms
from webhooks.delivery import LARGEST

GIGABYTE = 1 << 30
_SIGNATURES = (
    "", " ", "A" * 6_000, "\x80\xff", "é" * 64, "t=,v1=", "v1=" + "0" * 64, "=" * 200, "," * 1000, "t=1,t=2,v1=x",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A request and the statuses that are right for it. `flows` is how many bytes follow in chunks without an end."""

    name: str
    request: bytes
    right: tuple[int, ...]
    flows: int = 0


def cases(token: str) -> list[Case]:
    """Return all of them; `token` is that of an address which proves what is delivered to it."""
    return [
        *(case for sender in SENDERS for case in _of_each(sender)),
        *(Case(f"form {number}", _asked(MAILCHIMP, body, {}, token=token), (200,))
          for number, body in enumerate(hostile_forms())),
        *_of_http(),
    ]  # fmt: skip


def true(sender: Sender, body: bytes) -> Case:
    """Return what a provider sends."""
    return Case("true", _asked(sender, body, sender.sign(body)), (200,))


def ask(port: int, case: Case) -> int:
    """Send it and return the status of the answer. A server that has heard enough need not hear the rest."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        try:
            line.sendall(case.request)
            _flow(line, case.flows)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return _status(line)


def largest(pid: int) -> dict[int, int]:
    """Return the most memory, in bytes, that each serving process had since `measure_anew`."""
    return {child: _field(child, "VmHWM") for child in _children(pid)}


def measure_anew(pid: int) -> dict[int, int]:
    """Forget the peaks so far, and return what each serving process has in memory now, in bytes."""
    for child in _children(pid):
        Path(f"/proc/{child}/clear_refs").write_text("5")
    return {child: _field(child, "VmRSS") for child in _children(pid)}


def _of_each(sender: Sender) -> Iterator[Case]:
    """Yield what is tried on every provider."""
    for number, body in enumerate(SIGNED_ODDITIES):
        yield Case(f"{sender} signed oddity {number}", _asked(sender, body, sender.sign(body)), (200,))
    for number, value in enumerate(_SIGNATURES):
        asked = _asked(sender, sender.event(), {sender.header: value})
        yield Case(f"{sender} signature {number}", asked, (400, 401))  # 400: the server lets no such header in
    bomb = gzip.compress(bytes(100_000_000))
    for encoding, body in (("gzip", bomb), ("deflate", zlib.compress(bytes(10_000_000))), ("identity, br", b"{}")):
        headers = sender.sign(body) | {"Content-Encoding": encoding}
        yield Case(f"{sender} {encoding}", _asked(sender, body, headers), (415,))
    body = sender.event()
    signed = sender.sign(body)
    yield Case(f"{sender} gigabyte told", _asked(sender, body, signed | {"Content-Length": str(GIGABYTE)}), (413,))
    chunked = signed | {"Transfer-Encoding": "chunked"}
    yield Case(f"{sender} gigabyte in chunks", _asked(sender, b"", chunked), (413,), flows=GIGABYTE)
    whole = b"x" * (LARGEST + 1)
    yield Case(f"{sender} a byte too much", _asked(sender, whole, sender.sign(whole)), (413,))
    noise = Random(f"{sender}").randbytes(50_000)
    yield Case(f"{sender} noise, signed", _asked(sender, noise, sender.sign(noise)), (200,))
    yield Case(f"{sender} noise", _asked(sender, noise, {}), (401,))
    yield Case(f"{sender} wrong charset", _asked(sender, body.decode().encode("utf-16"), signed), (401,))
    wrong = sender.event().replace(b"customer", "cüstomer".encode("latin-1"))
    told = sender.sign(wrong) | {"Content-Type": "application/json; charset=utf-7"}
    yield Case(f"{sender} wrong charset, signed", _asked(sender, wrong, told), (200,))


def _of_http() -> Iterator[Case]:
    """Yield what breaks the rules of the road."""
    body = square_event()
    signed = SQUARE.sign(body)
    for value, right in (("-1", 400), ("1e3", 400), ("0x10", 400), ("", 400)):
        yield Case(f"length {value!r}", _asked(SQUARE, body, signed | {"Content-Length": value}), (right, 401))
    both = signed | {"Content-Length": "5", "Transfer-Encoding": "chunked"}
    yield Case("length and chunks", _asked(SQUARE, b"", both) + b"5\r\nhello\r\n0\r\n\r\n", (400, 401))
    yield Case("broken chunks", _asked(SQUARE, b"", signed | {"Transfer-Encoding": "chunked"}) + b"zz\r\nhello", (400,))
    for method, path, right in (
        ("GET", f"{PATH}/square", 405), ("PUT", f"{PATH}/stripe", 405), ("POST", f"{PATH}/paypal", 404),
        ("POST", f"{PATH}/mailchimp/{'a' * 43}", 404), ("GET", f"{PATH}/mailchimp/{'%00' * 43}", 404),
        ("POST", f"{PATH}/square/{'A' * 3000}", 404), ("POST", f"{PATH}/quickbooks/../../admin", 404),
    ):  # fmt: skip
        yield Case(f"{method} {path[:70]}", _head(method, path, {"Content-Length": "0"}), (right, 401))
    for sender in (STRIPE, QUICKBOOKS):
        body = sender.event().replace(b'"id":', b'"id":"first","id":', 1)
        yield Case(f"{sender} duplicate keys", _asked(sender, body, sender.sign(body)), (200,))


def _asked(sender: Sender, body: bytes, headers: Headers, *, token: str = "") -> bytes:
    path = f"{PATH}/{sender.key}" + (f"/{token}" if token else "")
    own = {"Content-Type": sender.content_type}
    if not {"Content-Length", "Transfer-Encoding"} & headers.keys():
        own["Content-Length"] = str(len(body))
    return _head("POST", path, own | headers) + body


def _head(method: str, path: str, headers: Headers) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"


def _flow(line: socket.socket, size: int) -> None:
    """Send so many bytes in chunks, until the server answers."""
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    for _ in range(size // 65_536):
        if select.select([line], [], [], 0)[0]:
            return
        line.sendall(chunk)


def _status(line: socket.socket) -> int:
    """Return the status once the server has closed the connection: nothing of this request is in its memory then."""
    answer = b""
    try:
        while part := line.recv(65_536):
            answer += part
    except ConnectionResetError:
        pass
    assert answer.startswith(b"HTTP/1."), answer[:100] or "no answer at all"
    return int(answer.split(b" ", 2)[1])


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _field(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


# Something that is no delivery: what it needs is in memory afterwards.
ELSEWHERE = Case("elsewhere", _head("POST", f"{PATH}/nobody", {"Content-Length": "0"}), (401,))
