"""The main job once, without a browser: sign in, connect Square, sync, and hold the result against the sandbox."""

import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from connections.models import Connection
from syncing.models import Record, SyncLog

_OWNER = ("owner@lantern.example", "lantern-room-demo")
# object type -> (the sandbox's word, the least that the demo must bring)
_EXPECTED = {
    "location": ("locations", 1),
    "customer": ("customers", 1200),
    "product": ("products", 90),
    "order": ("orders", 2000),
    "payment": ("payments", 1),
    "refund": ("refunds", 1),
    "payout": ("payouts", 1),
}
_PATIENCE = 180.0


class Command(BaseCommand):
    """Walk the pages over HTTP as the owner would, and print what was synced."""

    help = __doc__ or ""

    def add_arguments(self, parser: Any) -> None:
        """Take the address of the running web process."""
        parser.add_argument("--base-url", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises CommandError, which exits with 1, when anything is missing."""
        started = time.monotonic()
        walk = _Walk(options["base_url"])
        walk.open("/accounts/login/")
        walk.submit("password", login=_OWNER[0], password=_OWNER[1])
        walk.expect("/integrations/", "Signing in")
        self.stdout.write("Signed in as the owner of The Lantern Room.")
        connection = self._connect(walk)
        self._wait(connection)
        self._judge(connection)
        self.stdout.write(f"Done in {time.monotonic() - started:.0f} seconds.")

    def _connect(self, walk: "_Walk") -> Connection:
        live = Connection.objects.live().filter(provider="square", venue__slug="lantern-room")
        if not live.exists():
            walk.open("/integrations/square/connect/?venue=lantern-room")
            walk.submit("continue")
            walk.submit("allow")
            walk.expect("/integrations/square/welcome/", "Coming back from Square")
            self.stdout.write("Connected to Square through its consent page.")
        else:
            walk.open("/integrations/square/welcome/?venue=lantern-room")
        walk.submit("start")
        return live.get()

    def _wait(self, connection: Connection) -> None:
        give_up_at = time.monotonic() + _PATIENCE
        logs = SyncLog.objects.filter(connection=connection)
        while connection.sync_jobs.open().exists() or not logs.exists():
            if time.monotonic() > give_up_at:
                raise CommandError(
                    f"The sync did not finish within {_PATIENCE:.0f} seconds. Look at the worker's lines above."
                )
            time.sleep(0.25)

    def _judge(self, connection: Connection) -> None:
        there = _truth(connection)
        short = []
        for object_type, (kind, least) in _EXPECTED.items():
            here = Record.objects.live().filter(venue=connection.venue_id, object_type=object_type).count()
            self.stdout.write(f"  {kind:<10} {here:>6,} here, {there[kind]:>6,} at Square")
            if here != there[kind] or here < least:
                short.append(kind)
        if short:
            raise CommandError(f"Not everything arrived: {', '.join(short)}.")


def _truth(connection: Connection) -> dict[str, int]:
    """Return how many live objects of each kind the sandbox has for the account."""
    url = f"{settings.SANDBOX_URL}/_control/square/{connection.account_id}/counts"
    counts: dict[str, dict[str, int]] = requests.get(url, timeout=30).json()
    return {kind: each["live"] for kind, each in counts.items()}


class _Walk:
    """A person with a browser that has no scripts: opens pages and submits the forms on them."""

    def __init__(self, base_url: str) -> None:
        self._http = requests.Session()
        self._base = base_url
        self._page: requests.Response | None = None

    def open(self, path: str) -> None:
        """Follow a link."""
        self._arrive(self._http.get(urljoin(self._base, path), timeout=30))

    def submit(self, marker: str, **typed: str) -> None:
        """Submit the form with a control of that name or id (or `name=value`), as it stands, with what is typed in."""
        page = self._here()
        form = _form(page.text, marker)
        values = form.values | form.buttons.get(marker, {}) | typed
        headers = {"Referer": page.url}
        address = urljoin(page.url, form.action or page.url)
        self._arrive(self._http.request(form.method, address, data=values, headers=headers, timeout=30))

    def expect(self, path: str, step: str) -> None:
        """Raise CommandError unless the page is the one at `path`."""
        if urlsplit(self._here().url).path != path:
            raise CommandError(f"{step} led to {self._here().url} instead of {path}.")

    def _here(self) -> requests.Response:
        if self._page is None:
            raise CommandError("No page is open.")
        return self._page

    def _arrive(self, page: requests.Response) -> None:
        if page.status_code >= 400:
            raise CommandError(f"{page.url} answered {page.status_code}.")
        self._page = page


@dataclass
class _Form:
    action: str = ""
    method: str = "get"
    values: dict[str, Any] = field(default_factory=dict)
    buttons: dict[str, dict[str, str]] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    """Collects the forms of a page with the values they would send."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self._open: _Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = _Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None and tag in ("input", "button", "select", "option"):
            self._control(self._open, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    def _control(self, form: _Form, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        form.marks |= {name, given.get("id", ""), f"{name}={value}"}
        if tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            form.values[self._select] = value
        elif tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            form.values.setdefault(name, [])
            form.values[name].append(value or ("on" if given.get("type") == "checkbox" else ""))
        elif tag == "button" and name:
            form.buttons |= {mark: {name: value} for mark in (name, given.get("id", ""), f"{name}={value}")}


def _form(html: str, marker: str) -> _Form:
    parser = _Forms()
    parser.feed(html)
    for form in parser.forms:
        if marker in form.marks:
            return form
    raise CommandError(f"The page has no form with “{marker}”; it has {len(parser.forms)} forms.")
