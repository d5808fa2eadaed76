"""Which parts of an answer are shown: `fields` and `exclude_fields`, dotted paths with commas between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.errors import bad_request

Names = dict[str, Any]  # a name to the names below it; empty for a leaf, OPEN where anything may stand
Tree = dict[str, Any]  # a wanted name to the wanted names below it; empty means all of it
OPEN: Names = {"*": {}}


def names(line: str, **below: Names) -> Names:
    """The names of a document, written with blanks between them. `_links` may be named, but is never there."""
    return {**{name: {} for name in [*line.split(), "_links"]}, **below}


def page(key: str, item: Names, line: str = "") -> Names:
    """The names of an answer that lists documents under a key."""
    return names(f"total_items {line}", **{key: item})


def picked(answer: Document, query: Document, known: Names) -> Document:
    """The answer as the query wants it; MailchimpError 400 for a path that the answer could never have."""
    if "fields" in query:
        answer = _only(answer, _tree(query["fields"], known, "fields"))
    if "exclude_fields" in query:
        answer = _without(answer, _tree(query["exclude_fields"], known, "exclude_fields"))
    return answer


def _tree(paths: Iterable[str], known: Names, parameter: str) -> Tree:
    tree: Tree = {}
    for path in paths:
        _check(path, known, parameter)
        branch = tree
        parts = path.split(".")
        for place, part in enumerate(parts):
            if part in branch and (not branch[part] or place == len(parts) - 1):
                branch[part] = {}
                break
            branch = branch.setdefault(part, {})
    return tree


def _check(path: str, known: Names, parameter: str) -> None:
    for part in path.split("."):
        if known is OPEN:
            return
        if part not in known:
            raise bad_request(f"{parameter} names {path!r}, which this resource does not have.")
        known = known[part]


def _only(value: Any, tree: Tree) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_only(part, tree) for part in value]
    if not isinstance(value, dict):
        return value
    return {name: _only(value[name], below) for name, below in tree.items() if name in value}


def _without(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [_without(part, tree) for part in value]
    if not isinstance(value, dict):
        return value
    shown = {}
    for name, part in value.items():
        if name not in tree:
            shown[name] = part
        elif tree[name]:
            shown[name] = _without(part, tree[name])
    return shown
