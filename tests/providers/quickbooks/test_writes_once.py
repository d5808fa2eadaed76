"""What holds for every paper that is only ever sent to QuickBooks: each once, whichever answers are lost."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from integrations.providers.http import ApiSession
from integrations.providers.types import ObjectType, Values
from tests.provider_sandbox import Sandbox
from tests.providers.quickbooks.conftest import Company, truth
from tests.providers.quickbooks.test_writes_receipts import sale, sales
from tests.providers.quickbooks.test_writes_refunds import refund, refunds
from tests.providers.quickbooks.writing import again, asked, create, delete, good, lose, outlet, persistently, update


@dataclass(frozen=True, slots=True)
class Paper:
    """A kind of paper, and some of it."""

    kind: ObjectType
    one: Callable[[], Values]
    some: Callable[[int], list[Values]]


@pytest.fixture(
    params=[Paper(ObjectType.ORDER, sale, sales), Paper(ObjectType.REFUND, refund, refunds)], ids=["sale", "refund"]
)
def paper(request: pytest.FixtureRequest) -> Paper:
    found: Paper = request.param
    return found


@pytest.mark.parametrize("times", [1, 3, 4, 6])
def test_papers_whose_answers_are_lost_are_made_once(
    books: Sandbox, company: Company, api: ApiSession, paper: Paper, times: int
) -> None:
    lose(books, "", times=times)
    records = good(persistently(api, paper.kind, [create(each) for each in paper.some(4)]))
    assert truth(books, company, paper.kind) == {record.id: record.raw for record in records}
    assert len({record.id for record in records}) == 4


@pytest.mark.parametrize("place", range(4))
def test_whichever_answer_is_lost_a_paper_is_made_once(
    books: Sandbox, company: Company, api: ApiSession, paper: Paper, place: int
) -> None:
    lose(books, "", skip=place)
    writes = [create(paper.one())]
    records = [good(persistently(api, paper.kind, each))[0] for each in (writes, again(writes), again(writes))]
    assert records[0] == records[1] == records[2]
    assert truth(books, company, paper.kind) == {records[0].id: records[0].raw}


def test_after_a_lost_answer_one_query_finds_all_and_nothing_is_sent(
    books: Sandbox, api: ApiSession, paper: Paper
) -> None:
    writes = [create(each) for each in paper.some(4)]
    first = good(outlet(paper.kind).write_batch(api, writes))
    books.clear_log()
    assert good(outlet(paper.kind).write_batch(api, again(writes))) == first
    assert asked(books) == ["query"]


def test_an_update_changes_what_it_names_and_nothing_else(api: ApiSession, paper: Paper) -> None:
    before = good(outlet(paper.kind).write_batch(api, [create(paper.one())]))[0]
    change = update(before, {"TxnDate": "2026-11-22"}, whole=paper.one())
    after = good(outlet(paper.kind).write_batch(api, [change]))[0]
    changed = {"SyncToken", "MetaData", "TxnDate"}
    assert {name: value for name, value in after.raw.items() if name not in changed} == {
        name: value for name, value in before.raw.items() if name not in changed
    }
    assert after.raw["TxnDate"] == "2026-11-22"


@pytest.mark.parametrize("times", [0, 1, 3, 4])
def test_a_paper_is_deleted_for_good_and_only_once(
    books: Sandbox, company: Company, api: ApiSession, paper: Paper, times: int
) -> None:
    records = good(outlet(paper.kind).write_batch(api, [create(each) for each in paper.some(3)]))
    if times:
        lose(books, "", times=times)
    gone = good(persistently(api, paper.kind, [delete(each) for each in records[:2]]))
    assert [(each.id, each.deleted, each.raw) for each in gone] == [(each.id, True, each.raw) for each in records[:2]]
    assert [each.get("is_deleted") for each in truth(books, company, paper.kind).values()] == [True, True, None]
