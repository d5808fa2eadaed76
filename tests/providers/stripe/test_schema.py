"""The keys of metadata that were seen, and their values; ours are nobody's business."""

from integrations.providers.stripe import records
from integrations.providers.stripe.schema import StripeSchema
from integrations.providers.types import Field, ObjectType

ADA = {"id": "cus_1", "metadata": {"seat": "F12", "backline_record": "0" * 32}}
BEA = {"id": "cus_2", "metadata": {"seat": "A1", "birthday": "1990-01-02"}}


def test_the_keys_that_were_seen_are_fields_the_commonest_first() -> None:
    assert StripeSchema().seen({ObjectType.CUSTOMER: [ADA, BEA], ObjectType.PRODUCT: [{"id": "prod_1"}]}) == {
        ObjectType.CUSTOMER: [
            Field("metadata.seat", "Metadata “seat”", longest=500),
            Field("metadata.birthday", "Metadata “birthday”", longest=500),
        ]
    }


def test_their_values_are_read() -> None:
    assert records.customer(ADA) == {"id": "cus_1", "metadata.seat": "F12"}
