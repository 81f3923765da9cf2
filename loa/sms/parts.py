"""How many parts a text costs, exactly as it goes over the air.

3GPP TS 23.038 (alphabets) and TS 23.040 (concatenation): 160 septets in one message and 153 in each part of a longer
one; 70 and 67 UTF-16 units where a single character is outside GSM-7. An escape pair or a surrogate pair is never cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from loa.text.normal import nfc

# TS 23.038 section 6.2.1, the default alphabet; of Vietnam's accented letters it has only É à è é ì ò ù
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# section 6.2.1.1, the extension table: each costs an escape septet more
_EXTENSION = frozenset("\f^{}\\[~]|€")

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
    """Splits the very text that is sent (after NFC). An empty text is one part."""
    text = nfc(text)
    forcing = tuple(dict.fromkeys(char for char in text if char not in _BASIC and char not in _EXTENSION))
    alphabet = Alphabet.UCS2 if forcing else Alphabet.GSM7
    costs = [_cost(char, alphabet) for char in text]
    units = sum(costs)
    if units <= SINGLE[alphabet]:
        return Parts(text, alphabet, (text,), units, SINGLE[alphabet] - units, forcing)
    pieces, used = _fill(text, costs, JOINED[alphabet])
    return Parts(text, alphabet, pieces, units, JOINED[alphabet] - used, forcing)


def _cost(char: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.GSM7:
        return 2 if char in _EXTENSION else 1
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
