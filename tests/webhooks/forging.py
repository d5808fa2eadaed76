"""What somebody sends who is not the provider, or who changed what it sent; and true deliveries that look odd."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import orjson

from tests.webhooks.senders import MAILCHIMP, SQUARE, STRIPE, Headers, Sender, digest, url

NAMES = (
    "Zoë",
    "O’Brien",
    "李小龙",
    "🎟️ Tickets",
    "e\u0301clair",
    "\u202eright",
    "a\u200bb",
    "<script>",
    "\\u0041",
    "“quoted”",
)


@dataclass(frozen=True)
class Sent:
    """One delivery as it arrives."""

    body: bytes
    headers: Headers


Forge = Callable[["Forger"], Sent]


class Forger:
    """Makes deliveries of one provider from seeded chance."""

    def __init__(self, sender: Sender, rng: Random) -> None:
        self.sender, self.rng = sender, rng

    def true(self) -> Sent:
        """Return a delivery as the provider sends it, with letters and spacing of all kinds."""
        body = self.body()
        headers = self.sender.sign(body)
        if self.sender.timed:
            headers = {self.sender.header: self._spaced(headers[self.sender.header])}
        return Sent(body, headers)

    def body(self) -> bytes:
        """Return an event with odd spacing and unicode."""
        number, name = self.rng.randrange(10**9), self.rng.choice(NAMES)
        if self.sender is MAILCHIMP:
            pairs = parse_qsl(self.sender.event(number, **{"data[merges][LNAME]": name}).decode())
            self.rng.shuffle(pairs)
            return urlencode(pairs, quote_via=self.rng.choice((quote, quote_plus_like))).encode()
        told = orjson.loads(self.sender.event(number, account=self.sender.account))
        (told[0] if isinstance(told, list) else told)["note"] = name
        return self._dumped(told)

    def forged(self, kind: str) -> Sent:
        """Return a forged delivery of this kind."""
        return KINDS[self.sender.key][kind](self)

    def signed(self, body: bytes, **how: Any) -> Sent:
        """Return the body with a signature made so."""
        return Sent(body, self.sender.sign(body, **how))

    def with_signature(self, body: bytes, value: str) -> Sent:
        """Return the body with this in the signature's header."""
        return Sent(body, {self.sender.header: value})

    def signature(self, body: bytes) -> str:
        """Return the true value of the signature's header."""
        return self.sender.sign(body)[self.sender.header]

    def _dumped(self, told: Any) -> bytes:
        spacing = self.rng.choice([(",", ":"), (", ", ": "), (" ,\n", "\t:\r\n")])
        text = json.dumps(told, ensure_ascii=self.rng.random() < 0.5, separators=spacing)
        return (self.rng.choice(["", " ", "\n"]) + text + self.rng.choice(["", "\n", "  \r\n"])).encode()

    def _spaced(self, header: str) -> str:
        parts = header.split(",")
        parts += [f"v0={'0' * 64}"] * self.rng.randrange(2) + [f"v1={'0' * 64}"] * self.rng.randrange(3)
        return self.rng.choice([",", ", "]).join(parts)


def quote_plus_like(text: str, safe: Any = "", encoding: Any = None, errors: Any = None) -> str:
    """Quote with plus signs for spaces and with the brackets left as they are."""
    return quote(text, safe="[] ").replace(" ", "+")


def _flipped(value: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(value))
    return value[:at] + bytes([value[at] ^ (1 << rng.randrange(7))]) + value[at + 1 :]


def _mutated(change: Callable[[bytes, Random], bytes]) -> Forge:
    """Return a kind whose body was changed after it had been signed."""

    def forge(forger: Forger) -> Sent:
        body = forger.body()
        return Sent(change(body, forger.rng), forger.sender.sign(body))

    return forge


def _resigned(change: Callable[[str, Random], str]) -> Forge:
    """Return a kind whose signature was changed."""

    def forge(forger: Forger) -> Sent:
        body = forger.body()
        return forger.with_signature(body, change(forger.signature(body), forger.rng))

    return forge


def _reserialised(body: bytes, rng: Random) -> bytes:
    if body.lstrip()[:1] in (b"{", b"["):
        return json.dumps(json.loads(body), indent=3).encode()
    return urlencode(sorted(parse_qsl(body.decode())), safe="[]@").encode() + b"&"


def _removed(body: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(body))
    return body[:at] + body[at + 1 :]


def _other_secret(forger: Forger) -> Sent:
    return forger.signed(forger.body(), secret=f"secret-{forger.rng.random()}")


def _cut(value: str, rng: Random) -> str:
    return value[: -rng.randrange(1, 20)]


def _swapped(value: str, rng: Random) -> str:
    return value[:-8] + value[-8:].swapcase() if value[-8:].swapcase() != value[-8:] else value + "A"


