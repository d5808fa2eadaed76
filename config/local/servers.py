"""Which PostgreSQL and which Valkey does this run use, and who stops them?

`DATABASE_URL` and `REDIS_URL` point to servers of yours; where they are not set, ours are started and die with us.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.local import claims, secrets
from config.local.postgres import Postgres
from config.local.project import Project
from config.local.server import Server, Tenure, obtain
from config.local.valkey import Valkey

MAIN = "main"
_GIVEN = {"PostgreSQL": "DATABASE_URL", "Valkey": "REDIS_URL"}


@dataclass(frozen=True)
class Servers:
    """Where both servers are, and which of them we hold."""

    database_url: str
    redis_url: str
    tenures: tuple[Tenure, ...]

    def ended(self) -> str:
        """Return the name of a server that has ended under our feet, or nothing."""
        return next((tenure.server.name for tenure in self.tenures if _has_ended(tenure)), "")

    def notes(self) -> list[str]:
        """Return what a newcomer should know about where the servers come from."""
        return [_note(tenure) for tenure in self.tenures]


@contextmanager
def running(
    project: Project,
    environment: Mapping[str, str],
    *,
    instance: str = MAIN,
    empty: bool = False,
    packages: Path | None = None,
) -> Iterator[Servers]:
    """Give both servers; at the end those that we started are stopped, and only those.

    An instance is a pair of servers with data of its own; `empty` throws the data of its last run away first.
    """
    urls, tenures = {}, []
    with ExitStack() as ending:
        for server in _ours(project, instance, packages, empty=empty):
            name = _GIVEN[server.name]
            if environment.get(name):
                urls[name] = environment[name]
                continue
            tenure = obtain(server)
            ending.callback(tenure.end)
            tenures.append(tenure)
            urls[name] = tenure.url
        yield Servers(urls["DATABASE_URL"], urls["REDIS_URL"], tuple(tenures))


def already_running(project: Project, environment: Mapping[str, str], *, instance: str = MAIN) -> Servers | None:
    """Return the servers that another process of this checkout holds, or None; nothing is started."""
    urls = {}
    for server in _ours(project, instance):
        name = _GIVEN[server.name]
        urls[name] = environment.get(name) or claims.words_of_holder(server.lock).get("url", "")
    return Servers(urls["DATABASE_URL"], urls["REDIS_URL"], ()) if all(urls.values()) else None


def idle_instance(project: Project, wanted: str) -> str:
    """Return the wanted instance, or the next of its kind that nobody uses: `test`, `test-2`, ..."""
    names = [wanted, *(f"{wanted}-{number}" for number in range(2, 10))]
    return next((name for name in names if not _is_in_use(project, name)), wanted)


def _is_in_use(project: Project, instance: str) -> bool:
    return any(claims.is_held(server.lock) for server in _ours(project, instance))


def _ours(project: Project, instance: str, packages: Path | None = None, *, empty: bool = False) -> list[Server]:
    password = secrets.load(project.var).valkey_password
    return [
        Postgres(project, instance, packages=packages, empty=empty),
        Valkey(project, instance, password=password, packages=packages),
    ]


def _has_ended(tenure: Tenure) -> bool:
    return tenure.server.has_ended() if tenure.is_ours else not claims.is_held(tenure.server.lock)


def _note(tenure: Tenure) -> str:
    server = tenure.server
    if not tenure.is_ours:
        return f"{server.name} runs already; it is used and left alone"
    if isinstance(server, Postgres) and server.is_elsewhere:
        return f"{server.name} started as nobody, who cannot enter this folder: its data is in {server.home}"
    return f"{server.name} started"
