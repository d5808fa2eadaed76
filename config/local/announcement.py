"""Which `./backline` runs in this checkout right now, and where are its pages and its sandbox?"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.local import claims
from config.local.claims import Claim
from config.local.project import Project


@contextmanager
def announced(project: Project, *, port: int, sandbox_url: str) -> Iterator[None]:
    """Let `./backline manage` and `shell-env` know this run, unless another one was first."""
    claim = Claim.take(_path(project))
    if claim is None:
        yield
        return
    claim.publish({"port": str(port), "sandbox_url": sandbox_url})
    try:
        yield
    finally:
        claim.release()


def read(project: Project) -> claims.Facts:
    """Return the port and the sandbox of the run that was announced and still lives, or nothing."""
    return claims.words_of_holder(_path(project))


def _path(project: Project) -> Path:
    return project.var / "run.json"
