"""The hand-written bound of sending: rows in pages, the provider's own batch endpoint, one UPDATE with the ids."""

import os
import re
from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson
import psycopg
import urllib3

Document = dict[str, Any]
Person = dict[str, str]
_HTTP = urllib3.PoolManager()


def person(number: int) -> Person:
    """Return somebody."""
    return {
        "given_name": f"Nell {number}", "family_name": f"Ash{number}", "email": f"nell.{number}@venue.example",
        "phone": f"+4477009{number % 100_000:05}",
    }  # fmt: skip


def store(people: list[Person]) -> None:
    """Make the one table that the loop needs."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        database.execute("DROP TABLE IF EXISTS bench_people")
        database.execute("CREATE TABLE bench_people (key text PRIMARY KEY, fields jsonb, external_id text)")
        with database.cursor() as cursor, cursor.copy("COPY bench_people (key, fields) FROM STDIN") as copy:
            for each in people:
                copy.write_row((each["email"], orjson.dumps(each).decode()))


def run(loop: "Loop") -> None:
    """Send everybody who has no id yet, batch by batch."""
    behind = "SELECT key, fields FROM bench_people WHERE external_id IS NULL ORDER BY key LIMIT %s"
    noted = """
        UPDATE bench_people SET external_id = page.id
        FROM jsonb_to_recordset(%s::jsonb) AS page(key text, id text) WHERE bench_people.key = page.key
    """
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        while rows := database.execute(behind, [loop.batch]).fetchall():
            found = loop.send([fields for _, fields in rows])
            page = [{"key": key, "id": found[key]} for key, _ in rows]
            database.execute(noted, [orjson.dumps(page).decode()])


class Loop:
    """How one provider takes many customers; `batch` is the most that it takes at once."""

    batch: ClassVar[int]

    def __init__(self, url: str, state: Document) -> None:
        self.url = url
        self.account: Document = next(iter(state.get("accounts") or state["merchants"]))

    @staticmethod
    def writes(path: str) -> bool:
        """Return whether a path of the log, with ids as {...}, is the one that writes."""
        raise NotImplementedError

    def send(self, people: list[Person]) -> dict[str, str]:
        """Return the ids by e-mail address."""
        raise NotImplementedError

    def post(self, path: str, body: bytes, **headers: str) -> Document:
        """Return the decoded answer."""
        answer = _HTTP.request("POST", f"{self.url}/{path}", body=body, headers=headers)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {answer.data[:200]!r}")
        return dict(orjson.loads(answer.data))


class Square(Loop):
    """A hundred customers with one call."""

    batch = 100

    @staticmethod
    def writes(path: str) -> bool:
        """Bulk create."""
        return path.endswith("/customers/bulk-create")

    def send(self, people: list[Person]) -> dict[str, str]:
        """Return the ids by e-mail address."""
        customers = {
            each["email"]: {
                "given_name": each["given_name"], "family_name": each["family_name"], "email_address": each["email"],
                "phone_number": each["phone"],
            }
            for each in people
        }  # fmt: skip
        headers = {
            "Authorization": f"Bearer {self.account['personal_token']}", "Content-Type": "application/json",
            "Square-Version": "2026-09-16",
        }  # fmt: skip
        body = orjson.dumps({"customers": customers})
        answer = self.post("square/v2/customers/bulk-create", body, **headers)
        return {key: each["customer"]["id"] for key, each in answer["responses"].items()}


class Stripe(Loop):
    """One customer with one call: there is no batch endpoint."""

    batch = 1

    @staticmethod
    def writes(path: str) -> bool:
        """Create."""
        return path.endswith("/v1/customers")

    def send(self, people: list[Person]) -> dict[str, str]:
        """Return the id by e-mail address."""
        (each,) = people
        form = {"name": f"{each['given_name']} {each['family_name']}", "email": each["email"], "phone": each["phone"]}
        headers = {
            "Authorization": f"Bearer {self.account['secret_key']}",
            "Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": each["email"],
        }  # fmt: skip
        return {each["email"]: self.post("stripe/v1/customers", urlencode(form).encode(), **headers)["id"]}


class Mailchimp(Loop):
    """Five hundred contacts with one call."""

    batch = 500

    @staticmethod
    def writes(path: str) -> bool:
        """The batch of an audience: the path of the audience itself."""
        return bool(re.fullmatch(r".*/lists/[^/]+", path))

    def send(self, people: list[Person]) -> dict[str, str]:
        """Return the ids by e-mail address."""
        members = [
            {
                "email_address": each["email"], "status": "transactional",
                "merge_fields": {"FNAME": each["given_name"], "LNAME": each["family_name"], "PHONE": each["phone"]},
            }
            for each in people
        ]  # fmt: skip
        key, account = self.account["api_key"], self.account
        headers = {**urllib3.make_headers(basic_auth=f"bench:{key}"), "Content-Type": "application/json"}
        path = f"mailchimp/{account['dc']}/3.0/lists/{account['lists'][0]['id']}?skip_merge_validation=true"
        answer = self.post(path, orjson.dumps({"members": members, "update_existing": False}), **headers)
        return {each["email_address"]: each["id"] for each in answer["new_members"]}


class QuickBooks(Loop):
    """Thirty customers with one call."""

    batch = 30

    @staticmethod
    def writes(path: str) -> bool:
        """Batch."""
        return path.endswith("/batch")

    def send(self, people: list[Person]) -> dict[str, str]:
        """Return the ids by e-mail address."""
        items = [
            {
                "bId": each["email"], "operation": "create",
                "Customer": {
                    "DisplayName": f"{each['given_name']} {each['family_name']}", "GivenName": each["given_name"],
                    "FamilyName": each["family_name"], "PrimaryEmailAddr": {"Address": each["email"]},
                    "PrimaryPhone": {"FreeFormNumber": each["phone"]},
                },
            }
            for each in people
        ]  # fmt: skip
        headers = {
            "Authorization": f"Bearer {self.account['credentials']['access_token']}", "Accept": "application/json",
            "Content-Type": "application/json",
        }  # fmt: skip
        path = f"quickbooks/v3/company/{self.account['id']}/batch?minorversion=75"
        answer = self.post(path, orjson.dumps({"BatchItemRequest": items}), **headers)
        return {each["bId"]: each["Customer"]["Id"] for each in answer["BatchItemResponse"]}


LOOPS: dict[str, type[Loop]] = {
    "square": Square, "stripe": Stripe, "mailchimp": Mailchimp, "quickbooks": QuickBooks,
}  # fmt: skip
