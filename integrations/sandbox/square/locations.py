"""Where the seller trades, and who the seller is."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route
from integrations.sandbox.square.errors import not_found
from integrations.sandbox.square.shapes import integer


def list_locations(call: Call) -> Document:
    return {"locations": call.merchant.locations}


def get_location(call: Call) -> Document:
    wanted = call.ids["location_id"]
    for location in call.merchant.locations:
        if location["id"] == wanted or wanted == "main":
            return {"location": location}
    raise not_found("Location", wanted)


def list_merchants(call: Call) -> Document:
    return {"merchant": [_profile(call)]}


def get_merchant(call: Call) -> Document:
    if call.ids["merchant_id"] not in ("me", call.merchant.id):
        raise not_found("Merchant", call.ids["merchant_id"])
    return {"merchant": _profile(call)}


def _profile(call: Call) -> Document:
    merchant = call.merchant
    main = merchant.locations[0]
    return {
        "id": merchant.id, "business_name": merchant.name, "country": main["country"],
        "language_code": main["language_code"], "currency": merchant.currency, "status": "ACTIVE",
        "main_location_id": main["id"], "created_at": main["created_at"],
    }  # fmt: skip


_SCOPES = ("MERCHANT_PROFILE_READ",)
ROUTES = [
    Route("GET", "/v2/locations", _SCOPES, list_locations),
    Route("GET", "/v2/locations/{location_id}", _SCOPES, get_location),
    Route("GET", "/v2/merchants", _SCOPES, list_merchants, query={"cursor": integer(written=True)}),
    Route("GET", "/v2/merchants/{merchant_id}", _SCOPES, get_merchant),
]
