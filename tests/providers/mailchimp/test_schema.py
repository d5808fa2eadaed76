"""The merge fields of an audience, asked live: one call, and what a rename leaves as it is."""

from collections.abc import Callable
from typing import Any

from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.schema import MailchimpSchema
from integrations.providers.types import Field, FieldType, ObjectType, ReadScope
from tests.provider_sandbox import Sandbox

SCHEMA = MailchimpSchema()


def fields(api: ApiSession, scope: ReadScope) -> dict[str, Field]:
    return {each.id: each for each in SCHEMA.live(api, scope.known)[ObjectType.CUSTOMER]}


def test_one_call_tells_every_merge_field(sandbox: Sandbox, api: ApiSession, scope: ReadScope) -> None:
    found = fields(api, scope)
    assert sandbox.calls() == 1
    assert found["merge_fields.FNAME"] == Field(
        "merge_fields.FNAME", "First Name", FieldType.TEXT, stable="1", writable=True, longest=25
    )
    assert found["merge_fields.PHONE"].type is FieldType.PHONE
    assert found["merge_fields.BIRTHDAY"].type is FieldType.DATE
    assert found["merge_fields.ADDRESS.country"] == Field(
        "merge_fields.ADDRESS.country", "Country", FieldType.COUNTRY, stable="3.country", writable=True
    )


def test_a_renamed_tag_keeps_its_number(api: ApiSession, scope: ReadScope, call: Callable[..., Any]) -> None:
    (audience,) = scope.known[ObjectType.AUDIENCE]
    assert call("PATCH", f"/lists/{audience}/merge-fields/1", json={"name": "Given name", "tag": "GIVEN"}).ok
    found = fields(api, scope)
    assert "merge_fields.FNAME" not in found
    assert (found["merge_fields.GIVEN"].stable, found["merge_fields.GIVEN"].label) == ("1", "Given name")


def test_choices_are_told(api: ApiSession, scope: ReadScope, call: Callable[..., Any]) -> None:
    (audience,) = scope.known[ObjectType.AUDIENCE]
    wish = {"name": "Level", "tag": "LEVEL", "type": "dropdown", "required": True, "options": {"choices": ["A", "B"]}}
    assert call("POST", f"/lists/{audience}/merge-fields", json=wish).ok
    level = fields(api, scope)["merge_fields.LEVEL"]
    assert (level.type, level.choices, level.required) == (FieldType.CHOICE, ("A", "B"), True)


def test_without_an_audience_nothing_is_asked_and_nothing_said(sandbox: Sandbox, api: ApiSession) -> None:
    assert (SCHEMA.live(api, {}), sandbox.calls()) == ({}, 0)
