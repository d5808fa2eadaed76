"""The fifth provider of the documentation: short, whole, and gone again after its tests."""

from pathlib import Path

import pytest

from integrations.providers import PROVIDERS
from tests.contract import toy
from tests.contract.marks import KNOWN
from tests.contract.stage import TOY_BOX_OFFICE

MOST_LINES = 150


def test_a_whole_provider_is_no_longer_than_this() -> None:
    assert len(Path(toy.__file__).read_text().splitlines()) <= MOST_LINES


def test_it_passes_the_same_suite_as_the_others() -> None:
    assert [stage.key for stage in KNOWN][-1] == "toy"
    assert len(KNOWN) == len(PROVIDERS) + 1


def test_it_is_known_only_inside_its_own_tests() -> None:
    assert "toy" not in PROVIDERS


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_toy_is_known")
def test_one_entry_makes_it_known_everywhere() -> None:
    assert TOY_BOX_OFFICE.provider is PROVIDERS["toy"] is toy.TOY
