"""The GSM 7-bit alphabet, by the septets that go over the air. Source: 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ESCAPE = "\x1b"
"""Stands before a character of the extension table; by itself it is no character that a text may have."""

# A character's place is its septet. Of Vietnam's accented letters the table has only É à è é ì ò ù.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ" + ESCAPE + "ÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

EXTENSION: Mapping[str, int] = MappingProxyType(
    {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}
)
"""Each of these costs two septets: the escape, and the one given here."""

PLAIN = frozenset(BASIC) - {ESCAPE}
"""The characters that cost one septet."""


def in_gsm7(char: str) -> bool:
    """Whether a character can go out in GSM-7."""
    return char in PLAIN or char in EXTENSION


def encode_gsm7(text: str) -> bytes:
    """Septets, unpacked: one an octet. Raises `ValueError`, without the text, where a character is outside."""
    try:
        return b"".join(map(_OCTETS.__getitem__, text))
    except KeyError:
        raise ValueError("a character is outside GSM-7") from None


def decode_gsm7(octets: bytes) -> str:
    """The text of unpacked septets. Never fails: what is none shows as the replacement character.

    After an escape a septet that the extension table lacks is read from the basic one, as section 6.2.1.1 wants.
    """
    text: list[str] = []
    escaped = False
    for octet in octets:
        if octet == 0x1B and not escaped:
            escaped = True
            continue
        char = BASIC[octet] if octet < len(BASIC) else "\ufffd"
        text.append(_EXTENDED.get(octet, char) if escaped else char)
        escaped = False
    return "".join(text)


_OCTETS = {char: bytes((septet,)) for septet, char in enumerate(BASIC) if char != ESCAPE} | {
    char: bytes((0x1B, septet)) for char, septet in EXTENSION.items()
}
_EXTENDED = {septet: char for char, septet in EXTENSION.items()}
