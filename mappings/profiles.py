"""What do the values of two fields say about each other? Pure.

Where the same records show both, agreement counts, less what chance would give: two fields that are “GB” everywhere
agree and say nothing. Where they do not, the look of the values is compared: format, length, distinctness, shared ones.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from integrations.providers.types import Money

FEW = 5  # records that show both: fewer say nothing
_ENOUGH = 8  # records that agree: fewer could be chance
_FORMATS = (
    ("e-mail addresses", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("web addresses", re.compile(r"https?://\S+")),
    ("times", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")),
    ("dates", re.compile(r"(\d{4}-|--)\d\d-\d\d|\d\d?[/.]\d\d?([/.]\d{2,4})?")),
    ("phone numbers", re.compile(r"\+?[\d ()./-]{7,20}")),
    ("numbers", re.compile(r"-?\d+([.,]\d+)?")),
    ("country codes", re.compile(r"[A-Z]{2,3}")),
    ("codes", re.compile(r"(?=\S*\d)\S+")),
    ("single words", re.compile(r"\S+")),
    ("a few words", re.compile(r"\S+( \S+){1,2}")),
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the values say: `likeness` 0 to 1, and whether they prove that it is the same field, or another one.

    `compared` is how many records show both, `agreeing` how many of them say the same, `missing` how many have a value
    on our side only. `looks` is what the values look like, "" where there are none to compare.
    """

    likeness: float = 0.0
    is_proof: bool = False
    is_contradiction: bool = False
    compared: int = 0
    agreeing: int = 0
    missing: int = 0
    looks: str = ""


def compare(pairs: Iterable[tuple[Any, Any]]) -> Likeness:
    """Return what values say that stand in pairs: what we expect of a record, and what the field has; None for none."""
    pairs = [(plain(ours), plain(theirs)) for ours, theirs in pairs]
    both = [(ours, theirs) for ours, theirs in pairs if ours and theirs]
    missing = sum(1 for ours, theirs in pairs if ours and not theirs)
    ours, theirs = [each for each, _ in pairs if each], [each for _, each in pairs if each]
    if len(both) >= FEW:
        return _of_same_records(both, missing)
    return Likeness(_look(ours, theirs), missing=0, looks=_looks(theirs) if ours and theirs else "")


def compare_apart(ours: Iterable[Any], theirs: Iterable[Any]) -> Likeness:
    """Return what values say that come from different records."""
    expected, found = ([each for value in values if (each := plain(value))] for values in (ours, theirs))
    return Likeness(_look(expected, found), looks=_looks(found) if expected and found else "")


def plain(value: Any) -> str:
    """Return a value so that what says the same is the same: no case, no order of words, no punctuation."""
    if value is None:
        return ""
    if isinstance(value, Money):
        return f"{value.minor} {value.currency}"
    if isinstance(value, Mapping):
        return " ".join(plain(each) for each in value.values())
    if isinstance(value, list | tuple):
        return "|".join(sorted(plain(each) for each in value))
    return str(value).strip()


def _folded(text: str) -> str:
    if re.fullmatch(r"\+?[\d ()./-]{7,20}", text):
        return re.sub(r"[^\d-]", "", text)
    return " ".join(sorted(re.findall(r"\w+", text.casefold()))) or text


def _of_same_records(both: Sequence[tuple[str, str]], missing: int) -> Likeness:
    folded = [(_folded(ours), _folded(theirs)) for ours, theirs in both]
    agreeing = sum(1 for ours, theirs in folded if ours == theirs)
    share, chance = agreeing / len(folded), _chance(folded)
    beyond = (share - chance) / (1 - chance) if chance < 1 else 0.0
    if chance > 0.9:  # nearly the same everywhere: agreement says little, disagreement all
        return Likeness(share / 2, False, share < 0.5, len(folded), agreeing, missing, _looks([t for _, t in both]))
    is_proof = beyond >= 0.9 and len(folded) >= _ENOUGH
    looks = _looks([theirs for _, theirs in both])
    return Likeness(max(0.0, beyond), is_proof, beyond < 0.3, len(folded), agreeing, missing, looks)


def _chance(folded: Sequence[tuple[str, str]]) -> float:
    """Return how often two fields with these values would agree if they had nothing to do with each other."""
    ours, theirs = Counter(each for each, _ in folded), Counter(each for _, each in folded)
    return sum(ours[value] * theirs[value] for value in ours) / len(folded) ** 2


def _look(ours: Sequence[str], theirs: Sequence[str]) -> float:
    if not ours or not theirs:
        return 0.0
    return (
        0.45 * _shared(_formats(ours), _formats(theirs))
        + 0.2 * _ratio(mean(map(len, ours)), mean(map(len, theirs)))
        + 0.15 * _ratio(len(set(ours)) / len(ours), len(set(theirs)) / len(theirs))
        + 0.2 * _shared(Counter(map(_folded, ours)), Counter(map(_folded, theirs)))
    )


def _formats(values: Iterable[str]) -> Counter[str]:
    return Counter(format_of(value) for value in values)


def format_of(value: str) -> str:
    """Return what a value looks like, in words."""
    return next((name for name, form in _FORMATS if form.fullmatch(value)), "sentences")


def _looks(values: Sequence[str]) -> str:
    common = _formats(values).most_common(1)
    return common[0][0] if common else ""


def _shared(one: Counter[str], other: Counter[str]) -> float:
    """Return how much of two distributions is the same, 0 to 1."""
    return sum(min(one[each] / one.total(), other[each] / other.total()) for each in one)


def _ratio(one: float, other: float) -> float:
    return min(one, other) / max(one, other) if max(one, other) else 1.0
