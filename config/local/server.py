"""What PostgreSQL and Valkey have in common: one owner starts them, others use them, and they end with their owner."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from config.local import claims
from config.local.claims import Claim
from config.local.errors import LaunchError

_PATIENCE = 30.0  # seconds for another start that is under way
_LOG_LIMIT = 5_000_000  # bytes; then the log moves aside at the next start


class Server(Protocol):
    """A server that this machine can run for itself."""

    name: str
    lock: Path

    def start(self, previous_url: str) -> str:
        """Start it and return its URL once it answers; the previous URL is a hint for its port."""

    def answers(self, url: str) -> bool:
        """Tell whether a real connection to the URL works."""

    def has_ended(self) -> bool:
        """Tell whether the process that we started is gone."""

    def stop(self) -> None:
        """Stop what `start` started, and nothing else. May be called twice."""


@dataclass(frozen=True)
class Tenure:
    """Our use of one server: as its owner, who stops it in the end, or as a guest."""

    server: Server
    url: str
    claim: Claim | None

    @property
    def is_ours(self) -> bool:
        return self.claim is not None

    def end(self) -> None:
        """Stop the server if we started it. May be called twice."""
        if self.claim:
            self.server.stop()
            self.claim.release()


def obtain(server: Server) -> Tenure:
    """Start the server, or use the one that another process of this checkout has started."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        claim = Claim.take(server.lock)
        if claim:
            return _start(server, claim)
        url = claims.words(server.lock).get("url", "")
        if url and server.answers(url):
            return Tenure(server, url, None)
        time.sleep(0.1)
    raise LaunchError(f"Another ./backline holds {server.lock}, but its {server.name} does not answer. Stop it first.")


def _start(server: Server, claim: Claim) -> Tenure:
    previous = claims.words(server.lock).get("url", "")
    claim.publish({})
    try:
        url = server.start(previous)
    except BaseException:
        server.stop()
        claim.release()
        raise
    claim.publish({"url": url})
    return Tenure(server, url, claim)


def wait_for(true: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """Ask again and again until it is true (then True) or the time is over (then False)."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def log_name(program: str, instance: str) -> str:
    """Return the name of a log file: that of the main instance needs no addition."""
    return f"{program}.log" if instance == "main" else f"{program}-{instance}.log"


def fresh_log(path: Path) -> Path:
    """Return the path, after a log that has grown too long was moved aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".old.log"))
    return path


def last_lines(log: Path, count: int = 5) -> str:
    """Return the end of a log, for the sentence that says why a start failed."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-count:])
