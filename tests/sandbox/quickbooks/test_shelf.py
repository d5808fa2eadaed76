"""Counted positions give the same lists as walking through everything."""

from __future__ import annotations

import random

import pytest

from integrations.sandbox.quickbooks.companies import SIZES, Company, open_company
from integrations.sandbox.quickbooks.shelf import BOTH
from integrations.sandbox.store import ALWAYS, Entry, Window

NOW = 1_790_000_000_000
SOME = {**dict.fromkeys(SIZES, 0), "Customer": 240}


def edited(seed: int) -> Company:
    """A company in which some records were changed, made inactive or created."""
    company = open_company("The Lantern Room", currency="GBP", seed=7, sizes=SOME, now=NOW, number=0)
    shelf, chance = company.shelves["Customer"], random.Random(seed)
    for step in range(60):
        rank = chance.randrange(240)
        entry = shelf.at(rank)
        assert entry is not None
        document = entry.document | {"Active": chance.random() < 0.7}
        if chance.random() < 0.2:
            shelf.create(document | {"Id": shelf.generated.id_of(shelf.next_rank())}, now=NOW + 1000 * step, lag=0)
        else:
            shelf.replace(entry, document, now=NOW + 1000 * step, lag=0)
    return company


def walked(
    company: Company, window: Window, shown: frozenset[bool], *, by_change: bool = False, descending: bool = False
) -> list[Entry]:
    scan = company.shelves["Customer"].scan(window=window, by_change=by_change, descending=descending)
    return [entry for _, entry in scan if entry.document["Active"] in shown]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shown", [BOTH, frozenset((True,)), frozenset((False,))])
@pytest.mark.parametrize("order", [{}, {"by_change": True}, {"by_change": True, "descending": True}])
def test_pages_are_slices_of_the_whole_list(seed: int, shown: frozenset[bool], order: dict[str, bool]) -> None:
    company = edited(seed)
    shelf = company.shelves["Customer"]
    for window in (ALWAYS, Window(updated_from=NOW - 10**10), Window(created_to=NOW - 10**10)):
        whole = walked(company, window, shown, **order)
        assert shelf.total(window, shown) == len(whole)
        for skip in (0, 1, 17, len(whole) - 3, len(whole), len(whole) + 5):
            page = shelf.page(skip=max(0, skip), limit=20, window=window, shown=shown, **order)
            assert page == whole[max(0, skip) : max(0, skip) + 20]
