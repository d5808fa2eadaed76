"""A person with a browser that has no scripts: opens pages and submits the forms on them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests


class Lost(Exception):
    """The walk led somewhere else than it should have."""


class Walk:
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
        """Raise Lost unless the page is the one at `path`."""
        if urlsplit(self._here().url).path != path:
            raise Lost(f"{step} led to {self._here().url} instead of {path}.")

    def _here(self) -> requests.Response:
        if self._page is None:
            raise Lost("No page is open.")
        return self._page

    def _arrive(self, page: requests.Response) -> None:
        if page.status_code >= 400:
            raise Lost(f"{page.url} answered {page.status_code}.")
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
    raise Lost(f"The page has no form with “{marker}”; it has {len(parser.forms)} forms.")
