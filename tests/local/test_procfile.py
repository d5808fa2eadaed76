"""Reading the Procfile."""

from pathlib import Path

import pytest

from config.local import procfile
from config.local.errors import LaunchError
from tests.local.conftest import REPOSITORY


def test_it_names_the_processes_in_order() -> None:
    assert list(procfile.read(REPOSITORY / "Procfile")) == ["release", "web", "worker", "webhooks", "beat"]


def test_comments_and_empty_lines_mean_nothing(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("# processes\n\nweb: gunicorn config.wsgi\n  beat:celery beat  \n")
    assert procfile.read(path) == {"web": "gunicorn config.wsgi", "beat": "celery beat"}


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("web: gunicorn\nworker celery\n")
    with pytest.raises(LaunchError, match="line 2"):
        procfile.read(path)


@pytest.mark.parametrize(
    ("command", "variables", "arguments"),
    [
        ("serve --bind 127.0.0.1:${PORT:-8000}", {"PORT": "9000"}, ["serve", "--bind", "127.0.0.1:9000"]),
        ("serve --bind 127.0.0.1:${PORT:-8000}", {}, ["serve", "--bind", "127.0.0.1:8000"]),
        ("run '${NAME}' \"two words\"", {"NAME": "a b; rm c"}, ["run", "a b; rm c", "two words"]),
        ("run ${NOTHING}", {}, ["run", ""]),
    ],
)
def test_variables_are_filled_in_without_a_shell(command: str, variables: dict[str, str], arguments: list[str]) -> None:
    assert procfile.arguments(command, variables) == arguments
