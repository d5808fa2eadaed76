"""Which fields Mailchimp's objects have, as the mapping rules name them. Source: its API reference, November 2026."""

from integrations.providers.types import Field
from integrations.providers.types import FieldType as T

# Besides these a contact has what its audience has: one field for each merge tag, named with this before the tag.
MERGE_FIELDS = "merge_fields."

AUDIENCE: tuple[Field, ...] = (
    Field("id", "Audience ID"),
    Field("web_id", "Number in Mailchimp's pages"),
    Field("name", "Name"),
    Field("stats.member_count", "Subscribed contacts", T.NUMBER),
    Field("stats.unsubscribe_count", "Unsubscribed contacts", T.NUMBER),
    Field("stats.cleaned_count", "Cleaned contacts", T.NUMBER),
    Field("campaign_defaults.language", "Language"),
    Field("campaign_defaults.from_name", "Sender's name"),
    Field("double_optin", "Asks to confirm", T.BOOLEAN),
    Field("marketing_permissions", "Has consent boxes", T.BOOLEAN),
    Field("visibility", "Visibility", T.CHOICE, choices=("pub", "prv")),
    Field("date_created", "Created", T.DATETIME),
)
MERGE_FIELD: tuple[Field, ...] = (
    Field("merge_id", "Field number"),
    Field("list_id", "Audience", T.REFERENCE),
    Field("tag", "Merge tag"),
    Field("name", "Name"),
    Field("type", "Kind", T.CHOICE),
    Field("required", "Required", T.BOOLEAN),
    Field("public", "Shown on forms", T.BOOLEAN),
    Field("default_value", "Default"),
    Field("display_order", "Place on forms", T.NUMBER),
    Field("help_text", "Help"),
    Field("options.choices", "Choices", T.LIST),
    Field("options.size", "Longest value", T.NUMBER),
    Field("options.default_country", "Default country"),
    Field("options.phone_format", "Phone format", T.CHOICE),
    Field("options.date_format", "Date format", T.CHOICE),
)
MEMBER: tuple[Field, ...] = (
    Field("id", "Contact's hash"),
    Field("contact_id", "Contact ID"),
    Field("list_id", "Audience", T.REFERENCE),
    Field("unique_email_id", "ID of the e-mail address"),
    Field("web_id", "Number in Mailchimp's pages"),
    Field("email_address", "E-mail address", T.EMAIL, required=True),
    Field("full_name", "Full name"),
    Field("merge_fields.FNAME", "First name"),
    Field("merge_fields.LNAME", "Last name"),
    Field("merge_fields.PHONE", "Phone number", T.PHONE),
    Field("merge_fields.COMPANY", "Company"),
    Field("merge_fields.BIRTHDAY", "Birthday", T.DATE),
    Field("merge_fields.ADDRESS", "Address in one line"),
    Field("merge_fields.ADDRESS.addr1", "Address line 1"),
    Field("merge_fields.ADDRESS.addr2", "Address line 2"),
    Field("merge_fields.ADDRESS.city", "Town or city"),
    Field("merge_fields.ADDRESS.state", "County or state"),
    Field("merge_fields.ADDRESS.zip", "Postcode"),
    Field("merge_fields.ADDRESS.country", "Country", T.COUNTRY),
    Field(
        "status",
        "Marketing status",
        T.CHOICE,
        choices=("subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived"),
    ),
    Field("status_since", "Marketing status since", T.DATETIME),
    Field("unsubscribe_reason", "Why they left"),
    Field("source", "Where they signed up"),
    Field("timestamp_signup", "Signed up", T.DATETIME),
    Field("timestamp_opt", "Confirmed", T.DATETIME),
    Field("email_type", "Format wanted", T.CHOICE),
    Field("language", "Language"),
    Field("vip", "VIP", T.BOOLEAN),
    Field("tags", "Tags", T.LIST),
    Field("sms_phone_number", "Number for text messages", T.PHONE),
    Field(
        "sms_subscription_status",
        "Text message status",
        T.CHOICE,
        choices=("subscribed", "unsubscribed", "nonsubscribed", "pending"),
    ),
    Field("consents_to_one_to_one_messaging", "Agrees to personal messages", T.BOOLEAN),
    Field("location.country_code", "Seen in", T.COUNTRY),
    Field("location.timezone", "Time zone"),
    Field("last_changed", "Last changed", T.DATETIME),
)
PRODUCT: tuple[Field, ...] = (
    Field("id", "Product ID"),
    Field("list_id", "Audience", T.REFERENCE),
    Field("title", "Title", required=True),
    Field("description", "Description"),
    Field("type", "Kind"),
    Field("currency_code", "Currency"),
    Field("variants", "Variants", T.LIST),
)
# `refunded` is no field of Mailchimp's: it decides between the statuses that a sale can have.
ORDER: tuple[Field, ...] = (
    Field("id", "Order ID"),
    Field("list_id", "Audience", T.REFERENCE),
    Field("customer.id", "Buyer", T.REFERENCE),
    Field("customer.email_address", "Buyer’s e-mail address", T.EMAIL),
    Field("customer.first_name", "Buyer’s first name"),
    Field("customer.last_name", "Buyer’s last name"),
    Field("currency_code", "Currency"),
    Field("order_total", "Total", T.MONEY),
    Field("tax_total", "Tax", T.MONEY),
    Field("discount_total", "Discount", T.MONEY),
    Field("refunded", "Refunded", T.MONEY),
    Field("financial_status", "Status", T.CHOICE),
    Field("processed_at_foreign", "Sold", T.DATETIME),
    Field("lines", "Lines", T.LIST),
)

# What may be written of a contact, besides the merge fields of its audience that are not named here. `status_if_new`
# is how a new contact begins, and `list_id` the audience that it goes to.
MEMBER_WRITABLE: frozenset[str] = frozenset({
    "list_id", "status_if_new", "status", "email_address", "email_type", "language", "vip", "tags",
    *(each.id for each in MEMBER if each.id.startswith(MERGE_FIELDS) and each.id != "merge_fields.ADDRESS"),
})  # fmt: skip
PRODUCT_WRITABLE: frozenset[str] = frozenset(each.id for each in PRODUCT if each.id not in ("id", "currency_code"))
ORDER_WRITABLE: frozenset[str] = frozenset(each.id for each in ORDER if each.id != "id")


def named(path: str, listed: tuple[Field, ...]) -> str:
    """Return which of these fields a refusal means by Mailchimp's path of it; the path itself where it is none."""
    parts = path.split(".")
    known = {each.id for each in listed}
    above = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    beside = [f"customer.{path}"]  # an order's buyer is told without saying whose
    return next((each for each in (*above, *beside) if each in known), path)
