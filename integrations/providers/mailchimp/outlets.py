"""What is only ever sent to Mailchimp: the products and orders of our store, one store for each audience."""

from integrations.providers.base import Outlet
from integrations.providers.mailchimp.orders import Orders
from integrations.providers.mailchimp.products import Products
from integrations.providers.types import ObjectType

OUTLETS: dict[ObjectType, Outlet] = {outlet.object_type: outlet for outlet in (Products(), Orders())}
