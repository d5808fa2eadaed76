"""Reading by query: the language, the order, the pages, and what is refused."""

from __future__ import annotations

import pytest

from tests.sandbox.quickbooks.conftest import Books, fault_of


def test_it_pages_through_everything_that_is_active(books: Books) -> None:
    found = books.all("Customer", page=40)
    truth = [record for record in books.truth("Customer").values() if record["Active"]]
    assert found == truth
    assert books.ask("SELECT count(*) FROM Customer").json()["QueryResponse"] == {"totalCount": len(truth)}


def test_it_shows_inactive_records_only_when_asked(books: Books) -> None:
    inactive = books.found("Customer WHERE Active = false")
    everyone = books.all("Customer WHERE Active IN (true, false)")
    assert [record["Active"] for record in inactive] == [False] * 2
    assert len(everyone) == len(books.truth("Customer"))


def test_it_answers_a_page_with_its_position_and_an_empty_one_without(books: Books) -> None:
    page = books.ask("select * from Invoice startposition 11 maxresults 5").json()
    beyond = books.ask("SELECT * FROM Invoice STARTPOSITION 5000").json()
    assert (page["QueryResponse"]["startPosition"], page["QueryResponse"]["maxResults"]) == (11, 5)
    assert [record["DocNumber"] for record in page["QueryResponse"]["Invoice"]] == [str(n) for n in range(1011, 1016)]
    assert beyond["QueryResponse"] == {}


def test_it_gives_a_hundred_records_unless_told_otherwise(books: Books) -> None:
    assert len(books.found("Customer")) == 100


def test_a_shorter_page_can_be_enforced(books: Books) -> None:
    books.settings(page_size=7)
    assert len(books.found("Customer MAXRESULTS 1000")) == 7


def test_it_follows_the_order_of_change_in_both_directions(books: Books) -> None:
    changed = books.edit("change", Customer=5)["Customer"]
    rising = books.all("Customer ORDERBY MetaData.LastUpdatedTime", page=33)
    falling = books.all("Customer ORDER BY MetaData.LastUpdatedTime DESC", page=33)
    assert rising == falling[::-1]
    assert {record["Id"] for record in rising[-5:]} == set(changed)


def test_it_finds_what_changed_since_a_moment_with_its_offset(books: Books) -> None:
    middle = books.all("Invoice ORDERBY MetaData.LastUpdatedTime")[30]["MetaData"]["LastUpdatedTime"]
    later = books.all(f"Invoice WHERE MetaData.LastUpdatedTime > '{middle}'")
    same = books.all(f"Invoice WHERE MetaData.LastUpdatedTime >= '{middle}'")
    assert (len(later), len(same)) == (29, 30)


def test_it_knows_all_operators(books: Books) -> None:
    one = books.found("Customer MAXRESULTS 1")[0]
    name = one["DisplayName"].replace("'", r"\'")
    assert books.found(f"Customer WHERE DisplayName = '{name}'") == [one]
    assert one in books.all("Customer WHERE GivenName LIKE '%" + one["GivenName"][1:] + "'")
    assert len(books.found("Customer WHERE Id IN ('1', '3', '9999')")) == 2
    totals = [record["TotalAmt"] for record in books.all("Invoice WHERE TotalAmt >= '100.00'")]
    assert totals
    assert min(totals) >= 100


def test_it_joins_conditions_with_and(books: Books) -> None:
    open_ones = books.all("Invoice WHERE Balance > '0' AND TxnDate > '2000-01-01'")
    of_one = books.found(f"Invoice WHERE CustomerRef = '{open_ones[0]['CustomerRef']['value']}' "
                         "AND Balance > 0")  # fmt: skip
    assert len(open_ones) == 15
    assert open_ones[0] in of_one


def test_it_finds_people_by_their_address_after_a_change_too(books: Books) -> None:
    one = next(one for one in books.found("Customer") if "PrimaryEmailAddr" in one)
    body = {"Id": one["Id"], "SyncToken": one["SyncToken"], "sparse": True}
    books.written("customer", body | {"PrimaryEmailAddr": {"Address": "zed@example.org"}})
    old = f"Customer WHERE PrimaryEmailAddr = '{one['PrimaryEmailAddr']['Address']}'"
    assert books.found(old) == []
    assert len(books.found("Customer WHERE PrimaryEmailAddr = 'zed@example.org'")) == 1


