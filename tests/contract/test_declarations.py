"""What every provider declares: whole, told apart, and fitting to what its double really serves."""

import contextlib
from typing import Any

import pytest

from connections.models import Connection
from integrations.providers import PROVIDERS
from integrations.providers.base import (
    CountedStream,
    DetailedStream,
    RestingStream,
    SharedStream,
    SplitStream,
    SweptStream,
)
from integrations.providers.errors import BadRecord
from integrations.providers.types import FieldType, Money, ObjectType
from mappings import canonical
from mappings.change import Context
from mappings.engine import Rule, compile_rules
from mappings.models import FieldMappingTemplate
from tests.contract.account import stored
from tests.contract.marks import each_provider, each_stream
from tests.contract.stage import STAGES, Stage
from tests.contract.toy import TOY
from tests.contract.working import prepare, read

_OF_THE_VENUE = ("merge_fields.", "metadata.", "CustomField.")  # which of them there are is the venue’s own choice


def test_every_provider_has_a_stage_and_every_stream_stands_on_it() -> None:
    known = PROVIDERS | {"toy": TOY}
    assert STAGES.keys() == known.keys()
    for key, provider in known.items():
        assert STAGES[key].streams.keys() == provider.streams.keys(), key


@each_provider()
def test_its_facts_are_complete(stage: Stage) -> None:
    provider, spec = stage.provider, stage.provider.spec
    assert PROVIDERS.get(spec.key, TOY) is provider
    assert provider.methods
    assert spec.urls.keys() == spec.sandbox_urls.keys()
    assert all(url.startswith("https://") for url in spec.urls.values())
    assert all([spec.name, spec.category, spec.benefit, spec.website, spec.does, spec.never])
    assert all(scope.label and scope.reason.endswith(".") for scope in spec.scopes)
    assert len({scope.name for scope in spec.scopes}) == len(spec.scopes)


@each_provider()
def test_its_streams_stand_under_their_own_name_and_after_what_they_need(stage: Stage) -> None:
    streams = stage.provider.streams
    order = list(streams)
    assert all(stream.object_type is object_type for object_type, stream in streams.items())
    for object_type, stream in streams.items():
        assert all(order.index(need) < order.index(object_type) for need in stream.needs)


@each_provider()
def test_what_the_owner_chooses_from_is_something_that_is_read(stage: Stage) -> None:
    chooser = stage.provider.chooser
    assert chooser is None or chooser.object_type in stage.provider.streams


@each_stream()
def test_its_capabilities_are_whole(stage: Stage, object_type: ObjectType) -> None:
    stream = stage.stream(object_type)
    assert hasattr(stream, "split") == hasattr(stream, "joined") == isinstance(stream, SplitStream)
    assert hasattr(stream, "gone") == isinstance(stream, SweptStream)
    assert hasattr(stream, "count") == isinstance(stream, CountedStream)
    assert not isinstance(stream, SweptStream) or stream.sweep_size > 0
    assert not isinstance(stream, SharedStream) or stream.shares
    assert not isinstance(stream, RestingStream) or stream.rests.total_seconds() > 0
    assert not isinstance(stream, DetailedStream) or callable(stream.complete)


@each_stream()
def test_its_fields_are_told_apart_and_have_labels(stage: Stage, object_type: ObjectType) -> None:
    fields = stage.stream(object_type).fields
    assert len({field.id for field in fields}) == len(fields) > 0
    assert all(field.label and isinstance(field.type, FieldType) for field in fields)


@each_stream()
def test_it_asks_for_the_permission_it_uses(stage: Stage, object_type: ObjectType) -> None:
    assert stage.stream(object_type).scope in {scope.name for scope in stage.provider.spec.scopes}


@each_stream()
@pytest.mark.parametrize("raw", [{}, {"id": "X1"}, {"Id": "X1"}], ids=["nothing", "an id", "an Id"])
def test_a_nearly_empty_record_is_read_or_set_aside(stage: Stage, object_type: ObjectType, raw: dict[str, Any]) -> None:
    with contextlib.suppress(BadRecord):
        assert stage.stream(object_type).values(raw).get("id") in (raw.get("id"), None)


def template(stage: Stage, object_type: ObjectType) -> list[Rule]:
    found = FieldMappingTemplate.objects.get(
        provider=stage.key, object_type=object_type, venue_type="general", is_default=True
    )
    return [Rule(**rule) for rule in found.rules if "direction" not in rule]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("double")
@each_stream()
def test_its_default_template_compiles_from_its_fields_and_fills_what_a_record_must_have(
    stage: Stage, object_type: ObjectType
) -> None:
    rules, shape = template(stage, object_type), canonical.OBJECTS[object_type]
    known, targets = {field.path for field in shape.fields}, {rule.target for rule in rules}
    compile_rules(rules, Context(provider=stage.key))
    assert {rule.source for rule in rules} <= {field.id for field in stage.stream(object_type).fields}
    assert targets <= known
    assert {field.path for field in shape.fields if field.required} <= targets
    assert not shape.one_of or targets & set(shape.one_of)


@pytest.mark.django_db(transaction=True)
@each_stream()
def test_every_real_record_has_declared_values_of_their_kind_and_is_whole_when_mapped(
    stage: Stage, object_type: ObjectType, connection: Connection
) -> None:
    prepare(connection, object_type)
    read(connection, object_type)
    stream = stage.stream(object_type)
    types = {field.id: field.type for field in stream.fields}
    mapper = compile_rules(template(stage, object_type), Context(provider=stage.key))
    found = stored(connection, object_type).values()
    assert found
    for raw in found:
        values = stream.values(raw)
        assert {name for name in values.keys() - types.keys() if not name.startswith(_OF_THE_VENUE)} == set()
        money = {name for name, value in values.items() if isinstance(value, Money)}
        assert money <= {name for name, kind in types.items() if kind is FieldType.MONEY}
        mapped = mapper(values)
        assert (mapped.remarks, canonical.OBJECTS[object_type].missing(mapped.fields)) == ([], "")
