"""What we write into the metadata of Stripe's objects, so that we know them again. Everybody else's stays."""

REFERENCE = "backline_record"  # our record's id: on customers, products and invoices of ours
VARIANT = "backline_variant"  # which variant of its product a price is
SKU = "sku"  # of the variant that a price is
RETIRED = "backline_retired"  # on a price that was put away because its variant costs something else now, or is gone
LINE = "backline_line"  # which line of our invoice an item is, from 1 on
PART = "backline_part"  # which part of that line, where it is not the whole
DISCOUNT = "discount"  # the part of a line that takes something off


def is_ours(key: str) -> bool:
    """Return whether a key of somebody's metadata is one that we wrote."""
    return key.startswith("backline_")
