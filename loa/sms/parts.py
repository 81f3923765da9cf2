"""How many parts a text costs, exactly as it goes over the air.

3GPP TS 23.038 (alphabets) and TS 23.040 (concatenation): 160 septets in one message and 153 in each part of a longer
one; 70 and 67 UTF-16 units where a single character is outside GSM-7. An escape pair or a surrogate pair is never cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from loa.sms.alphabet import EXTENSION, in_gsm7
from loa.text.normal import nfc

SINGLE = {"gsm7": 160, "ucs2": 70}
# 153, not 154: the concatenation header takes 48 bits, which is seven septets; 67, not 70: three UTF-16 units
JOINED = {"gsm7": 153, "ucs2": 67}


class Alphabet(StrEnum):
    """How a text goes over the air."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a text costs. `units` are septets or UTF-16 units; `left` fit into the last part without a new one.

    `forcing` are the characters that are outside GSM-7, each once, in the order of the text.
    """

    text: str
    alphabet: Alphabet
    pieces: tuple[str, ...]
    units: int
    left: int
    forcing: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.pieces)


def split(text: str) -> Parts:
    """Splits the very text that is sent (after NFC). An empty text is one part.

    A lone half of a surrogate pair counts as one unit. It cannot be sent (`sendable`): whoever takes a text in says so.
    """
    text = nfc(_whole(text))
    forcing = tuple(dict.fromkeys(char for char in text if not in_gsm7(char)))
    alphabet = Alphabet.UCS2 if forcing else Alphabet.GSM7
    costs = [_cost(char, alphabet) for char in text]
    units = sum(costs)
    if units <= SINGLE[alphabet]:
        return Parts(text, alphabet, (text,), units, SINGLE[alphabet] - units, forcing)
    pieces, used = _fill(text, costs, JOINED[alphabet])
    return Parts(text, alphabet, pieces, units, JOINED[alphabet] - used, forcing)


def sendable(text: str) -> bool:
    """Whether a text is one that Unicode can write down: not with half of a surrogate pair."""
    return not any("\ud800" <= char <= "\udfff" for char in _whole(text))


def _whole(text: str) -> str:
    """With surrogate pairs as the one character that they are: some writers escape each half by itself."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _cost(char: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.GSM7:
        return 2 if char in EXTENSION else 1
    return 2 if ord(char) > 0xFFFF else 1


def _fill(text: str, costs: Sequence[int], most: int) -> tuple[tuple[str, ...], int]:
    """Fills parts one after the other; a pair that does not fit goes whole into the next. Also the last one's use."""
    pieces: list[str] = []
    start = used = 0
    for i, cost in enumerate(costs):
        if used + cost > most:
            pieces.append(text[start:i])
            start, used = i, 0
        used += cost
    pieces.append(text[start:])
    return tuple(pieces), used
