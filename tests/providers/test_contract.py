"""What every provider promises, whichever it is: run over all of `PROVIDERS`."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.providers import PROVIDERS
from integrations.providers.base import Stream
from integrations.providers.errors import BadRecord
from integrations.providers.http import ApiSession
from integrations.providers.types import ExternalRecord, FieldType, Money, ObjectType, ReadScope
from mappings import canonical
from mappings.engine import Rule, compile_rules
from mappings.models import FieldMappingTemplate
from mappings.transforms import Context

STREAMS = [
    pytest.param(provider, stream, id=f"{provider.spec.key}-{object_type}")
    for provider in PROVIDERS.values()
    for object_type, stream in provider.streams.items()
]
each_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))
each_stream = pytest.mark.parametrize(("provider", "stream"), STREAMS)


@each_provider
def test_its_facts_are_complete(provider: Any) -> None:
    spec = provider.spec
    assert PROVIDERS[spec.key] is provider
    assert provider.methods
    assert spec.urls.keys() == spec.sandbox_urls.keys()
    assert all(url.startswith("https://") for url in spec.urls.values())
    assert all([spec.name, spec.category, spec.benefit, spec.website, spec.does, spec.never])
    assert all(scope.label and scope.reason.endswith(".") for scope in spec.scopes)
    assert len({scope.name for scope in spec.scopes}) == len(spec.scopes)


@each_provider
def test_its_streams_stand_under_their_own_name_and_after_what_they_need(provider: Any) -> None:
    order = list(provider.streams)
    assert all(stream.object_type is object_type for object_type, stream in provider.streams.items())
    for object_type, stream in provider.streams.items():
        assert all(order.index(need) < order.index(object_type) for need in stream.needs)


@each_stream
def test_its_fields_are_told_apart_and_have_labels(provider: Any, stream: Stream) -> None:
    assert len({field.id for field in stream.fields}) == len(stream.fields) > 0
    assert all(field.label and isinstance(field.type, FieldType) for field in stream.fields)


@each_stream
def test_it_asks_for_the_permission_it_uses(provider: Any, stream: Stream) -> None:
    assert stream.scope in {scope.name for scope in provider.spec.scopes}


@each_stream
@pytest.mark.parametrize("raw", [{}, {"id": "X1"}], ids=["nothing", "an id"])
def test_a_nearly_empty_record_is_read_or_set_aside(provider: Any, stream: Stream, raw: dict[str, Any]) -> None:
    with contextlib.suppress(BadRecord):
        assert stream.values(raw).get("id") == raw.get("id")


def template(provider: Any, stream: Stream) -> FieldMappingTemplate:
    return FieldMappingTemplate.objects.get(
        provider=provider.spec.key, object_type=stream.object_type, venue_type="general", is_default=True
    )


def rules_of(provider: Any, stream: Stream) -> list[Rule]:
    return [Rule(**rule) for rule in template(provider, stream).rules]


@pytest.mark.django_db
@each_stream
def test_its_default_template_compiles_from_its_fields_to_known_ones(provider: Any, stream: Stream) -> None:
    rules = rules_of(provider, stream)
    known = {field.path for field in canonical.OBJECTS[stream.object_type].fields}
    compile_rules(rules, Context(provider=provider.spec.key))
    assert {rule.source for rule in rules} <= {field.id for field in stream.fields}
    assert {rule.target for rule in rules} <= known


@pytest.mark.django_db
@each_stream
def test_its_default_template_fills_what_a_record_must_have(provider: Any, stream: Stream) -> None:
    shape, targets = canonical.OBJECTS[stream.object_type], {rule.target for rule in rules_of(provider, stream)}
    assert {field.path for field in shape.fields if field.required} <= targets
    assert not shape.one_of or targets & set(shape.one_of)


@pytest.fixture
def read(api: ApiSession, seller: dict[str, Any]) -> Any:
    """Read a whole stream of the seller, parts and all."""

    def records(stream: Stream) -> Iterator[ExternalRecord]:
        known = {ObjectType.LOCATION: [place["id"] for place in seller["locations"]]}
        for page in stream.read(api, {}, ReadScope(known=known)):
            for record in page.records:
                complete = getattr(stream, "complete", None)
                yield complete(api, record) if complete else record

    return records


@pytest.mark.django_db
@each_stream
def test_every_real_record_has_declared_values_of_their_kind_and_is_whole_when_mapped(
    provider: Any, stream: Stream, read: Any
) -> None:
    types = {field.id: field.type for field in stream.fields}
    mapper = compile_rules(rules_of(provider, stream), Context(provider=provider.spec.key))
    found = list(read(stream))
    assert found
    for record in found:
        values = stream.values(record.raw)
        assert values.keys() <= types.keys()
        assert {name for name, kind in types.items() if kind is FieldType.MONEY} >= {
            name for name, value in values.items() if isinstance(value, Money)
        }
        mapped = mapper(values)
        assert (mapped.remarks, canonical.OBJECTS[stream.object_type].missing(mapped.fields)) == ([], "")
