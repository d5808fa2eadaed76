"""What would mend a rule that lost its field: points, reasons, and what is never done."""

from dataclasses import replace

from integrations.providers.types import Field, FieldType, ObjectType
from mappings import mending
from mappings.change import Context
from mappings.engine import Rule
from mappings.evidence import Sample
from mappings.healing import Case, Ruled, Verdict, examine
from mappings.labels import likeness
from mappings.models import FieldMapping

FIRST = Field("FNAME", "First name", stable="1", writable=True)
GIVEN = Field("GIVEN", "Given name", stable="1", writable=True)
EMAIL = Field("email", "E-mail", FieldType.EMAIL, writable=True, required=True)
NAMES = ("Mia", "Noah", "Elena", "Sam", "Aisha", "Jonas", "Chloe", "Tomás", "Yuki", "Priya")
OUT = Ruled(Rule("given_name", "FNAME"), is_out=True)


def case(new: list[Field], *rules: Ruled, old: tuple[Field, ...] = (FIRST,), holds: str = "GIVEN") -> Case:
    samples = [Sample({"FNAME": name}, {holds: name}, {"given_name": name}) for name in NAMES]
    return Case(ObjectType.CUSTOMER, old, new, rules or (OUT,), samples, Context("mailchimp"))


def test_a_rename_with_a_stable_id_is_certain() -> None:
    (found,) = examine(case([GIVEN])).diagnoses
    assert found.sentence == "“First name” goes by another name now: “Given name”."
    assert (found.proposals[0].score, found.proposals[0].verdict) == (100, Verdict.APPLY)
    assert found.proposals[0].evidence[0].reasons == (
        "it is the same field as “First name”",
        "same type (text)",
        "“Given name” is called much like “First name”",
        "10 of 10 records hold the same value there",
    )
    assert found.proposals[0].evidence[0].samples == (("Mia", "Mia"), ("Noah", "Noah"), ("Elena", "Elena"))


def test_a_name_and_a_type_are_never_enough_to_propose() -> None:
    unseen = replace(case([Field("First_name", "First name", writable=True)]), samples=[])
    (found,) = examine(unseen).diagnoses
    assert (found.proposals[0].score, found.proposals[0].verdict) == (40, Verdict.LIST)


def test_letters_do_not_turn_a_first_name_into_a_last_name() -> None:
    names = ("given_name", "First name")
    assert likeness(names, "given_name", Field("firstName", "firstName")) == 1
    assert likeness(names, "given_name", Field("family_name", "Family name")) == 0


def test_a_closer_name_with_other_values_is_listed_and_says_so() -> None:
    decoy = Field("FIRST_NAME", "First name", stable="9", writable=True)
    (found,) = examine(replace(case([decoy]), samples=[
        Sample({"FNAME": ours}, {"FIRST_NAME": theirs}, {"given_name": ours})
        for ours, theirs in zip(NAMES, reversed(NAMES), strict=True)
    ])).diagnoses  # fmt: skip
    assert found.proposals[0].verdict is Verdict.LIST
    assert found.proposals[0].against == "10 of 10 records hold other values there"


def test_a_removal_is_told_even_when_nothing_can_take_its_place() -> None:
    (found,) = examine(case([])).diagnoses
    assert (found.broken, found.sentence, found.proposals) == (OUT, "“First name” is not offered any more.", ())


def test_what_is_required_waits_for_its_owner_however_certain() -> None:
    rule = Ruled(replace(OUT.rule, required=True), is_out=True)
    (found,) = examine(case([GIVEN], rule)).diagnoses
    assert found.is_required
    assert (found.proposals[0].score, found.proposals[0].verdict) == (100, Verdict.PROPOSE)


def test_what_would_cut_values_is_not_applied_by_itself() -> None:
    short = replace(GIVEN, longest=4)
    (found,) = examine(case([short])).diagnoses
    assert (found.proposals[0].is_lossless, found.proposals[0].verdict) == (False, Verdict.PROPOSE)


def test_a_field_that_must_be_filled_now_is_told() -> None:
    found = examine(case([FIRST, EMAIL], holds="FNAME"))
    assert (found.diagnoses, found.unfilled) == ((), (EMAIL,))


def test_two_rules_never_fill_one_target() -> None:
    last = Field("LNAME", "Last name", stable="2", writable=True)
    both = Field("NAME", "Full name", writable=True)
    rules = (OUT, Ruled(Rule("family_name", "LNAME"), is_out=True))
    found = examine(replace(case([both], *rules, old=(FIRST, last)), samples=[
        Sample({"FNAME": name, "LNAME": f"{name}son"}, {"NAME": f"{name} {name}son"},
               {"given_name": name, "family_name": f"{name}son"})
        for name in NAMES
    ]))  # fmt: skip
    assert [each.certain for each in found.diagnoses] == [None, None]
    rows = [
        FieldMapping(object_type="customer", direction="out", source=each.rule.source, target=each.rule.target)
        for each in rules
    ]
    made = mending.mended(rows, [each.proposals[0] for each in found.diagnoses], by=None)
    assert [(row.source, row.target) for row in made] == [("full_name", "NAME")]


def test_a_new_label_breaks_nothing() -> None:
    assert examine(case([replace(FIRST, label="Vorname")], holds="FNAME")).diagnoses == ()
