"""The embedded PostgreSQL and Valkey, started for real."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from config.local import claims, servers
from config.local.errors import LaunchError
from config.local.postgres import Postgres
from config.local.project import Project
from config.local.servers import Servers
from tests.local.conftest import PACKAGES, REPOSITORY, eventually, lives

pytestmark = pytest.mark.xdist_group("servers")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")

START_AND_STAY = """
import sys, time
from pathlib import Path
from config.local import servers
from config.local.project import Project
with servers.running(Project(Path(sys.argv[1])), {}, packages=Path(sys.argv[2])) as both:
    print(*(tenure.server.pid for tenure in both.tenures), flush=True)
    time.sleep(60)
"""


def pids(both: Servers) -> list[int]:
    return [tenure.server.pid for tenure in both.tenures]  # type: ignore[attr-defined]


def test_data_survives_a_restart_and_the_second_start_is_quick(lasting: Project) -> None:
    with servers.running(lasting, {}, packages=PACKAGES) as both, psycopg.connect(both.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'Zoë' AS name")
        connection.commit()
    with servers.running(lasting, {}, packages=PACKAGES) as both, psycopg.connect(both.database_url) as connection:
        assert connection.execute("SELECT upper(name) FROM kept").fetchone() == ("ZOË",)


def test_a_second_start_uses_what_runs_and_leaves_it_alone(lasting: Project) -> None:
    with servers.running(lasting, {}, packages=PACKAGES) as first:
        with servers.running(lasting, {}, packages=PACKAGES) as second:
            assert (second.database_url, second.redis_url) == (first.database_url, first.redis_url)
            assert [tenure.is_ours for tenure in second.tenures] == [False, False]
        psycopg.connect(first.database_url).close()
        assert redis.Redis.from_url(first.redis_url).ping()


def test_an_instance_of_its_own_shares_nothing_and_can_start_empty(lasting: Project) -> None:
    with servers.running(lasting, {}, packages=PACKAGES) as first:
        assert servers.idle_instance(lasting, "main") == "main-2"
        with servers.running(lasting, {}, instance="main-2", empty=True, packages=PACKAGES) as second:
            assert second.database_url != first.database_url
            assert second.redis_url != first.redis_url


def test_servers_of_yours_are_used_and_none_of_ours_starts(project: Project) -> None:
    given = {"DATABASE_URL": "postgres://db.example/backline", "REDIS_URL": "redis://cache.example/0"}
    with servers.running(project, given, packages=PACKAGES) as both:
        assert (both.database_url, both.redis_url) == (given["DATABASE_URL"], given["REDIS_URL"])
        assert both.tenures == ()


@as_root
def test_root_runs_postgres_as_nobody_and_it_listens_on_no_port(lasting: Project) -> None:
    with servers.running(lasting, {}, packages=PACKAGES) as both:
        postmaster = pids(both)[0]
        status = Path(f"/proc/{postmaster}/status").read_text()
        assert "Uid:\t65534\t65534\t65534\t65534" in status
        assert not _sockets_of(postmaster) & _tcp_sockets()


@as_root
def test_in_a_closed_folder_nobody_gets_a_place_outside(closed_project: Project) -> None:
    with (
        servers.running(closed_project, {}, packages=PACKAGES) as both,
        psycopg.connect(both.database_url) as connection,
    ):
        place = Postgres(closed_project, "main").home
        assert place.parent.stat().st_mode & 0o777 == 0o700
        assert connection.execute("SHOW data_directory").fetchone() == (str(place / "data"),)
        assert any(str(place) in note for note in both.notes())


def test_valkey_asks_for_a_password_that_only_we_can_read(lasting: Project) -> None:
    with servers.running(lasting, {}, packages=PACKAGES) as both:
        address, valkey = urlsplit(both.redis_url), both.tenures[1].server
        assert valkey.answers(both.redis_url)
        assert not valkey.answers(f"redis://:guess@127.0.0.1:{address.port}/0")
        command = Path(f"/proc/{pids(both)[1]}/cmdline").read_text()
        assert str(address.password) not in command
        assert (lasting.var / "main" / "valkey" / "valkey.conf").stat().st_mode & 0o777 == 0o600
        assert redis.Redis.from_url(both.redis_url).config_get("bind") == {"bind": "127.0.0.1"}


def test_they_die_with_a_parent_that_was_killed_and_start_again(lasting: Project) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", START_AND_STAY, lasting.root, PACKAGES],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    started = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(started) == 2
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    with servers.running(lasting, {}, packages=PACKAGES) as both:
        psycopg.connect(both.database_url).close()
        assert not set(started) & set(pids(both))
    assert eventually(lambda: not any(lives(pid) for pid in started))


def test_a_pid_file_that_names_a_stranger_is_survived(lasting: Project) -> None:
    with servers.running(lasting, {}, packages=PACKAGES):
        pass
    data = Postgres(lasting, "main").data
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n5432\n\n\n")
    with servers.running(lasting, {}, packages=PACKAGES) as both:
        psycopg.connect(both.database_url).close()


def test_a_path_too_long_for_a_socket_gets_a_short_one(project: Project) -> None:
    deep = Project(project.root / ("a long name " * 8))
    deep.root.mkdir()
    with servers.running(deep, {}, packages=PACKAGES) as both:
        psycopg.connect(both.database_url).close()
        assert deep.mark in both.database_url
    Path(f"/tmp/backline-{deep.mark}-main").rmdir()


def test_a_server_that_ends_by_itself_is_named(lasting: Project) -> None:
    with servers.running(lasting, {}, packages=PACKAGES) as both:
        assert both.ended() == ""
        os.kill(pids(both)[1], signal.SIGKILL)
        assert eventually(lambda: both.ended() == "Valkey")


def test_an_environment_without_the_programs_is_explained(project: Project) -> None:
    with pytest.raises(LaunchError, match="Set DATABASE_URL"), servers.running(project, {}, packages=project.root):
        pass
    assert not claims.is_held(project.var / "main" / "postgres.lock")


def _sockets_of(postmaster: int) -> set[str]:
    links = [os.readlink(path) for path in Path(f"/proc/{postmaster}/fd").iterdir()]
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:")}


def _tcp_sockets() -> set[str]:
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    return {line.split()[9] for table in tables if table.exists() for line in table.read_text().splitlines()[1:]}
