"""The one way out: every call to a provider has a deadline, a size cap, a pace and a meter.

Why not plain `requests`: its time limits are per read, and a server that sends one byte a second defeats them. Here a
watchdog shuts the socket down when the total time is over, wherever the call stands.
"""

import contextlib
import heapq
import itertools
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from integrations.providers.errors import AuthExpired, Misconfigured, ProviderError, RateLimited, Transient

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 20.0
MAX_BYTES = 10 * 1024 * 1024
_TRIES = 3  # within one call; what lasts longer is the queue's business
NOT_REACHED = "not_reached"  # the code of a call that never got there
_TIMEOUTS = ("no_answer", "deadline")
_HOLD_SECONDS = 1.0  # for everybody, when a provider says that we are too fast but not until when
_LONGEST_WAIT_HERE = 5.0  # a Retry-After above this frees the worker instead
_STOOD_STILL_SECONDS = 2.0  # later than a call ends at the latest: somebody stopped the process meanwhile


class Pace(Protocol):
    """The shared limits of one account: calls a second, and calls under way."""

    def turn(self, stop_waiting_at: float) -> contextlib.AbstractContextManager[None]:
        """Enter when a call may be made; raise RateLimited when that is after `stop_waiting_at` (monotonic)."""

    def hold(self, seconds: float) -> None:
        """Let nobody call the account for so long."""


class Guard(Protocol):
    """What keeps us from calling a provider that does not answer; shared like the limits."""

    def check(self) -> None:
        """Raise Resting when no call may be made now."""

    def silent(self) -> None:
        """Note a call without a usable answer."""

    def heard(self) -> None:
        """Note an answer, whatever it says."""


class _Watchdog:
    """One thread that ends connections whose time is over."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, socket.socket]] = []
        self._numbers = itertools.count()
        self._done: set[int] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def guard(self, sock: socket.socket | None, deadline: float) -> Iterator[None]:
        """Shut `sock` down if the block is not left before `deadline` (monotonic)."""
        if sock is None:
            yield
            return
        number = next(self._numbers)
        with self._changed:
            heapq.heappush(self._heap, (deadline, number, sock))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="http-deadlines", daemon=True)
                self._thread.start()
            if self._heap[0][1] == number:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._done.add(number)

    def _watch(self) -> None:
        while True:
            with self._changed:
                while self._heap and self._heap[0][1] in self._done:
                    self._done.discard(heapq.heappop(self._heap)[1])
                if not self._heap:
                    self._changed.wait()
                    continue
                deadline, number, sock = self._heap[0]
                late_by = time.monotonic() - deadline
                if late_by < 0:
                    self._changed.wait(-late_by)
                    continue
                heapq.heappop(self._heap)
                self._done.discard(number)
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


_watchdog = _Watchdog()
_call = threading.local()  # the deadline and the socket of the call this thread is making


class _Guarded:
    """Adds the total deadline to waiting for the answer's head, and keeps the socket for reading the body.

    A connection that the server will close forgets its socket before the body is read.
    """

    sock: socket.socket | None

    def getresponse(self) -> Any:
        _call.sock = self.sock
        with _watchdog.guard(self.sock, getattr(_call, "deadline", time.monotonic() + TOTAL_SECONDS)):
            return super().getresponse()  # type: ignore[misc]


class _Http(_Guarded, HTTPConnection):
    pass


class _Https(_Guarded, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


def _manager() -> urllib3.PoolManager:
    manager = urllib3.PoolManager(num_pools=20, maxsize=20, retries=False, headers={})
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return manager


# Shared by all sessions of the process; holds connections, never credentials.
_connections = _manager()


class Used(NamedTuple):
    """Calls by class, bytes received, seconds of each wait."""

    calls: Counter[str]
    bytes_in: int
    waits: tuple[float, ...]


@dataclass(slots=True)
class Meter:
    """What a session used and nobody has noted yet: calls by class, bytes received, seconds waited.

    `seen` shows it, `noted` takes it off once it stands somewhere else for good.
    """

    calls: Counter[str] = field(default_factory=Counter)
    bytes_in: int = 0
    waits: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, call_class: str, received: int) -> None:
        """Add one call."""
        with self._lock:
            self.calls[call_class] += 1
            self.bytes_in += received

    def waited(self, seconds: float) -> None:
        """Note that the provider asked us to wait."""
        with self._lock:
            self.waits.append(seconds)

    def seen(self) -> Used:
        """Return what was used and is not noted yet."""
        with self._lock:
            return Used(Counter(self.calls), self.bytes_in, tuple(self.waits))

    def noted(self, used: Used) -> None:
        """Take off what `seen` has shown; what came since then stays."""
        with self._lock:
            self.calls = self.calls - used.calls
            self.bytes_in -= used.bytes_in
            del self.waits[: len(used.waits)]


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: decoded body and headers (lower-case names)."""

    body: Any
    headers: Mapping[str, str]
    status: int


