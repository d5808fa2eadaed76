"""What an audience is: its facts, its merge fields and tags, its members, and who is told of changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from integrations.sandbox.generation import Document, Timeline, key_of
from integrations.sandbox.mailchimp.hooks import Webhook
from integrations.sandbox.mailchimp.ids import HexIds, hex_text
from integrations.sandbox.mailchimp.merge_fields import MergeFields, Own
from integrations.sandbox.mailchimp.register import Register
from integrations.sandbox.mailchimp.sight import Question
from integrations.sandbox.mailchimp.slots import Slots, Wanted
from integrations.sandbox.mailchimp.subscribers import Choice, Subscribers
from integrations.sandbox.mailchimp.times import stamp
from integrations.sandbox.persons import People

TAGS = ("Season ticket", "Jazz", "Press", "Families", "Volunteers 💛")


@dataclass
class Audience:
    """One list of an account."""

    id: str
    web_id: int
    name: str
    created: int
    contact: Document
    from_name: str
    from_email: str
    merge_fields: MergeFields
    register: Register
    tags: dict[int, Document]
    webhooks: dict[str, Webhook] = field(default_factory=dict)

    def shown(self, member: Document) -> Document:
        return self.merge_fields.shown(member)

    def count(self, status: str | None = None, tag: int | None = None) -> int:
        return self.register.sight.count(Question(Wanted(status=status, tag=tag)))

    def tag_named(self, name: str) -> Document | None:
        return next((tag for tag in self.tags.values() if tag["name"] == name), None)

    def tag(self, name: str, *, now: int) -> Document:
        """The tag of this name, made if there was none."""
        known = self.tag_named(name)
        if known is not None:
            return known
        tag_id = max(self.tags, default=self.web_id * 10) + 1
        self.tags[tag_id] = tag_record(tag_id, name, now)
        return self.tags[tag_id]


def tag_record(tag_id: int, name: str, now: int) -> Document:
    return {"id": tag_id, "name": name, "created_at": stamp(now), "updated_at": stamp(now)}


def member_tags(tags: Iterable[Document]) -> Document:
    """The part of a member that tells its tags."""
    shown = [{"id": tag["id"], "name": tag["name"]} for tag in tags]
    return {"tags_count": len(shown), "tags": shown}


def open_audience(
    key: bytes, name: str, *, number: int, people: People, addresses: HexIds, timeline: Timeline, country: str,
    own: Own, choice: Choice, contact: Document, from_email: str,
) -> Audience:  # fmt: skip
    """Make an audience whose members came over the time of the timeline."""
    list_id, web_id = hex_text(key_of(key, "list"), 10), 300_000 + int(hex_text(key_of(key, "web"), 4), 16) + number
    tags = {
        web_id * 10 + place: tag_record(web_id * 10 + place, text, timeline.begin) for place, text in enumerate(TAGS)
    }
    subscribers = Subscribers(
        key, people, timeline, list_id=list_id, country=country, slots=Slots(key_of(key, "slots"), list(tags)),
        choice=choice, tag_names={tag_id: tag["name"] for tag_id, tag in tags.items()}, addresses=addresses,
    )  # fmt: skip
    return Audience(
        list_id, web_id, name, timeline.begin, contact, str(contact["company"]), from_email,
        MergeFields(list_id, country, own), Register(subscribers), tags,
    )  # fmt: skip
