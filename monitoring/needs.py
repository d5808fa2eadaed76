"""Which permissions does a venue need for what it wishes, and which of them does it lack?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from integrations import wishes
from integrations.providers.base import Provider
from integrations.providers.types import ObjectType, Scope
from mappings import canonical


@dataclass(frozen=True, slots=True)
class Lacking:
    """A permission that was not granted, and the objects that wait for it."""

    scope: Scope
    objects: tuple[ObjectType, ...]


def lacking(provider: Provider, directions: Mapping[str, str], granted: Collection[str]) -> list[Lacking]:
    """Return the permissions that are needed and not granted, in the order in which the provider lists them. Pure."""
    wanted = {*wishes.read_objects(provider, directions), *_sent(provider, directions)}
    needed = {each: part.scope for each, part in provider.parts.items() if each in wanted}
    missing = [scope for scope in provider.spec.scopes if scope.name in set(needed.values()) - set(granted)]
    return [Lacking(each, tuple(kind for kind, name in needed.items() if name == each.name)) for each in missing]


def said(provider: Provider, found: Collection[Lacking]) -> str:
    """Return the sentence about the permissions that are lacking, or that none is. Pure."""
    if not found:
        return f"{provider.spec.name} allows everything that is synced."
    objects = [canonical.OBJECTS[each].plural for each in dict.fromkeys(kind for one in found for kind in one.objects)]
    labels = [f"“{each.scope.label}”" for each in found]
    noun = "permission" if len(labels) == 1 else "permissions"
    return f"{provider.spec.name} does not allow us to sync {_listed(objects)}. It needs the {noun} {_listed(labels)}."


def untold(provider: Provider) -> str:
    """Return the sentence for access of which the provider does not tell what it allows. Pure."""
    return f"{provider.spec.name} does not tell what this access allows. A sync shows it."


def _sent(provider: Provider, directions: Mapping[str, str]) -> list[ObjectType]:
    return [each for each in provider.writers if directions.get(each) in ("out", "both")]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
