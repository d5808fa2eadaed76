"""The TypeScript example is what the API's description makes of it, and compiles."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

EXAMPLE: Path = settings.BASE_DIR / "docs" / "examples" / "typescript"
OURS = ("client.ts", "example.ts", "package.json", "tsconfig.json")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="There is no Node here."),
    pytest.mark.skipif(
        not (EXAMPLE / "node_modules").exists(),
        reason=f"npm install was not done in {EXAMPLE.relative_to(settings.BASE_DIR)}",
    ),
]


@pytest.fixture
def anew(tmp_path: Path, db: None) -> Path:
    """A copy of the example, with its types generated from the API of today."""
    for name in OURS:
        shutil.copy(EXAMPLE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(EXAMPLE / "node_modules")
    call_command("spectacular", "--format", "openapi-json", "--file", str(tmp_path / "openapi.json"))
    subprocess.run(["npm", "run", "types"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_the_types_are_those_of_the_api_as_it_is(anew: Path) -> None:
    assert (anew / "schema.d.ts").read_text() == (EXAMPLE / "schema.d.ts").read_text()


def test_the_example_compiles_strictly_to_what_is_kept(anew: Path) -> None:
    compiled = subprocess.run(["npm", "run", "build"], cwd=anew, check=False, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stdout
    for name in ("client.js", "example.js"):
        assert (anew / name).read_text() == (EXAMPLE / name).read_text()
