"""What people write back: understood as far as "no more", and nothing of their words is kept."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from loa.channel import Desk
from loa.model.ledger import Inbound
from loa.model.phone import Number, mask, parse
from loa.store.inbound import STOP, Heard
from loa.text.normal import fold

OTHER = "other"
_WORD = re.compile(r"[^\W_]+")
_LOOKED_AT = 80  # characters: a keyword stands at the beginning


def meaning(text: str, words: Iterable[str]) -> str:
    """`stop` where a message begins with one of the keywords, else `other`.

    Case, marks, the form of Unicode (NFC, NFD, full width) and all that is neither letter nor digit count for nothing,
    and a keyword of two words may be written as one: for "TU CHOI", "Từ chối nhận tin!" and "tuchoi" are the same. A
    keyword inside a message is not one: who writes "tôi không từ chối" has not refused.
    """
    said = _words(text[:_LOOKED_AT])
    return STOP if any(_begins(said, _words(word)) for word in words) else OTHER


def hear(desk: Desk, messages: Sequence[Inbound]) -> tuple[Heard, ...]:
    """Stores messages once each, with what they mean; whoever said stop is on the opt-out list when this returns.

    Returns the new ones. A number that is no Vietnamese mobile number is kept masked, and nothing follows from it.
    """
    keywords = desk.workspace.settings.sms.stop_words.words
    return desk.store.inbound.hear([_heard(one, keywords) for one in messages], desk.clock.now())


def _heard(message: Inbound, keywords: Sequence[str]) -> Heard:
    number = parse(message.number)
    phone = number.e164 if isinstance(number, Number) else mask(message.number)
    said = meaning(message.text, keywords)
    return Heard(message.lane, message.gateway_id or _made_up(message), phone, said, message.at)


def _made_up(message: Inbound) -> str:
    """An id for a message that came without one; the same message again has the same."""
    key = "\x1f".join((message.number, message.text, message.at.isoformat(timespec="seconds")))
    return "made-" + hashlib.blake2b(key.encode(errors="replace"), digest_size=12).hexdigest()


def _begins(said: list[str], keyword: list[str]) -> bool:
    return bool(keyword) and (said[: len(keyword)] == keyword or said[:1] == ["".join(keyword)])


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(unicodedata.normalize("NFKC", text)))
