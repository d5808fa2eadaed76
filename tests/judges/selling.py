"""Every request that our client ever sends to a Mailchimp store: things made, changed, lost and removed."""

from __future__ import annotations

from typing import Any

from connections import sessions
from integrations.providers.mailchimp.orders import Orders
from integrations.providers.mailchimp.products import Products
from integrations.providers.types import ExternalRecord, Money
from integrations.sealing import Secret
from tests.contract.account import Account
from tests.providers.mailchimp.shopping import NIGHT, NOW, YESTERDAY, change, line, make, product_of, remove, sale
from tests.providers.writing import again, good


def sell(account: Account) -> None:
    """Do all of it once, with an audience and a key of the account."""
    api = sessions.with_key(account.stage.provider, Secret(account.key))
    products, orders, list_id = Products(), Orders(lambda: NOW), str(account.told["lists"][0]["id"])

    def put(outlet: Any, *writes: Any) -> ExternalRecord:
        return good(outlet.write_batch(api, list(writes)))[0]

    show, plain = make(NIGHT, list_id=list_id), make(NIGHT | {"variants": None}, number=1, list_id=list_id)
    night = put(products, show, plain)
    put(products, *again([show]))
    put(products, change(show, night, title="Late jazz", description=None, variants=NIGHT["variants"][:1]))
    lines = (line(3700, "2", product=product_of(night, key="FULL"), discount=Money(5, "GBP")), line(100), line(200))
    bought = make(sale(*lines, tax_total=Money(9, "GBP")), list_id=list_id)
    made = put(orders, bought)
    put(orders, *again([bought]))
    put(orders, change(bought, made, lines=list(lines[:2]), refunded=Money(100, "GBP"), tax_total=None))
    put(orders, change(bought, made, financial_status="cancelled", processed_at_foreign=YESTERDAY))
    put(orders, make(sale(*lines, customer__email_address="other@example.com"), number=2, list_id=list_id))
    put(products, remove(show, night))
    put(orders, make(sale(*lines), number=3, list_id=list_id))
    put(orders, remove(bought, made))
