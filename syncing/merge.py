"""Three-way merging of one record's canonical fields: what both sides agreed on last, what theirs says, what ours says.

Pure. Fields are compared as leaves: the parts of an address one by one, an amount or a list as a whole. Consent and
tags have rules of their own: the strictest consent wins over everything, tags are a union.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Fields = Mapping[str, Any]
# Nested objects whose parts are fields of their own; everything else is one value.
_WHOLES = frozenset({"minor", "currency"})
_CONSENT = "marketing_consent"
_TAGS = "tags"
_REFUSALS = ("cleaned", "unsubscribed")
# From the strictest to the loosest.
_STRICTNESS = (*_REFUSALS, "transactional", "pending", "subscribed", "unknown")


class Policy(StrEnum):
    """Whose value stands when both sides changed one field."""

    NEWEST = "newest"
    OURS = "ours"
    THEIRS = "theirs"
    ASK = "ask"


class Way(StrEnum):
    """What becomes of a value that is already there. The same words as the rules have for it."""

    OVERWRITE = "overwrite"
    IF_NEW = "if_new"
    IF_EMPTY = "if_empty"
    APPEND = "append"


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that both sides changed to different values. `taken` is "ours" or "theirs", "" when a person is asked."""

    path: str
    base: Any
    ours: Any
    theirs: Any
    taken: str = ""


@dataclass(slots=True)
class Merged:
    """The fields after the merge, nested, and every clash on the way."""

    fields: dict[str, Any] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)

    @property
    def asked(self) -> list[Clash]:
        """Return the clashes that a person has to decide; our value stands until then."""
        return [clash for clash in self.clashes if not clash.taken]


def merge(
    base: Fields | None,
    theirs: Fields,
    ours: Fields,
    *,
    covers: Collection[str],
    policy: Callable[[str], Policy],
    theirs_is_newer: bool,
    ways: Mapping[str, Way] | None = None,
) -> Merged:
    """Return our fields with what changed on their side.

    `covers` are the canonical paths that their side can tell; whatever else we know stays. `base` None means that both
    sides agreed on what we have. `policy` gives the rule for a path. `ways` are the covered paths whose values do not
    simply go over what is there.
    """
    was, there, here = flat(ours if base is None else base), flat(theirs), flat(ours)
    merged, result = Merged(), dict(here)
    for path in _covered(covers, there, here):
        before, their, our = was.get(path), there.get(path), here.get(path)
        if ways and (way := _way(path, ways)) is not None and _keeps(way, our):
            value: Any = _added(our, their) if way is Way.APPEND else our
        elif path == _TAGS:
            value = _union(before, their, our)
        elif their in (before, our):
            value = our
        elif our == before:
            value = their
        else:
            clash = _decided(Clash(path, before, our, their), policy(path), theirs_is_newer)
            merged.clashes.append(clash)
            value = their if clash.taken == "theirs" else our
        result[path] = value
    if any(path == _CONSENT or path.startswith(f"{_CONSENT}.") for path in covers):
        merged.clashes = [clash for clash in merged.clashes if not clash.path.startswith(_CONSENT)]
        for path in [path for path in result if path.startswith(f"{_CONSENT}.")]:
            del result[path]
        consent = strictest(ours.get(_CONSENT), theirs.get(_CONSENT))
        result |= flat({_CONSENT: consent} if consent else {})
    merged.fields = nested(result)
    return merged


def changed(base: Fields | None, ours: Fields) -> frozenset[str]:
    """Return the paths whose value differs from what both sides agreed on last; none when `base` is None."""
    if base is None:
        return frozenset()
    was, here = flat(base), flat(ours)
    return frozenset(path for path in was.keys() | here.keys() if was.get(path) != here.get(path))


def strictest(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the consent that counts: the stricter of two.

    Only a person's own later yes lifts a refusal: “subscribed”, with a time after that of the refusal. Of two alike
    the later one stands, for it says more.
    """
    if not one or not other:
        found = one or other
        return dict(found) if found else None
    strict, loose = sorted((one, other), key=lambda each: (_strictness(each), -_time(each)))
    said_yes_later = loose.get("status") == "subscribed" and _time(loose) > _time(strict) > 0
    return dict(loose if said_yes_later else strict)


def flat(fields: Fields) -> dict[str, Any]:
    """Return values by path: the parts of nested objects one by one, empty ones left out."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping) and value and not value.keys() <= _WHOLES:
            found |= {f"{name}.{part}": each for part, each in flat(value).items()}
        elif value is not None and value not in ("", [], {}):
            found[name] = value
    return found


def is_below(leaf: str, paths: Collection[str]) -> bool:
    """Return whether a leaf is one of these paths or a part of one."""
    return any(leaf == path or leaf.startswith(f"{path}.") for path in paths)


def alike(one: Any, other: Any) -> bool:
    """Return whether two leaves say the same; tags in another order do."""
    if isinstance(one, list) and isinstance(other, list) and all(isinstance(each, str) for each in [*one, *other]):
        return sorted(one) == sorted(other)
    return bool(one == other)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by path as nested objects; what is empty is left out."""
    fields: dict[str, Any] = {}
    for path, value in values.items():
        if value is None:
            continue
        *above, last = path.split(".")
        place = fields
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return fields


def _covered(covers: Collection[str], there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return the leaves at or below the covered paths, in a fixed order."""
    known = there.keys() | here.keys()
    return sorted(path for path in known if is_below(path, covers))


def _way(path: str, ways: Mapping[str, Way]) -> Way | None:
    return next((way for cover, way in ways.items() if path == cover or path.startswith(f"{cover}.")), None)


def _keeps(way: Way, our: Any) -> bool:
    """Return whether what is here stays: the record is not new, so only what is empty may be filled, or added to."""
    if way is Way.APPEND:
        return our is None or isinstance(our, list)
    return way is Way.IF_NEW or (way is Way.IF_EMPTY and our is not None)


def _added(our: list[Any] | None, their: Any) -> list[Any] | None:
    """Return our entries and behind them those of theirs that we lack; nothing is taken away."""
    here, more = list(our or ()), their if isinstance(their, list) else [] if their is None else [their]
    return [*here, *(each for each in more if each not in here)] or None


def _decided(clash: Clash, policy: Policy, theirs_is_newer: bool) -> Clash:
    if policy is Policy.ASK:
        return clash
    takes_theirs = policy is Policy.THEIRS or (policy is Policy.NEWEST and theirs_is_newer)
    return Clash(clash.path, clash.base, clash.ours, clash.theirs, "theirs" if takes_theirs else "ours")


def _union(before: Iterable[str] | None, their: Iterable[str] | None, our: Iterable[str] | None) -> list[str] | None:
    """Return all tags of both sides, less those that one side took away."""
    was, there, here = list(before or ()), list(their or ()), list(our or ())
    gone = {tag for tag in was if tag not in there or tag not in here}
    kept = [tag for tag in dict.fromkeys([*here, *there]) if tag not in gone]
    return kept or None


def _strictness(consent: Mapping[str, Any]) -> int:
    status = str(consent.get("status") or "unknown")
    return _STRICTNESS.index(status) if status in _STRICTNESS else len(_STRICTNESS)


def _time(consent: Mapping[str, Any]) -> float:
    at = consent.get("at")
    if isinstance(at, datetime):
        return at.timestamp()
    try:
        return datetime.fromisoformat(str(at)).timestamp() if at else 0.0
    except ValueError:
        return 0.0
