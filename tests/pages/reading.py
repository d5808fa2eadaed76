"""Reads a page as a strict browser would, and says what is wrong with it."""

import re
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "path", "circle", "rect"}
_ADDRESSES = ("href", "src", "action", "data-hx-get", "data-hx-post")


class Page(HTMLParser):
    """The facts of one page: its elements, its text, and what breaks the rules."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str]] = []
        self.headings: list[str] = []
        self.faults: list[str] = []
        self.words = ""
        self.technical = ""
        self.title = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self._conclude()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._open.append(tag)
        if "id" in held:
            self.ids.append(held["id"])
        if tag == "label" and "for" in held:
            self.labels.add(held["for"])
        if tag in ("input", "select", "textarea") and held.get("type") not in ("hidden", "submit"):
            self.fields.append(held | {"in_label": "yes" if "label" in self._open else ""})
        if tag == "h1":
            self.headings.append("")
        self._check(tag, held)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes <{self._open[-1] if self._open else 'nothing'}>")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "title" in self._open:
            self.title += data
        elif "details" in self._open:
            self.technical += data
        else:
            self.words += f" {data}"
        if "h1" in self._open:
            self.headings[-1] += data
        if "script" in self._open and data.strip():
            self.faults.append("a script with content")

    def _check(self, tag: str, held: dict[str, str]) -> None:
        if tag == "style" or "style" in held:
            self.faults.append(f"<{tag}> with a style")
        self.faults += [f"<{tag} {name}>" for name in held if name.startswith(("on", "hx-"))]
        for name in _ADDRESSES:
            if re.match(r"(?i)(https?:)?//|javascript:", held.get(name, "")):
                self.faults.append(f"<{tag}> leads to {held[name]}")
        if tag == "svg" and held.get("aria-hidden") != "true":
            self.faults.append("an svg that is read out")
        if tag == "a" and "href" not in held:
            self.faults.append("a link to nowhere")

    def _conclude(self) -> None:
        self.faults += [f"the id {each} twice" for each in {i for i in self.ids if self.ids.count(i) > 1}]
        self.faults += [f"<{tag}> is not closed" for tag in self._open]
        if len(self.headings) != 1 or not self.headings[0].strip():
            self.faults.append(f"{len(self.headings)} h1")
        for field in self.fields:
            if not field["in_label"] and field.get("id") not in self.labels and "aria-label" not in field:
                self.faults.append(f"the field {field.get('name')} has no label")
