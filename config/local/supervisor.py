"""Who keeps the processes going, and who ends them?

One thread, one loop: it passes on what they print, starts again what has died, and at the end stops exactly what it
started. It has to be one thread: the kernel ties a child's life to the thread that started it.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from config.local import tether
from config.local.errors import LaunchError

Show = Callable[[str, str], None]

DEATHS_ALLOWED = 5  # within a minute; the next one ends everything
_WINDOW = 60.0
_FIRST_PAUSE = 0.5  # seconds before the first restart; doubled at each further one
_GRACE = 10.0  # seconds between the polite and the final signal
_TICK = 0.1


@dataclass
class _Child:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes]"
    ends_last: bool
    deaths: list[float] = field(default_factory=list)
    starts_again_at: float | None = None


class Supervisor:
    """Keeps named processes alive until it is left; `show` gets the name and each line that they print."""

    def __init__(self, folder: Path, show: Show, *, first_pause: float = _FIRST_PAUSE, grace: float = _GRACE) -> None:
        self._folder = folder
        self._show = show
        self._first_pause = first_pause
        self._grace = grace
        self._children: list[_Child] = []
        self._outputs = selectors.DefaultSelector()
        self._unfinished: dict[int, bytes] = {}
        self._hurried = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, ends_last: bool = False
    ) -> None:
        """Start the process and keep it going from now on; one that others need ends after them."""
        process = self._spawn(name, command, environment)
        self._children.append(_Child(name, command, environment, process, ends_last))

    def tend(self, seconds: float) -> None:
        """Pass on output and revive the dead for so long. Raises LaunchError when one dies again and again."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._pass_on(min(left, _TICK))
            for child in self._children:
                self._look_after(child)

    def wait_for(self, true: Callable[[], bool], *, seconds: float, every: float = _TICK) -> bool:
        """Tend until it is true (then True) or the time is over (then False); `every` is the pause between looks."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                return False
            self.tend(every)
        return True

    def stop(self) -> None:
        """End what was started: politely, then for good. May be called twice; another Ctrl-C shortens the wait."""
        with self._in_a_hurry_when_asked_again():
            self._end([child for child in self._children if not child.ends_last])
            self._end([child for child in self._children if child.ends_last])
            self._children.clear()
            self._pass_on(0)

    def _end(self, children: Sequence[_Child]) -> None:
        living = [child for child in children if child.starts_again_at is None]
        for child in living:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + self._grace
        while any(child.process.poll() is None for child in living) and time.monotonic() < end and not self._hurried:
            self._pass_on(_TICK)
        for child in living:
            tether.end_session(child.process)
            child.process.wait()

    def _spawn(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        try:
            process = tether.start(
                command,
                farewell=signal.SIGKILL,  # after a kill -9 of ours nothing may linger; the rows outlive every worker
                environment=environment,
                folder=self._folder,
                output=subprocess.PIPE,
            )
        except OSError as error:
            raise LaunchError(f"{name} cannot be started: {error.strerror}: {command[0]}") from error
        assert process.stdout is not None  # noqa: S101 - narrows the type
        os.set_blocking(process.stdout.fileno(), False)
        self._outputs.register(process.stdout, selectors.EVENT_READ, (name, process.stdout))
        return process

    def _pass_on(self, seconds: float) -> None:
        """Show the lines that have come in; wait for some at most so long."""
        if not self._outputs.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._outputs.select(seconds):
            name, output = key.data
            received = os.read(key.fd, 65536)
            *lines, rest = (self._unfinished.pop(key.fd, b"") + received).split(b"\n")
            if received:
                self._unfinished[key.fd] = rest
            else:  # the end: what has no newline is a line too
                lines += [rest] if rest else []
                self._outputs.unregister(output)
                output.close()
            for line in lines:
                self._show(name, line.decode(errors="replace").rstrip("\r"))

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.starts_again_at is not None:
            if now >= child.starts_again_at:
                child.starts_again_at = None
                child.process = self._spawn(child.name, child.command, child.environment)
        elif child.process.poll() is not None:
            self._note_death(child, now)

    def _note_death(self, child: _Child, now: float) -> None:
        """Clear away what the dead left, and decide when it starts again, or that it never will."""
        tether.end_session(child.process)
        child.deaths = [death for death in child.deaths if now - death < _WINDOW] + [now]
        ending = _how(child.process.returncode)
        if len(child.deaths) > DEATHS_ALLOWED:
            self._pass_on(_TICK)
            raise LaunchError(
                f"{child.name} ended {len(child.deaths)} times within a minute, last {ending}. All is stopped."
            )
        pause = self._first_pause * 2 ** (len(child.deaths) - 1)
        child.starts_again_at = now + pause
        self._show(child.name, f"ended {ending}; starting it again in {pause:g} s")

    @contextmanager
    def _in_a_hurry_when_asked_again(self) -> Iterator[None]:
        def hurry(number: int, frame: FrameType | None) -> None:
            self._hurried = True

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, hurry) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _how(code: int) -> str:
    return f"with code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
