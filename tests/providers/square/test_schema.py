"""The attributes that a seller keeps on its customers, asked live by one call for a hundred."""

from typing import Any

import pytest
import requests

from connections import sessions
from integrations.providers import PROVIDERS
from integrations.providers.square.schema import SquareSchema
from integrations.providers.types import Field, FieldType, ObjectType
from integrations.sealing import Secret
from tests.provider_sandbox import Sandbox

COMMON = "https://developer-production-s.squarecdn.com/schemas/v1/common.json#squareup.common."
DEFINITIONS: list[dict[str, Any]] = [
    {"key": "seat", "name": "Favourite seat", "schema": {"$ref": f"{COMMON}String"}},
    {"key": "joined", "schema": {"$ref": f"{COMMON}Date"}},
    {
        "key": "level", "name": "Level",
        "schema": {"type": "array", "maxItems": 1, "items": {"names": ["Gold", "Silver"], "enum": ["1", "2"]}},
    },
]  # fmt: skip


class Seller:
    """A seller at the sandbox, and its own hand at its attributes."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.token = sandbox.merchant(customers=3)["personal_token"]
        self.url = f"{sandbox.url}/square/v2/customers/custom-attribute-definitions"

    def ask(self, method: str, path: str = "", **body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Square-Version": "2026-09-16"}
        return requests.request(method, f"{self.url}{path}", json=body or None, headers=headers, timeout=20)

    def fields(self) -> list[Field]:
        api = sessions.with_key(PROVIDERS["square"], Secret(self.token))
        return SquareSchema().live(api, {})[ObjectType.CUSTOMER]


@pytest.fixture
def seller(sandbox: Sandbox) -> Seller:
    return Seller(sandbox)


def test_one_call_tells_the_attributes_with_their_types(sandbox: Sandbox, seller: Seller) -> None:
    assert [seller.ask("POST", custom_attribute_definition=each).status_code for each in DEFINITIONS] == [200] * 3
    sandbox.clear_log()
    assert seller.fields() == [
        Field("custom_attributes.seat", "Favourite seat", stable="seat"),
        Field("custom_attributes.joined", "joined", FieldType.DATE, stable="joined"),
        Field("custom_attributes.level", "Level", FieldType.CHOICE, stable="level", choices=("Gold", "Silver")),
    ]
    assert sandbox.calls() == 1


def test_what_was_taken_away_is_told_no_more(seller: Seller) -> None:
    seller.ask("POST", custom_attribute_definition=DEFINITIONS[0])
    assert seller.ask("DELETE", "/seat").status_code == 200
    assert (seller.fields(), seller.ask("DELETE", "/seat").status_code) == ([], 404)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"key": "a b"} | {"schema": DEFINITIONS[0]["schema"]}, "custom_attribute_definition.key"),
        ({"key": "seat", "schema": {"$ref": "String"}}, "custom_attribute_definition.schema"),
        ({"key": "seat", "schema": DEFINITIONS[0]["schema"], "visibility": "VISIBILITY_READ_ONLY"},
         "custom_attribute_definition.name"),
    ],
)  # fmt: skip
def test_the_double_refuses_what_square_refuses(seller: Seller, wish: dict[str, Any], field: str) -> None:
    answer = seller.ask("POST", custom_attribute_definition=wish)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
