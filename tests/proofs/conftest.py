"""What every proof does with its figure."""

from collections.abc import Callable

import pytest

Point = Callable[[str], None]


@pytest.fixture
def point(request: pytest.FixtureRequest) -> Point:
    """Print a point's figure."""

    def told(figure: str) -> None:
        name = request.node.name.removeprefix("test_").replace("_", " ")
        print(f"\n  ✔ {name}: {figure}", flush=True)

    return told
