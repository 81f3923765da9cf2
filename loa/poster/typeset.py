"""Type: shaping and measuring, balanced lines, and the size that fits.

Everything is worked out in em, so that one measurement serves every size. HarfBuzz is asked for all of it: what it
returns is what is drawn, and a glyph 0 in it is a character that the font does not have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from loa.model.errors import ContentError
from loa.poster.scene import Face, Fit, Glyph, Run
from loa.poster.tokens import Font, Weight
from loa.text.normal import nfc

# Ligatures are off: a glyph that stands for two letters cannot be copied out of every viewer as those letters.
FEATURES = {"kern": True, "mark": True, "mkmk": True, "ccmp": True, "liga": False, "clig": False, "dlig": False}

STEP = 0.25  # points between the sizes that are tried: what a designer would set
GAP = 0.02  # em kept free between the ink of one line and the next
# What a break costs beside unevenness, in squared line widths
ORPHAN = 4.0  # one word alone on the last line
PAUSE = -0.03  # a line that ends where the reader pauses anyway


@dataclass(frozen=True, slots=True)
class Shaped:
    """A line shaped in one size-free run: its width and the reach of its ink above and below the baseline, in em."""

    runs: tuple[Run, ...]
    width: float
    above: float
    below: float
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A text broken into lines at a size. Lengths in em of that size."""

    lines: tuple[Shaped, ...]
    texts: tuple[str, ...]
    fit: Fit
    width: float
    ascent: float
    descent: float
    leading: float
    missing: tuple[str, ...]

    @property
    def height(self) -> float:
        return self.ascent + self.leading * (len(self.lines) - 1) + self.descent


@dataclass(frozen=True, slots=True)
class Setting:
    """How a text is to be set: sizes in points, leading in em, the most lines it may take."""

    weight: Weight
    wanted: float
    least: float
    leading: float
    lines: int
    trim: bool = False