class ApiSession:
    """Authorised calls to one provider for one account. Safe to use from several threads."""

    def __init__(
        self,
        *,
        base_url: str,
        headers: Mapping[str, str],
        classify: Callable[[int, Mapping[str, str], bytes], Exception],
        authorization: Callable[[], Mapping[str, str]] | None = None,
        renew: Callable[[Mapping[str, str]], None] | None = None,
        pace: Pace | None = None,
        guard: Guard | None = None,
        call_class: Callable[[str, str], str] = lambda method, path: "api",
        other_bases: Mapping[str, str] | None = None,
        account: Mapping[str, Any] | None = None,
        repeats_timeouts: bool = True,
        patience: float | None = None,
        until: float | None = None,
    ) -> None:
        """Keep what every call needs.

        `authorization` returns the headers that authorise a call at the time of the call; `renew` is given those that
        the provider says are over, once for each call, and raises when it cannot help. `pace` and `guard` may be None
        for calls outside an account's limits (token endpoints). `call_class` names a call's class for the meter.
        `other_bases` are addresses beside the API's, such as the token endpoint's. `account` is what is known of the
        account. `repeats_timeouts` is off where a call that was given up still counts as one under way over there.
        `patience` is the total time of a call in seconds; a page that a person waits for has less of it. `until`
        (monotonic) is when the last of all calls of the session is given up.
        """
        self.base_url = base_url.rstrip("/")
        self.meter = Meter()
        self.account: Mapping[str, Any] = account or {}
        self._repeats_timeouts = repeats_timeouts
        self._patience, self._until = patience or TOTAL_SECONDS, until
        self.memory: dict[str, Any] = {}  # what one stream's call brought for the others of the same turn
        self.memory_lock = threading.Lock()  # held by the thread that fills it, while others would ask for the same
        self._call_class = call_class
        self._bases = {"api": self.base_url} | {name: url.rstrip("/") for name, url in (other_bases or {}).items()}
        self._headers = dict(headers)
        self._classify = classify
        self._authorization = authorization
        self._renew = renew
        self._pace, self._guard = pace, guard

    def __repr__(self) -> str:
        return f"ApiSession({self.base_url})"

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Return the answer to a GET. `params` without the None ones become the query."""
        query = urlencode({name: value for name, value in (params or {}).items() if value is not None}, doseq=True)
        return self.call("GET", f"{path}?{query}" if query else path, repeatable=True)

    def post(self, path: str, body: Any, *, repeatable: bool, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a POST of JSON. `repeatable`: whether sending it twice does no harm."""
        return self.call("POST", path, body=orjson.dumps(body), repeatable=repeatable, headers=headers)

    def post_form(
        self,
        path: str,
        form: Mapping[str, Any],
        *,
        repeatable: bool,
        headers: Mapping[str, str] | None = None,
        base: str = "api",
    ) -> Answer:
        """Return the answer to a POST of a form; a list becomes the same name several times."""
        sent = {"Content-Type": "application/x-www-form-urlencoded"} | dict(headers or {})
        body = urlencode({name: value for name, value in form.items() if value is not None}, doseq=True).encode()
        return self.call("POST", path, body=body, repeatable=repeatable, headers=sent, base=base)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        repeatable: bool,
        headers: Mapping[str, str] | None = None,
        base: str = "api",
        may_be_empty: bool = False,
    ) -> Answer:
        """Return the answer of the provider. A body is JSON unless `headers` say otherwise.

        Raises a ProviderError. Waits for the pace, renews an expired authorisation once, and repeats what is
        `repeatable` after short troubles: all within three tries and the total time, so that it never outlasts the
        lease of a job. Only a 204 may be empty unless `may_be_empty` says that this call's answer is.
        """
        url, renewed, ends_at = self._url(base, path), False, self._ends_at()
        for attempt in itertools.count(1):
            shown = dict(self._authorization()) if self._authorization else {}
            try:
                return self._once(method, url, body, shown | dict(headers or {}), ends_at, may_be_empty)
            except AuthExpired:
                if renewed or self._renew is None:
                    raise
                self._renew(shown)
                renewed, ends_at = True, self._ends_at()
            except RateLimited as error:
                self._pause(error.retry_after, attempt, ends_at, error)
            except Transient as error:
                if not repeatable or (error.code in _TIMEOUTS and not self._repeats_timeouts):
                    raise
                self._pause(None, attempt, ends_at, error)
        raise AssertionError("unreachable")

    def _ends_at(self) -> float:
        """Return when a call that begins now is given up (monotonic)."""
        ends_at = time.monotonic() + self._patience
        return ends_at if self._until is None else min(ends_at, self._until)

    def _pause(self, asked: float | None, attempt: int, ends_at: float, error: Transient) -> None:
        """Wait before the next try; raise when it would be one too many, or have less than half of the time."""
        seconds = asked if asked is not None else random.uniform(0, 0.5 * 2**attempt)  # noqa: S311 - jitter
        too_late = time.monotonic() + seconds > ends_at - self._patience / 2
        if attempt >= _TRIES or seconds > _LONGEST_WAIT_HERE or too_late:
            raise error
        self.meter.waited(seconds)
        time.sleep(seconds)

    def _once(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], ends_at: float, may_be_empty: bool
    ) -> Answer:
        sent = self._headers | ({"Content-Type": "application/json"} if body is not None else {}) | dict(headers)
        stop_waiting_at = min(time.monotonic() + _LONGEST_WAIT_HERE, ends_at)
        turn = self._pace.turn(stop_waiting_at) if self._pace else contextlib.nullcontext()
        with turn, self._guarded(ends_at):
            status, received, data = self._metered(method, url, sent, body, ends_at)
            return self._answer(status, received, data, may_be_empty)

    @contextlib.contextmanager
    def _guarded(self, ends_at: float) -> Iterator[None]:
        """Call only a provider that is not left alone just now, and note whether it answered.

        Long after the call was to be given up it was this process that stood still: that says nothing about anybody.
        """
        if self._guard is None:
            yield
            return
        self._guard.check()
        try:
            yield
        except ProviderError as error:
            if not isinstance(error, Transient) or isinstance(error, RateLimited):
                self._guard.heard()
            elif time.monotonic() < ends_at + _STOOD_STILL_SECONDS:
                self._guard.silent()
            raise
        self._guard.heard()

    def _answer(self, status: int, received: dict[str, str], data: bytes, may_be_empty: bool) -> Answer:
        if status >= 400:
            error = self._classify(status, received, data)
            if isinstance(error, RateLimited) and self._pace is not None:
                self._pace.hold(error.retry_after if error.retry_after is not None else _HOLD_SECONDS)
            raise error
        empty = not data and (may_be_empty or status == 204)
        return Answer(body={} if empty else _decoded(data, status), headers=received, status=status)

    def _metered(
        self, method: str, url: str, sent: Mapping[str, str], body: bytes | None, ends_at: float
    ) -> tuple[int, dict[str, str], bytes]:
        """Return what came back. A call without an answer counts as well, unless it never got there."""
        try:
            status, received, data = _send(method, url, sent, body, ends_at)
        except Transient as error:
            if error.code != NOT_REACHED:
                self.meter.count(self._call_class(method, url), 0)
            raise
        self.meter.count(self._call_class(method, url), len(data))
        return status, received, data

    def _url(self, base: str, path: str) -> str:
        if path and not path.startswith("/"):
            raise Misconfigured(f"A path begins with a slash; this one is “{path[:40]}”.")
        return self._bases[base] + path


