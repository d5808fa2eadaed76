"""The shipped templates, and the first version of rules that a connection gets from them."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections as database_connections

from connections.models import Connection
from integrations import walls
from integrations.models import VenueType
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from mappings import catalogue, judging, templates, versions
from mappings.change import Context
from mappings.engine import BadRule
from mappings.judging import Level
from mappings.models import FieldMapping, FieldMappingTemplate
from mappings.rules import of_template, unlike
from tests.factories import ConnectionFactory, VenueFactory

pytestmark = pytest.mark.django_db(transaction=True)


def rules(connection: Connection, object_type: str = "customer") -> list[tuple[int, str, str]]:
    found = FieldMapping.objects.filter(connection=connection, object_type=object_type).order_by("version", "position")
    return list(found.values_list("version", "source", "target"))


def test_refreshing_twice_changes_nothing_but_the_time() -> None:
    def stored() -> list[dict[str, object]]:
        return list(FieldMappingTemplate.objects.order_by("key").values("id", "key", "name", "rules", "is_default"))

    before, count = stored(), FieldMappingTemplate.objects.count()
    assert (templates.refresh(), stored()) == (count, before)


def test_a_refresh_mends_what_was_changed_by_hand_and_leaves_a_venue_s_own_alone() -> None:
    own = FieldMappingTemplate.objects.create(
        key="own", name="Ours", provider="square", object_type="customer", rules=[], venue=VenueFactory()
    )
    FieldMappingTemplate.objects.filter(key="square-customer").update(rules=[], name="Broken")
    templates.refresh()
    assert FieldMappingTemplate.objects.get(key="square-customer").name == "Square customers"
    assert FieldMappingTemplate.objects.get(key="own") == own


def test_a_new_connection_gets_version_one_from_the_defaults(connection: Connection) -> None:
    mapper = versions.mapper_for(connection, ObjectType.CUSTOMER)
    assert mapper({"given_name": " Nell ", "phone_number": "020 7946 0958"}).fields == {
        "given_name": "Nell", "phone": "+442079460958",
    }  # fmt: skip
    assert {version for version, *_ in rules(connection)} == {1}
    assert FieldMapping.objects.filter(connection=connection, reason__startswith="Template “Square orders").exists()


def test_two_workers_at_once_install_the_default_once(connection: Connection) -> None:
    start, failed = threading.Barrier(2), list[BaseException]()

    def install() -> None:
        start.wait()
        try:
            versions.mapper_for(Connection.objects.get(pk=connection.pk), ObjectType.CUSTOMER)
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)
        finally:
            database_connections.close_all()

    threads = [threading.Thread(target=walls.carried(install)) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join(20) for thread in threads]
    general = FieldMappingTemplate.objects.filter(provider="square", venue_type="general")
    shipped = sum(len(template.rules) for template in general)
    assert (failed, FieldMapping.objects.filter(connection=connection).count()) == ([], shipped)


def test_the_template_of_the_venue_s_own_type_comes_before_the_general_one() -> None:
    FieldMappingTemplate.objects.create(
        key="theatre-customer", name="Theatre customers", provider="square", object_type="customer",
        venue_type="theatre", is_default=True, rules=[{"source": "nickname", "target": "note"}],
    )  # fmt: skip
    theatre = ConnectionFactory(venue=VenueFactory(venue_type="theatre"))
    club = ConnectionFactory(venue=VenueFactory(venue_type="club"))
    for each in (theatre, club):
        versions.install_default(each)
    assert rules(theatre) == [(1, "nickname", "note")]
    assert len(rules(club)) > 10
    assert len(rules(theatre, "order")) > 10


def test_the_newest_version_is_in_force_without_the_rules_that_are_held(connection: Connection) -> None:
    versions.install_default(connection)
    common = {"connection": connection, "version": 2, "object_type": "customer", "direction": "in"}
    FieldMapping.objects.create(**common, position=1, source="nickname", target="given_name")
    FieldMapping.objects.create(**common, position=2, source="note", target="note", paused_reason="Under discussion")
    mapper = versions.mapper_for(connection, ObjectType.CUSTOMER)
    assert mapper({"nickname": "Nell", "note": "tall", "given_name": "Eleanor"}).fields == {"given_name": "Nell"}


def test_a_rule_that_cannot_be_compiled_says_so(connection: Connection) -> None:
    FieldMapping.objects.create(
        connection=connection, version=1, object_type="customer", direction="in", position=1,
        source="note", target="note", transforms=[{"name": "shout"}],
    )  # fmt: skip
    with pytest.raises(BadRule, match="The rule for note uses “shout”"):
        versions.mapper_for(connection, ObjectType.CUSTOMER)


@pytest.mark.parametrize("kind", [each for each in VenueType if each != VenueType.GENERAL])
def test_each_kind_of_venue_has_templates_that_say_why_they_differ(kind: VenueType) -> None:
    own = FieldMappingTemplate.objects.filter(venue_type=kind, venue=None)
    assert own.count() >= 1
    for template in own:
        general = FieldMappingTemplate.objects.get(key=template.key.removesuffix(f"-{kind}"))
        before = of_template(general.object_type, general.rules)
        after = of_template(template.object_type, template.rules)
        assert unlike(before, after)
        assert template.description.endswith(".")
        fields = catalogue.static(PROVIDERS[template.provider])
        found = judging.issues(
            template.provider, after, before=after, context=Context(template.provider), fields=fields
        )
        assert [each for each in found if each.level is Level.ERROR] == []


def test_a_clubs_night_belongs_to_the_day_on_which_it_began() -> None:
    club = ConnectionFactory(venue=VenueFactory(venue_type="club", time_zone="Europe/London"))
    theatre = ConnectionFactory(venue=VenueFactory(venue_type="theatre", time_zone="Europe/London"))
    sold = {"created_at": datetime(2026, 7, 2, 1, 30, tzinfo=UTC)}
    assert versions.mapper_for(club, ObjectType.ORDER)(sold).fields["business_date"] == "2026-07-01"
    assert versions.mapper_for(theatre, ObjectType.ORDER)(sold).fields["business_date"] == "2026-07-02"


def test_what_a_kind_of_venue_leaves_out_is_not_sent() -> None:
    theatre = ConnectionFactory(venue=VenueFactory(venue_type="theatre"), provider="mailchimp")
    club = ConnectionFactory(venue=VenueFactory(venue_type="club"), provider="mailchimp")
    fields = {"email": "mia@example.test", "birthday": "1990-02-28"}
    sent = [versions.outbound_mapper_for(each, ObjectType.CUSTOMER)(fields).values for each in (theatre, club)]
    assert ["merge_fields.BIRTHDAY" in each for each in sent] == [False, True]