class Typesetter:
    """Sets text in one font. Measures each word once; holds no state that changes what it returns."""

    def __init__(self, font: Font, language: str, compounds: Collection[str] = ()) -> None:
        """`compounds` are words of several syllables, such as "dịch vụ công", that stay on one line."""
        import uharfbuzz

        self._hb = uharfbuzz
        self._language = language
        self._compounds = _by_first(compounds)
        self._fonts: dict[Weight, Any] = {}
        self.faces: dict[Weight, Face] = {}
        for weight, data in font.files.items():
            face = uharfbuzz.Face(uharfbuzz.Blob(data))
            # HarfBuzz reads anything as a font without glyphs
            if face.glyph_count < 2 or face.upem < 16:
                raise ContentError.at("font-broken", font.names[weight], family=font.family)
            self._fonts[weight] = uharfbuzz.Font(face)
            self.faces[weight] = Face(font.family, weight, font.sha256[weight])
        self._shape = lru_cache(maxsize=4096)(self._shape_now)

    def shape(self, text: str, weight: Weight) -> Shaped:
        """One line of text. Raises nothing: what the font lacks is listed in `missing`."""
        return self._shape(nfc(text), weight)

    def vertical(self, weight: Weight) -> tuple[float, float, float]:
        """Ascent, descent and cap height of the face, in em, all positive."""
        font = self._fonts[weight]
        upem = font.face.upem
        extents = font.get_font_extents("ltr")
        capital = font.get_glyph_extents(font.get_nominal_glyph(ord("H")) or 0)
        return extents.ascender / upem, -extents.descender / upem, (capital.y_bearing if capital else 0) / upem

    def set(self, text: str, width: float, how: Setting) -> Block:
        """Text in the largest size in which it takes no more than `how.lines` lines of `width` points.

        The size is found once, by halves, between the smallest and the wanted one. Where not even the smallest fits,
        it is set in that, in as many lines as it needs, and `fit.fits` is false.
        """
        paragraphs = _words(text)
        steps = max(0, int((how.wanted - how.least) / STEP + 1e-9))
        low, high, found = 0, steps, -1
        while low <= high:
            middle = (low + high + 1) // 2
            size = min(how.wanted, how.least + middle * STEP)
            if self._lines(paragraphs, width / size, how.weight, how.lines) is not None:
                low, found = middle + 1, middle
            else:
                high = middle - 1
        size = how.wanted if found == steps else how.least + max(found, 0) * STEP
        texts = self._lines(paragraphs, width / size, how.weight, how.lines)
        fits = texts is not None
        if texts is None:
            texts = self._lines(paragraphs, width / size, how.weight, None) or ()
        return self._block(texts, how, Fit(how.wanted, how.least, size, fits))

    def widest_word(self, text: str, weight: Weight) -> float:
        """The width of what cannot be broken, in em: the narrowest that a text can be set."""
        words = (word for paragraph in _words(text) for word in paragraph)
        return max((self.shape(word, weight).width for word in words), default=0.0)

    def _block(self, texts: Sequence[str], how: Setting, fit: Fit) -> Block:
        lines = tuple(self.shape(text, how.weight) for text in texts)
        ascent, descent, capital = self.vertical(how.weight)
        if how.trim:
            ascent, descent = capital, 0.0  # the optical edges; ink that goes further still counts below
        # The leading opens where a stacked mark (Ế, Ỗ) would touch the line above, so no mark is ever cut.
        pairs = pairwise(lines)
        leading = max([how.leading, *(upper.below + lower.above + GAP for upper, lower in pairs)])
        if lines:
            ascent, descent = max(ascent, lines[0].above), max(descent, lines[-1].below)
        missing = dict.fromkeys(char for line in lines for char in line.missing)
        width = max((line.width for line in lines), default=0.0)
        return Block(lines, tuple(texts), fit, width, ascent, descent, leading, tuple(missing))

    def _lines(
        self, paragraphs: Sequence[Sequence[str]], width: float, weight: Weight, most: int | None
    ) -> tuple[str, ...] | None:
        """The lines at a width in em; none where they would be more than `most` or a word is wider than a line.

        `most` of none takes whatever comes.
        """
        for keep in (True, False):
            # compounds are kept together where that costs no line; a smaller size would be the worse evil
            lines = self._broken(paragraphs, width, weight, most, keep)
            if lines is not None:
                return tuple(lines)
        return None

    def _broken(
        self, paragraphs: Sequence[Sequence[str]], width: float, weight: Weight, most: int | None, keep: bool
    ) -> list[str] | None:
        lines: list[str] = []
        for words in paragraphs:
            pieces = self._glue(words, width, weight) if keep else list(words)
            widths = [self.shape(piece, weight).width for piece in pieces]
            if most is not None and any(piece > width for piece in widths):
                return None
            lines += balance(pieces, widths, self.shape(" ", weight).width, width)
            if most is not None and len(lines) > most:
                return None
        return lines

    def _glue(self, words: Sequence[str], width: float, weight: Weight) -> list[str]:
        """Words, with the syllables of a compound as one; a compound wider than the line comes apart again."""
        pieces: list[str] = []
        i = 0
        while i < len(words):
            count = self._compound_at(words, i)
            piece = " ".join(words[i : i + count])
            if count > 1 and self.shape(piece, weight).width > width:
                count, piece = 1, words[i]
            pieces.append(piece)
            i += count
        return pieces

    def _compound_at(self, words: Sequence[str], start: int) -> int:
        """How many words from `start` on are one compound; the longest one wins. Marks may follow the last word."""
        for compound in self._compounds.get(_bare(words[start]), ()):
            end = start + len(compound)
            if end > len(words):
                continue
            *inner, last = words[start:end]
            if (*(word.casefold() for word in inner), _bare(last)) == compound:
                return len(compound)
        return 1

    def _shape_now(self, text: str, weight: Weight) -> Shaped:
        font = self._fonts[weight]
        buffer = self._hb.Buffer()
        buffer.cluster_level = self._hb.BufferClusterLevel.MONOTONE_CHARACTERS
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.language = self._language
        self._hb.shape(font, buffer, FEATURES)
        scale = 1 / font.face.upem
        glyphs: list[Glyph] = []
        missing: list[str] = []
        pen = above = below = 0.0
        for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            if info.codepoint == 0:
                missing.append(text[info.cluster])
            extents = font.get_glyph_extents(info.codepoint)
            if extents and extents.height:
                top = (extents.y_bearing + position.y_offset) * scale
                above, below = max(above, top), max(below, -(top + extents.height * scale))
            advance = position.x_advance * scale
            dx, dy = position.x_offset * scale, position.y_offset * scale
            glyphs.append(Glyph(info.codepoint, info.cluster, advance * 1000, dx * 1000, dy * 1000))
            pen += advance
        run = Run(text, self.faces[weight], tuple(glyphs), 0.0, pen)
        return Shaped((run,), pen, above, below, tuple(dict.fromkeys(missing)))


