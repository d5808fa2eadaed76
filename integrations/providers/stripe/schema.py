"""Which metadata the venue keeps on its customers and products: the keys that were seen, for nothing lists them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import ClassVar

from integrations.providers.stripe.fields import METADATA
from integrations.providers.stripe.marks import is_ours
from integrations.providers.stripe.prices import LONGEST
from integrations.providers.types import JSON, Field, ObjectType

_MOST_KEYS = 50  # that Stripe keeps on one object; more in total means that the keys are values


class StripeSchema:
    """No call at all: what was read shows the keys."""

    decided: ClassVar[Mapping[ObjectType, tuple[str, ...]]] = {}
    looks_at: ClassVar[tuple[ObjectType, ...]] = (ObjectType.CUSTOMER, ObjectType.PRODUCT)

    def seen(self, stored: Mapping[ObjectType, Iterable[JSON]]) -> dict[ObjectType, list[Field]]:
        """Return a field for each key, the commonest first."""
        return {kind: fields for kind, raws in stored.items() if (fields := _fields(raws))}


def _fields(raws: Iterable[JSON]) -> list[Field]:
    met = Counter(key for raw in raws for key in (raw.get("metadata") or {}) if not is_ours(key))
    return [Field(f"{METADATA}{key}", f"Metadata “{key}”", longest=LONGEST) for key, _ in met.most_common(_MOST_KEYS)]