def _send(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: float
) -> tuple[int, dict[str, str], bytes]:
    """Return status, lower-case headers and body of one exchange. Raises Transient when there is no whole answer."""
    _call.deadline = deadline
    left = max(0.1, deadline - time.monotonic())
    timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, left), read=min(READ_SECONDS, left))
    try:
        response = _connections.request(
            method, url, headers=headers, body=body, timeout=timeout, redirect=False, preload_content=False
        )
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
        host = urlsplit(url).hostname
        raise Transient(f"{host} cannot be reached ({type(error).__name__}).", code=NOT_REACHED) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Transient(
            f"{urlsplit(url).hostname} did not answer ({type(error).__name__}).", code="no_answer"
        ) from error
    try:
        data = _read(response, deadline)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        response.close()
        raise Transient(f"The answer of {urlsplit(url).hostname} broke off.", code="broken_answer") from error
    if 300 <= response.status < 400:
        raise Transient(f"{urlsplit(url).hostname} redirected an API call; that is not followed.", code="redirect")
    return response.status, {name.lower(): value for name, value in response.headers.items()}, data


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    with _watchdog.guard(_call.sock, deadline):
        while chunk := response.read(1 << 18):
            size += len(chunk)
            if size > MAX_BYTES:
                response.close()
                chunks.clear()  # a traceback that is kept would keep them
                raise Transient(f"The answer is larger than {MAX_BYTES >> 20} MB.", code="too_large")
            chunks.append(chunk)
    if time.monotonic() > deadline:
        response.close()
        raise Transient("The answer took too long.", code="deadline")
    response.release_conn()
    return b"".join(chunks)


def _decoded(data: bytes, status: int) -> Any:
    """Return the JSON object of an answer; one that was cut off is unreadable, an empty one, too."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Transient("The answer is not readable JSON.", code="unreadable", status=status) from error
    if not isinstance(body, dict):
        raise Transient("The answer is JSON, but not an object.", code="unreadable", status=status)
    return body