def balance(pieces: Sequence[str], widths: Sequence[float], space: float, width: float) -> list[str]:
    """Pieces as the fewest lines that hold them, as even as they can be, no single word left on the last.

    A piece wider than the line stands alone on one. The cost of a line is the square of what it lacks to the even
    width, in parts of the line: the optimum is exact, over all ways to break (Knuth and Plass, without hyphens).
    """
    count = len(pieces)
    if count == 0:
        return [""]
    fewest = _fewest(widths, space, width)
    even = min(width, (sum(widths) + space * (count - fewest)) / fewest)
    # best[n][j]: the least cost of setting the first j pieces in n lines, and where the last of them starts
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for n in range(1, fewest + 1):
        row: dict[int, tuple[float, int]] = {}
        for end in range(1, count + 1):
            length = -space
            for start in range(end - 1, -1, -1):
                length += widths[start] + space
                if length > width and start < end - 1:
                    break
                before = best[n - 1].get(start)
                if before is None:
                    continue
                cost = before[0] + ((length - even) / width) ** 2
                if end == count and start == count - 1 and n > 1 and count > 2 and " " not in pieces[start]:
                    cost += ORPHAN
                if end < count and pieces[end - 1][-1] in ",;:.?!":
                    cost += PAUSE
                if end not in row or cost < row[end][0]:
                    row[end] = (cost, start)
        best.append(row)
    lines: list[str] = []
    end = count
    for n in range(fewest, 0, -1):
        start = best[n][end][1]
        lines.append(" ".join(pieces[start:end]))
        end = start
    return lines[::-1]


def _fewest(widths: Sequence[float], space: float, width: float) -> int:
    """Lines taken by filling each as far as it goes: no way to break takes fewer."""
    lines, used = 1, -space
    for piece in widths:
        if used > -space and used + space + piece > width:
            lines, used = lines + 1, -space
        used += space + piece
    return lines


_TRAILING = '.,;:!?…)”’"'


def _words(text: str) -> list[list[str]]:
    """The words of each paragraph. Only plain spaces part words: `str.split()` would break at U+00A0 as well."""
    # a dash is bound to the word before it: no line may start with one
    bound = nfc(text).replace(" –", "\u00a0–").replace(" —", "\u00a0—").replace("\t", " ")
    return [[word for word in paragraph.split(" ") if word] for paragraph in bound.split("\n")]


def _bare(word: str) -> str:
    return word.rstrip(_TRAILING).casefold()


def _by_first(compounds: Iterable[str]) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Compounds by their first word, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for compound in compounds:
        words = tuple(nfc(compound).casefold().split())
        if len(words) > 1:
            found.setdefault(words[0], []).append(words)
    return {first: tuple(sorted(rest, key=len, reverse=True)) for first, rest in found.items()}
