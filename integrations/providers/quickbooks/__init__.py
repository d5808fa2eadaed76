"""QuickBooks Online: the books with their customers, items, invoices and payments."""

from integrations.providers.base import Provider
from integrations.providers.quickbooks import client, outlets, streams
from integrations.providers.quickbooks.auth import CompanyEntrance, QuickBooksCheck, QuickBooksOAuth
from integrations.providers.quickbooks.schema import QuickBooksSchema
from integrations.providers.quickbooks.spec import SPEC, call_class
from integrations.providers.quickbooks.webhooks import QuickBooksWebhooks

QUICKBOOKS = Provider(
    spec=SPEC,
    check=QuickBooksCheck(),
    streams=streams.STREAMS,
    oauth=QuickBooksOAuth(),
    webhooks=QuickBooksWebhooks(),
    entrance=CompanyEntrance(),
    call_class=call_class,
    classify=client.classify,
    outlets=outlets.OUTLETS,
    schema=QuickBooksSchema(),
)