def test_it_sorts_by_names(books: Books) -> None:
    names = [one["DisplayName"].casefold() for one in books.all("Customer ORDERBY DisplayName")]
    assert names == sorted(names)


def test_it_takes_a_query_as_a_posted_text(books: Books) -> None:
    posted = books.api.post("query", content="SELECT * FROM Item", headers={"Content-Type": "application/text"})
    refused = books.api.post("query", content="SELECT * FROM Item", headers={"Content-Type": "text/plain"})
    assert len(posted.json()["QueryResponse"]["Item"]) == 24
    assert fault_of(refused) == (415, "1050")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT * FROM Customer WHERE Id = '1' OR Id = '3'", "4000"),
        ("SELECT Id FROM Customer", "4000"),
        ("SELECT * FROM Customer JOIN Invoice", "4000"),
        ("SELECT * FROM Customer GROUP BY GivenName", "4000"),
        ("SELECT * FROM Customer WHERE GivenName != 'Zoë'", "4000"),
        ("SELECT * FROM Customer MAXRESULTS 5 STARTPOSITION 1", "4000"),
        ("SELECT * FROM customer", "4001"),
        ("SELECT * FROM Deposit", "4001"),
        ("SELECT * FROM Customer WHERE Shoesize = '4'", "4001"),
        ("SELECT * FROM Customer WHERE Notes = 'x'", "4001"),
        ("SELECT * FROM Customer ORDERBY Shoesize", "4001"),
        ("SELECT * FROM Customer MAXRESULTS 1001", "4001"),
        ("SELECT * FROM Customer STARTPOSITION 0", "4001"),
        ("SELECT * FROM Customer WHERE MetaData.LastUpdatedTime > 'yesterday'", "4001"),
        ("SELECT * FROM Invoice WHERE Active = true", "4001"),
        ("SELECT * FROM Invoice WHERE TxnDate > '1/2/2026'", "4001"),
    ],
)
def test_it_refuses_what_it_cannot_answer(books: Books, query: str, code: str) -> None:
    assert fault_of(books.ask(query)) == (400, code)


def test_lists_see_writes_only_after_their_lag(books: Books) -> None:
    books.freeze()
    books.settings(lag_seconds=60)
    made = books.edit("create", Customer=1)["Customer"][0]
    query = f"Customer WHERE Id = '{made}'"
    assert books.api.get(f"customer/{made}").status_code == 200
    assert books.found(query) == []
    books.advance(61)
    assert len(books.found(query)) == 1


def test_it_reads_pick_lists_and_facts(books: Books) -> None:
    assert books.api.get(f"companyinfo/{books.realm}").json()["CompanyInfo"]["CompanyName"] == "The Lantern Room"
    assert books.api.get("preferences").json()["Preferences"]["CurrencyPrefs"]["HomeCurrency"] == {"value": "GBP"}
    for kind in ("Account", "TaxCode", "TaxRate", "Class", "Department", "PaymentMethod", "Term", "Vendor"):
        assert books.found(f"{kind}")


def test_it_names_a_record_that_is_not_there(books: Books) -> None:
    assert fault_of(books.api.get("customer/99999")) == (400, "610")
    assert fault_of(books.api.get("shoe/1")) == (400, "500")


def test_times_carry_the_offset_of_the_company_and_the_day(books: Books) -> None:
    suffixes = {one["MetaData"]["CreateTime"][19:] for one in books.all("Customer")}
    assert suffixes == {"+00:00", "+01:00"}
    made = books.control.post("quickbooks/accounts", json={"name": "Bay Stage", "currency": "USD", "sizes": {}}).json()
    headers = {"Authorization": f"Bearer {made['credentials']['access_token']}"}
    answer = books.api.get(f"{books.url}/v3/company/{made['id']}/companyinfo/{made['id']}", headers=headers).json()
    assert answer["time"][19:] in ("-08:00", "-07:00")


def test_what_customers_owe_is_what_their_invoices_say(books: Books) -> None:
    owed: dict[str, float] = {}
    for invoice in books.all("Invoice"):
        customer = invoice["CustomerRef"]["value"]
        owed[customer] = round(owed.get(customer, 0) + invoice["Balance"], 2)
    for customer_id, customer in books.truth("Customer").items():
        assert customer["Balance"] == owed.get(customer_id, 0)
