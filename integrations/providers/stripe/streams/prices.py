"""How prices are listed, and put beside the products that they belong to."""

from collections.abc import Iterable, Iterator

from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams.paging import pages
from integrations.providers.types import JSON

PATH = "/v1/prices"


def listed(api: ApiSession, product: str | None = None) -> Iterator[JSON]:
    """Yield the prices of one product, or of all; archived ones, too. One call for each hundred."""
    for found in pages(api, PATH, {"product": product}):
        yield from found.entries


def beside(raw: JSON, prices: Iterable[JSON]) -> JSON:
    """Return a product with its prices in the order of their making, whichever way they were found."""
    return raw | {"prices": sorted(prices, key=lambda price: (price["created"], price["id"]))}
