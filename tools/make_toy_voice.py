"""Writes tests/loudspeaker/data/toy.onnx and its .json: a Piper voice of a few kilobytes that hums every phoneme.

It has the inputs and the output of a real voice, noise included, so the tests need no weights. Ours, synthesised; the
same bytes every time. ONNX is a protobuf, and this model has few enough fields to be written by hand.

Run it from the root of the workspace: python tools/make_toy_voice.py
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

TARGET = Path("tests/loudspeaker/data/toy.onnx")
RATE = 16_000
STEP = 512  # samples a phoneme: 32 ms
FLOAT, INT64 = 1, 7  # data types of ONNX

# what eSpeak writes for Vietnamese and English, marks and pauses included
PHONEMES = "_^$ !',-.:;?abcdefghijklmnopqrstuvwxyz1234567æçðøħŋœǀɐɑɒɓɔɕɖɗəɚɛɜɟɡɣɪɫɬɭɯɱɲɹɾʃʈʊʋʌʎʐʑʒʔˈˌːˑ̪̃θχᵻ"


def number(value: int) -> bytes:
    """A varint."""
    done = bytearray()
    while value > 0x7F:
        done.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*done, value])


def whole(field: int, value: int) -> bytes:
    return number(field << 3) + number(value)


def part(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return number(field << 3 | 2) + number(len(data)) + data


def tensor(name: str, kind: int, shape: tuple[int, ...], data: bytes) -> bytes:
    return b"".join(whole(1, size) for size in shape) + whole(2, kind) + part(8, name) + part(9, data)


def floats(name: str, shape: tuple[int, ...], *values: float) -> bytes:
    return tensor(name, FLOAT, shape, struct.pack(f"<{len(values)}f", *values))


def wholes(name: str, *values: int) -> bytes:
    return tensor(name, INT64, (len(values),), struct.pack(f"<{len(values)}q", *values))


def node(operator: str, inputs: str, output: str, attribute: bytes = b"") -> bytes:
    named = b"".join(part(1, name) for name in inputs.split())
    return named + part(2, output) + part(4, operator) + (part(5, attribute) if attribute else b"")


def value(name: str, kind: int, *shape: int | str) -> bytes:
    sizes = b"".join(part(1, part(2, size) if isinstance(size, str) else whole(1, size)) for size in shape)
    return part(1, name) + part(2, part(1, whole(1, kind) + part(2, sizes)))


def model() -> bytes:
    """sin(phase x pitch of the phoneme), swelling and fading, and some noise of `scales[0]`."""
    ramp = [2 * math.pi * i / RATE for i in range(STEP)]
    graph = b"".join(
        part(1, made)
        for made in (
            node("Cast", "input", "ids", part(1, "to") + whole(3, FLOAT) + whole(20, 2)),
            node("Reshape", "ids column", "rows"),
            node("Mul", "rows steps", "raised"),
            node("Add", "raised lowest", "pitch"),
            node("Mul", "pitch ramp", "phase"),
            node("Sin", "phase", "wave"),
            node("Mul", "ramp swell", "half"),
            node("Sin", "half", "shape"),
            node("Mul", "wave shape", "loud"),
            node("Mul", "loud level", "voiced"),
            node("RandomNormalLike", "voiced", "random"),
            node("Gather", "scales first", "scale"),
            node("Mul", "random scale", "noise"),
            node("Add", "voiced noise", "sound"),
            node("Reshape", "sound flat", "output"),
        )
    )
    graph += part(2, "toy")
    graph += b"".join(
        part(5, made)
        for made in (
            wholes("column", -1, 1),
            wholes("flat", 1, 1, 1, -1),
            wholes("first", 0),
            floats("steps", (1,), 11.0),
            floats("lowest", (1,), 150.0),
            floats("level", (1,), 0.5),
            floats("swell", (1,), RATE / (2 * STEP)),
            floats("ramp", (1, STEP), *ramp),
        )
    )
    graph += part(11, value("input", INT64, 1, "phonemes"))
    graph += part(11, value("input_lengths", INT64, 1))
    graph += part(11, value("scales", FLOAT, 3))
    graph += part(12, value("output", FLOAT, 1, 1, 1, "samples"))
    # IR version 8 and operators of version 13: read by every onnxruntime that piper-tts takes
    return whole(1, 8) + part(2, "loa") + part(7, graph) + part(8, part(1, "") + whole(2, 13))


def config() -> dict[str, object]:
    return {
        "audio": {"sample_rate": RATE, "quality": "toy"},
        "espeak": {"voice": "vi"},
        "language": {"code": "vi_VN", "family": "vi"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {char: [i] for i, char in enumerate(PHONEMES)},
        "num_symbols": len(PHONEMES),
        "num_speakers": 1,
        "speaker_id_map": {},
    }


if __name__ == "__main__":
    TARGET.write_bytes(model())
    words = json.dumps(config(), ensure_ascii=False, indent=1) + "\n"
    TARGET.with_name(TARGET.name + ".json").write_text(words, encoding="utf-8")
    print(TARGET, TARGET.stat().st_size)
