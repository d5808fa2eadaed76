"""In which ways could a field take the place of one that a rule has lost? Pure.

As it is, in another way of writing, or where a person's name was or is in one field, as a part of it.
"""

from dataclasses import replace

from integrations.providers.types import Field
from mappings.engine import Rule
from mappings.evidence import Lost, Offer
from mappings.outbound import DERIVED

NAME_PARTS = DERIVED["full_name"]
_SPLITTING = frozenset(NAME_PARTS)
# The ways in which a canonical value is written at providers: a renamed field may write it in another one.
_OUT_FORMS: dict[str, tuple[str, ...]] = {
    "address.country": ("country_in_three",),
    "birthday": ("birthday_with_year_zero", "birthday_without_year"),
}


def offers(lost: Lost, field: Field) -> list[Offer]:
    """Return the ways in which a field could take the place: as it is, and where a name was or is in one, a part."""
    as_it_is = replace(lost.rule, target=field.id) if lost.is_out else replace(lost.rule, source=field.id)
    found = [Offer(as_it_is, field, _meant(lost))]
    if lost.is_out:
        forms = _OUT_FORMS.get(lost.path, ())
        found += [Offer(replace(as_it_is, transforms=()), field, lost.path)] if forms and lost.rule.transforms else []
        found += [Offer(replace(as_it_is, transforms=[{"name": form}]), field, lost.path) for form in forms]
    if lost.path in NAME_PARTS:
        found.append(_the_other_way(lost, as_it_is, field))
    return found


def _meant(lost: Lost) -> str:
    """Return the canonical path that a field stands for which the rule takes as it is."""
    return "full_name" if not lost.is_out and _splits(lost.rule) else lost.path


def _splits(rule: Rule) -> bool:
    return any(each.get("name") in _SPLITTING for each in rule.transforms)


def _the_other_way(lost: Lost, as_it_is: Rule, field: Field) -> Offer:
    """Return the offer for the case that one name became two fields, or two became one."""
    if lost.is_out:
        return Offer(replace(as_it_is, source="full_name"), field, "full_name")
    if _splits(lost.rule):
        kept = [each for each in lost.rule.transforms if each.get("name") not in _SPLITTING]
        return Offer(replace(as_it_is, transforms=kept), field, lost.path)
    return Offer(replace(as_it_is, transforms=[*lost.rule.transforms, {"name": lost.path}]), field, "full_name")
