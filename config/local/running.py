"""What happens in `./backline` and in `./backline demo --headless`, from start to stop?"""

import os
import time
from typing import TextIO

from config.local import ports, servers, stack, welcome
from config.local.announcement import announced
from config.local.errors import LaunchError
from config.local.project import Project, make_folder
from config.local.say import colour, paint, say
from config.local.stack import Stack
from config.local.supervisor import Show


def run(project: Project, *, wanted_port: int, demo: bool) -> None:
    """Start everything and keep it going until Ctrl-C. Raises LaunchError when it cannot go on."""
    with servers.running(project, os.environ) as both:
        for note in both.notes():
            say(note)
        port = ports.first_free(wanted_port)
        if port != wanted_port:
            say(f"Port {wanted_port} is taken; using {port}")
        printer = _Printer()
        with (
            stack.started(project, both, port, printer, demo=demo) as running,
            announced(project, port=port, sandbox_url=running.settings.get("SANDBOX_URL", "")),
        ):
            running.supervisor.wait_for(printer.is_quiet, seconds=4)
            print(welcome.text(running.url + "/", running.demo), flush=True)
            while not both.ended():
                running.supervisor.tend(1)
            raise LaunchError(f"{both.ended()} has ended; see {project.logs}. All is stopped.")


def demonstrate(project: Project) -> int:
    """Start everything on free ports and an empty database, walk through it once, stop; return the walk's exit code."""
    instance = servers.idle_instance(project, "demo")
    log_path = make_folder(project.logs) / f"{instance}.log"
    with (
        log_path.open("w") as log,
        servers.running(project, os.environ, instance=instance, empty=True) as both,
        stack.started(project, both, ports.any_free(), _recorder(log), demo=True) as running,
    ):
        code = _walk(project, running)
    if code:
        say(f"The demo ended with code {code}; what the processes said is in {log_path}")
    return code


def _walk(project: Project, running: Stack) -> int:
    """Let the demo sign in, connect and sync, while the processes are kept going."""
    walk = stack.manage(project, running.settings, "demo_headless", "--base-url", running.url)
    while walk.poll() is None:
        running.supervisor.tend(0.2)
    return walk.returncode


class _Printer:
    """Prints each line behind the coloured name of its process."""

    def __init__(self) -> None:
        self._colours: dict[str, int] = {}
        self._spoke_at = time.monotonic()

    def __call__(self, name: str, line: str) -> None:
        self._spoke_at = time.monotonic()
        code = self._colours.setdefault(name, colour(len(self._colours)))
        print(paint(f"{name:<8}", code) + f"  {line}", flush=True)

    def is_quiet(self) -> bool:
        """Tell whether nothing was printed for a moment: time to say something that should stay in sight."""
        return time.monotonic() - self._spoke_at > 1


def _recorder(log: TextIO) -> Show:
    """Write the lines to a file; the terminal belongs to the demo's own words."""
    return lambda name, line: print(f"{name:<8}  {line}", file=log, flush=True)