def _of_another(forger: Forger) -> Sent:
    return Sent(forger.body(), forger.sender.sign(forger.body() + b" "))


def _other_hash(forger: Forger) -> Sent:
    body = forger.body()
    raw = digest(forger.sender.secret, body, forger.rng.choice(["sha1", "sha512", "md5"]))
    value = f"t={int(time.time())},v1={raw.hex()}" if forger.sender.timed else base64.b64encode(raw).decode()
    return forger.with_signature(body, value)


def _other_encoding(forger: Forger) -> Sent:
    body = forger.body()
    if forger.sender.timed:
        at = int(time.time())
        raw = digest(forger.sender.secret, f"{at}.".encode() + body)
        return forger.with_signature(body, f"t={at},v1={base64.b64encode(raw).decode()}")
    signed = url("square").encode() + body if forger.sender is SQUARE else body
    return forger.with_signature(body, digest(forger.sender.secret, signed).hex())


def _other_scheme(forger: Forger) -> Sent:
    """The secret is right, but what was signed is what another provider would sign."""
    body = forger.body()
    if forger.sender.timed:
        at = int(time.time())
        return forger.with_signature(body, f"t={at},v1={digest(forger.sender.secret, body).hex()}")
    wrong = body if forger.sender is SQUARE else url(forger.sender.key).encode() + body
    return forger.with_signature(body, base64.b64encode(digest(forger.sender.secret, wrong)).decode())


def _other_header(forger: Forger) -> Sent:
    body = forger.body()
    retired = {"x-square-signature", "x-hub-signature-256", "stripe-signature-v2", f"x-{forger.sender.header}"}
    return Sent(body, {forger.rng.choice(sorted(retired)): forger.signature(body)})


_EVERYBODY: dict[str, Forge] = {
    "nothing is signed": lambda forger: Sent(forger.body(), {}),
    "an empty signature": lambda forger: forger.with_signature(forger.body(), ""),
    "another secret": _other_secret,
    "the secret of another provider": lambda forger: forger.signed(
        forger.body(), secret=(STRIPE if forger.sender is SQUARE else SQUARE).secret
    ),
    "a bit of the body": _mutated(_flipped),
    "a byte more": _mutated(lambda body, rng: body + rng.choice([b" ", b"\n", b"x", b"\x00"])),
    "a byte less": _mutated(_removed),
    "the same, serialised again": _mutated(_reserialised),
    "an empty body": _mutated(lambda body, rng: b""),
    "a letter of the signature": _resigned(lambda value, rng: value[:-5] + chr(ord(value[-5]) ^ 1) + value[-4:]),
    "a cut signature": _resigned(_cut),
    "a signature in other letters": _resigned(_swapped),
    "letters beyond ascii": _resigned(lambda value, rng: value[:-4] + "é½Àÿ"),
    "a very long header": _resigned(lambda value, rng: value + "," + "A" * rng.randrange(1100, 6000)),
    "the signature of another body": _of_another,
    "another hash": _other_hash,
    "another encoding": _other_encoding,
    "what another provider signs": _other_scheme,
    "another header": _other_header,
}


def _at(offset: Callable[[Random], int]) -> Forge:
    return lambda forger: forger.signed(forger.body(), at=int(time.time()) + offset(forger.rng))


_TIMED: dict[str, Forge] = {
    "the past": _at(lambda rng: -rng.randrange(310, 10**8)),
    "the future": _at(lambda rng: rng.randrange(310, 10**8)),
    "the scheme for tests": _resigned(lambda value, rng: value.replace("v1=", "v0=")),
    "a moment moved on": _resigned(lambda value, rng: f"t={int(time.time()) + rng.randrange(1, 200)}" + value[12:]),
    "two moments": _resigned(lambda value, rng: f"t={int(time.time())}," + value),
    "no moment": _resigned(lambda value, rng: value.split(",")[1]),
    "a moment in other digits": _resigned(lambda value, rng: value.replace("t=1", "t=\u00b9")),
    "a moment with a sign": _resigned(lambda value, rng: value.replace("t=", "t=+")),
}
_SQUARE: dict[str, Forge] = {
    "another host": lambda forger: forger.signed(
        forger.body(), to="https://evil.example/api/v1/integrations/webhooks/square"
    ),
    "a slash more": lambda forger: forger.signed(forger.body(), to=url("square") + "/"),
    "plain http": lambda forger: forger.signed(forger.body(), to=url("square").replace("https", "http")),
    "a query": lambda forger: forger.signed(forger.body(), to=url("square") + "?a=1"),
}
KINDS: dict[str, dict[str, Forge]] = {
    "square": _EVERYBODY | _SQUARE,
    "stripe": _EVERYBODY | _TIMED,
    "mailchimp": _EVERYBODY | _TIMED,
    "quickbooks": _EVERYBODY,
}
