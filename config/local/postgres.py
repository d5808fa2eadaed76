"""How does PostgreSQL run on a machine that has none?

It listens on a socket in a private folder and on no port. Root may not run it: then it runs as nobody, and where nobody
cannot enter the checkout, its data lies outside.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from config.local import postgres_programs, tether, unprivileged
from config.local.errors import LaunchError
from config.local.project import Project, make_folder
from config.local.server import fresh_log, last_lines, log_name, wait_for

DATABASE = "backline"
_ROLE = "postgres"
_PORT = "5432"  # names the socket file; nothing listens on the port
_LONGEST_SOCKET = 100  # bytes; Linux takes 107, macOS 103
_CLUSTER = {
    "username": _ROLE,
    "auth": "trust",
    "encoding": "UTF8",
    "locale": "C",
    "locale-provider": "builtin",
    "builtin-locale": "C.UTF-8",
}
_ACCESS = "# The folder of the socket is closed to everybody else.\nlocal all all trust\n"
_SETTINGS = {
    "listen_addresses": "",
    "port": _PORT,
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "250",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
}
_CREATE = r"""
    SELECT 'CREATE DATABASE backline' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'backline') \gexec
"""


class Postgres:
    """One PostgreSQL: made once, started and stopped often; its data outlives it."""

    name = "PostgreSQL"

    def __init__(self, project: Project, instance: str, *, packages: Path | None = None, empty: bool = False) -> None:
        self.lock = project.var / instance / "postgres.lock"
        self.account = unprivileged.account()
        self._project = project
        self._instance = instance
        self._given_packages = packages
        self._empty = empty
        self._log = project.logs / log_name("postgres", instance)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        """The folder of its data: in `var/`, or outside when it runs as nobody, who cannot enter this checkout."""
        if self.is_elsewhere:
            return unprivileged.place(self._project) / self._instance
        return self._project.var / self._instance / "postgres"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def is_elsewhere(self) -> bool:
        return self.account is not None and not unprivileged.can_reach(self._project.var)

    @property
    def pid(self) -> int:
        """The postmaster that we started."""
        return self._process.pid if self._process else 0

    def start(self, previous_url: str = "") -> str:
        """Make the data if there is none, start the server on it, and return its URL once it answers."""
        programs = postgres_programs.reachable(self._packages, self._project, self.account)
        self._make_home()
        self._forget_dead_predecessor()
        self._make_data(programs)
        sockets = self._socket_folder()
        self._process = self._run([programs / "bin" / "postgres", "-D", self.data], _settings(sockets), signal.SIGINT)
        self._wait(sockets)
        return f"postgres://{_ROLE}@{quote(str(sockets), safe='')}:{_PORT}/{DATABASE}"

    def answers(self, url: str) -> bool:
        return self._ask(_sockets_in(url), DATABASE, "SELECT 1") == "1"

    def has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """Shut down fast: open transactions roll back, everything committed is on the disk."""
        if self._process:
            tether.stop(self._process, politely=signal.SIGINT, patience=20)
            self._process = None

    @property
    def _packages(self) -> Path:
        return self._given_packages or self._project.packages

    def _make_home(self) -> None:
        if self.is_elsewhere:
            unprivileged.own_folder(unprivileged.place(self._project), self.account)
        else:
            make_folder(self.home.parent)
            if self.account:  # nobody passes through, and sees nothing on the way
                for folder in (self._project.var, self.home.parent):
                    folder.chmod(0o711)
        unprivileged.own_folder(self.home, self.account)

    def _forget_dead_predecessor(self) -> None:
        """Wait for a server whose owner was killed; remove a pid file whose number means nothing or somebody else."""
        pid_file = self.data / "postmaster.pid"
        if not wait_for(lambda: not _runs_on(self.data, _first_number(pid_file)), seconds=20):
            raise LaunchError(
                f"A PostgreSQL that was not started here (process {_first_number(pid_file)}) uses {self.data}. "
                "Stop it first, or set DATABASE_URL."
            )
        pid_file.unlink(missing_ok=True)

    def _make_data(self, programs: Path) -> None:
        """Run initdb once; a half-made folder of an interrupted start is thrown away."""
        if self._empty and self.data.exists():
            shutil.rmtree(self.data)
        if self.data.exists():
            self._refuse_other_version(programs)
            return
        unfinished = self.home / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        options = [f"--{name}={value}" for name, value in _CLUSTER.items()]
        command: list[str | Path] = [programs / "bin" / "initdb", "--no-instructions", *options, unfinished]
        if self._run(command, {}, signal.SIGKILL).wait():
            raise LaunchError(f"PostgreSQL could not make its data folder:\n{last_lines(self._log)}")
        (unfinished / "pg_hba.conf").write_text(_ACCESS)
        unfinished.rename(self.data)

    def _refuse_other_version(self, programs: Path) -> None:
        made_for, ours = (self.data / "PG_VERSION").read_text().strip(), postgres_programs.major_version(programs)
        if made_for != ours:
            raise LaunchError(
                f"{self.data} was made by PostgreSQL {made_for}, the environment now has {ours}. "
                "Move the folder away to start anew, or set DATABASE_URL."
            )

    def _socket_folder(self) -> Path:
        """A folder that only the server's account enters; its path is short enough for a socket."""
        wanted = self.home / "socket"
        if len(os.fsencode(_socket(wanted))) > _LONGEST_SOCKET:
            wanted = Path("/tmp", f"backline-{self._project.mark}-{self._instance}")
        return unprivileged.own_folder(wanted, self.account)

    def _run(
        self, command: list[str | Path], settings: Mapping[str, str], farewell: signal.Signals
    ) -> "subprocess.Popen[bytes]":
        """Start a program as the account that may; SIGINT makes a server shut down fast."""
        with fresh_log(self._log).open("ab") as log:
            return tether.start(
                [*command, *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))],
                farewell=farewell,
                environment=postgres_programs.environment(),
                folder=Path("/"),
                account=self.account,
                output=log.fileno(),
            )

    def _wait(self, sockets: Path) -> None:
        """Return once our database exists and answers; a server that gives up is reported with its last words."""

        def is_ready() -> bool:
            return self.has_ended() or (_socket(sockets).exists() and self._ask(sockets, _ROLE, _CREATE) is not None)

        if not wait_for(is_ready, seconds=60) or self.has_ended():
            raise LaunchError(f"PostgreSQL did not start:\n{last_lines(self._log)}")

    def _ask(self, sockets: Path, database: str, question: str) -> str | None:
        connection = ["-h", str(sockets), "-p", _PORT, "-U", _ROLE, "-d", database]
        return postgres_programs.ask(self._packages, question, connection=connection)


def _settings(sockets: Path) -> dict[str, str]:
    quoted = str(sockets).replace('"', '""')
    return _SETTINGS | {"unix_socket_directories": f'"{quoted}"'}


def _socket(folder: Path) -> Path:
    return folder / f".s.PGSQL.{_PORT}"


def _sockets_in(url: str) -> Path:
    return Path(unquote(urlsplit(url).netloc.rpartition("@")[2].rpartition(":")[0]))


def _runs_on(data: Path, pid: int) -> bool:
    """Tell whether the process is a PostgreSQL on this data: it works inside its data folder."""
    if pid <= 0:
        return False
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
        except OSError:
            return False
    command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(data) in command.stdout


def _first_number(pid_file: Path) -> int:
    try:
        return int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
