"""How the hand-written program of the benchmark reads one stream of each provider: nothing but the least calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3

Document = dict[str, Any]
Bound = str | int | None
# A connection for each window; the least that a program needs.
_HTTP = urllib3.PoolManager(maxsize=16)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, half open; None leaves that side open."""

    begin: Bound = None
    end: Bound = None


class Line:
    """One stream of one provider: which size it has at the sandbox, and how its pages are asked for."""

    size = ""
    kind = ""
    key = ""
    object_type = "customer"

    def __init__(self, url: str, state: Document) -> None:
        self.url, self.state = url, state
        self.account: Document = next(iter(state.get("accounts") or state["merchants"]))

    def pages(self, window: Window) -> Iterator[list[Document]]:
        """Yield the records of one window page by page."""
        raise NotImplementedError

    def id_of(self, record: Document) -> str:
        """Return the record's id."""
        return str(record["id"])

    def time_of(self, record: Document) -> Any:
        """Return the time by which windows are cut."""
        raise NotImplementedError

    def ask(self, method: str, path: str, headers: dict[str, str], **more: Any) -> Document:
        """Return the decoded answer."""
        answer = _HTTP.request(method, f"{self.url}/{path}", headers=headers, **more)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {answer.data[:200]!r}")
        return dict(orjson.loads(answer.data))


class Square(Line):
    """Customers, a hundred on a page."""

    size, kind = "square.customers", "customers"

    def pages(self, window: Window) -> Iterator[list[Document]]:
        """Follow the cursor."""
        headers = {
            "Authorization": f"Bearer {self.account['personal_token']}",
            "Content-Type": "application/json",
            "Square-Version": "2026-09-16",
        }
        created = {"start_at": window.begin, "end_at": window.end}
        query: Document = {"sort": {"field": "CREATED_AT", "order": "ASC"}}
        if window.begin or window.end:
            query["filter"] = {"created_at": {name: at for name, at in created.items() if at}}
        asked: Document = {"query": query, "limit": 100}
        while True:
            page = self.ask("POST", "square/v2/customers/search", headers, body=orjson.dumps(asked))
            yield page.get("customers", [])
            if "cursor" not in page:
                return
            asked["cursor"] = page["cursor"]

    def time_of(self, record: Document) -> Any:
        """Return when it was created."""
        return record["created_at"]


class Stripe(Line):
    """Customers, a hundred on a page, newest first."""

    size, kind = "stripe.customers", "customers"

    def pages(self, window: Window) -> Iterator[list[Document]]:
        """Go on behind the last id."""
        headers = {"Authorization": f"Bearer {self.account['secret_key']}"}
        asked: Document = {"limit": 100, "created[gte]": window.begin, "created[lt]": window.end}
        while True:
            fields = {name: str(value) for name, value in asked.items() if value is not None}
            page = self.ask("GET", "stripe/v1/customers", headers, fields=fields)
            yield page["data"]
            if not page["has_more"]:
                return
            asked["starting_after"] = page["data"][-1]["id"]

    def time_of(self, record: Document) -> Any:
        """Return when it was created, in seconds."""
        return record["created"]


class Mailchimp(Line):
    """Members of the first audience, a thousand on a page."""

    size, kind = "mailchimp.members", "members"

    def pages(self, window: Window) -> Iterator[list[Document]]:
        """Count the offset up within the window."""
        headers = urllib3.make_headers(basic_auth=f"any:{self.account['api_key']}")
        path = f"mailchimp/{self.account['dc']}/3.0/lists/{self.account['lists'][0]['id']}/members"
        asked: Document = {"count": 1000, "offset": 0, "sort_field": "last_changed", "sort_dir": "ASC"}
        asked |= {"since_last_changed": window.begin, "before_last_changed": window.end}
        while True:
            fields = {name: str(value) for name, value in asked.items() if value is not None}
            page = self.ask("GET", path, headers, fields=fields)
            yield page["members"]
            asked["offset"] += len(page["members"])
            if asked["offset"] >= page["total_items"]:
                return

    def time_of(self, record: Document) -> Any:
        """Return when it was changed last."""
        return record["last_changed"]


class QuickBooks(Line):
    """Customers, a thousand on a page."""

    size, kind = "quickbooks.Customer", "Customer"

    def pages(self, window: Window) -> Iterator[list[Document]]:
        """Count the start position up within the window."""
        token = self.account["credentials"]["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        path = f"quickbooks/v3/company/{self.account['id']}/query"
        bounds = [("MetaData.LastUpdatedTime >=", window.begin), ("MetaData.LastUpdatedTime <", window.end)]
        where = "".join(f" AND {test} '{at}'" for test, at in bounds if at)
        position = 1
        while True:
            query = (
                f"SELECT * FROM Customer WHERE Active IN (true, false){where} ORDERBY MetaData.LastUpdatedTime "
                f"STARTPOSITION {position} MAXRESULTS 1000"
            )
            page = self.ask("GET", path, headers, fields={"query": query, "minorversion": "75"})
            found = page["QueryResponse"].get("Customer", [])
            yield found
            if len(found) < 1000:
                return
            position += 1000

    def id_of(self, record: Document) -> str:
        """Return the record's id."""
        return str(record["Id"])

    def time_of(self, record: Document) -> Any:
        """Return when it was changed last."""
        return record["MetaData"]["LastUpdatedTime"]


LINES: dict[str, type[Line]] = {"square": Square, "stripe": Stripe, "mailchimp": Mailchimp, "quickbooks": QuickBooks}
