"""What the lines of an order may name, how they are changed, and how one is taken out.

A refusal does not say which product or variant is unknown. A line that is sent again by its id is changed, a new one is
added, and what is not sent stays; an order never loses its last line.
"""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.errors import bad_request, invalid, not_found, problem
from integrations.sandbox.mailchimp.shop import Store

_NEEDED = ("product_id", "product_variant_id", "quantity", "price")


def new_lines(store: Store, wishes: list[Document]) -> list[Document]:
    """The lines of a new order. MailchimpError 400 for a product that is not there, or one id for two lines."""
    _refuse_doubles(wishes)
    return [_line(store, wish) for wish in wishes]


def changed_lines(store: Store, lines: list[Document], wishes: list[Document]) -> list[Document]:
    """The lines after a change. MailchimpError 400 as for new ones, and for a new line that lacks something."""
    _refuse_doubles(wishes)
    sent = {wish["id"]: wish for wish in wishes}
    known = {line["id"] for line in lines}
    changed = [_line(store, line | sent[line["id"]]) if line["id"] in sent else line for line in lines]
    return changed + [_line(store, _whole(place, wish)) for place, wish in enumerate(wishes) if wish["id"] not in known]


def without(order: Document, line_id: str) -> Document:
    """The order without a line. MailchimpError 404 for an unknown one, 400 for the last."""
    left = [line for line in order["lines"] if line["id"] != line_id]
    if len(left) == len(order["lines"]):
        raise not_found()
    if not left:
        raise bad_request("In order to delete this line item, delete the parent resource.")
    return order | {"lines": left}


def _refuse_doubles(wishes: list[Document]) -> None:
    if len({wish["id"] for wish in wishes}) < len(wishes):
        raise bad_request("An order may not contain the same line item id more than once.")


def _whole(place: int, wish: Document) -> Document:
    missing = [name for name in _NEEDED if name not in wish]
    if missing:
        raise invalid([problem(f"lines.{place}", f"Required fields were not provided: {', '.join(missing)}")])
    return wish


def _line(store: Store, line: Document) -> Document:
    product = store.products.get(line["product_id"])
    if product is None:
        raise bad_request("A product with the provided ID does not exist in the account for this list.")
    variants = {variant["id"]: variant for variant in product["variants"]}
    if line["product_variant_id"] not in variants:
        raise bad_request("A product with the provided variant ID does not exist in the account for this list.")
    titles = {
        "product_title": product["title"], "product_variant_title": variants[line["product_variant_id"]]["title"],
        "image_url": product["image_url"],
    }  # fmt: skip
    return {"discount": 0} | line | titles
