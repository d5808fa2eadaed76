"""How does a child die with us, even after kill -9?

On Linux the kernel sends it a signal when the thread that started it ends, so children are started from the main
thread. Elsewhere a small watcher waits for the end of a pipe that only we hold open.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from config.local.unprivileged import Account

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, linux/prctl.h
_LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None) if _LINUX else None
_WATCH = "import os, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), int(sys.argv[2]))"

Output = int | IO[bytes] | None


def start(
    command: Sequence[str | Path],
    *,
    farewell: signal.Signals,
    environment: Mapping[str, str],
    folder: Path,
    account: Account | None = None,
    output: Output = None,
    own_session: bool = True,
) -> "subprocess.Popen[bytes]":
    """Start the command; when this process ends in any way, it gets the farewell signal.

    In a session of its own the terminal's Ctrl-C does not reach it: we decide when it stops.
    """
    child = subprocess.Popen(
        [str(part) for part in command],
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL if own_session else None,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        start_new_session=own_session,
        preexec_fn=_tie(farewell, os.getpid()) if _LINUX else None,
    )
    if not _LINUX:
        _watch(child.pid, farewell)
    return child


def stop(child: "subprocess.Popen[bytes]", *, politely: signal.Signals, patience: float) -> int:
    """Ask it to end, wait, then insist on its whole session; return its exit code. May be called twice."""
    if child.poll() is None:
        child.send_signal(politely)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
        end_session(child)
    return child.wait()


def outlast(child: "subprocess.Popen[bytes]") -> int:
    """Wait for a child that shares our terminal and return its exit code; what Ctrl-C means to it is its own affair."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


def end_session(child: "subprocess.Popen[bytes]") -> None:
    """Kill the child and whatever it left in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _tie(farewell: signal.Signals, parent: int) -> Callable[[], None]:
    """Return what the child does between fork and exec, after it has changed its account (a change clears the tie)."""

    def tie() -> None:
        assert _libc is not None  # noqa: S101 - narrows the type
        _libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(farewell))
        if os.getppid() != parent:  # the parent died before the tie held
            os._exit(1)

    return tie


def _watch(pid: int, farewell: signal.Signals) -> None:
    command = [sys.executable, "-c", _WATCH, str(pid), str(int(farewell))]
    subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
