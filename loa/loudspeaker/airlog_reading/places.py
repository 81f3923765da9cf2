"""Which commune of a package a cell, a heading or a head line means. Nothing is guessed: what may be two is none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from loa.place_names import COMMUNE_KINDS, Index, plain_name
from loa.text.normal import fold

_BEFORE = re.compile(r"^(?:ubnd|ủy ban nhân dân|uỷ ban nhân dân|uy ban nhan dan|đơn vị|don vi)\s*:?\s*", re.IGNORECASE)
_BEHIND = re.compile(r"\s*(?:[,;(\[-]\s*(?:mã|ma|tỉnh|tinh|thành phố|thanh pho|tp|[0-9]).*|[,;(\[].*)$", re.IGNORECASE)
_NUMBER = re.compile(r"^(?:\d{1,3}|[ivxIVX]{1,4})[.)]\s*|^[ivxIVX]{1,4}\s*[-:]\s*")
_CODE = re.compile(r"(?<![\w-])\d{5}(?![\w-])")


class Communes:
    """The communes that have a package, by code and name."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """`names`: code -> name."""
        self._names = names
        self._index = Index([(name, code) for code, name in sorted(names.items())], COMMUNE_KINDS)
        self._close: dict[str, list[str]] = {}  # a list has one wrong name a hundred times
        self._plain = {fold(name): code for code, name in names.items()}

    def name(self, code: str) -> str:
        return self._names.get(code, code)

    @property
    def only(self) -> str:
        """The one commune there is; empty where there are several."""
        return next(iter(self._names)) if len(self._names) == 1 else ""

    def by_code(self, text: str) -> str:
        """`05443`, or `5443` where a spreadsheet has taken the zero; empty for another code."""
        words = re.sub(r"^(?:mã|ma)\s*:?\s*", "", text.strip().casefold()).removesuffix(".0").lstrip("'")
        code = words.zfill(5) if re.fullmatch(r"\d{1,5}", words) else ""
        return code if code in self._names else ""

    def by_name(self, text: str) -> tuple[str, ...]:
        """The codes that a name may mean: `Xã Tân Cương`, `tan cuong`, `UBND xã …`, `1. P. Hòa Bình (05443)`."""
        if code := self.by_code(text):
            return (code,)
        bare = _BEFORE.sub("", _NUMBER.sub("", text.strip()))
        for words in dict.fromkeys((text, bare, _BEHIND.sub("", bare), bare.rpartition(":")[2])):
            if found := self._index.find(words):
                return tuple(sorted(set(found)))
        return ()

    def in_words(self, texts: Sequence[str]) -> str:
        """The one commune that a head names, by its code or its whole name; empty for none or several."""
        codes: set[str] = {code for text in texts for code in _CODE.findall(text) if code in self._names}
        if len(codes) == 1:
            return codes.pop()
        plain = " | ".join(fold(text) for text in texts)
        said = {name for name in self._plain if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain)}
        # "xã tân cương" also says "xã tân"
        longest = {name for name in said if not any(name != other and name in other for other in said)}
        codes = {code for code, name in self._names.items() if fold(name) in longest}
        if len(codes) > 1:
            marked = " | ".join(texts).casefold()
            codes = {code for code in codes if self._names[code].casefold() in marked}
        return codes.pop() if len(codes) == 1 else ""

    def like(self, text: str) -> str:
        """A few that are nearest, for a sentence."""
        close = self._close.get(text)
        if close is None:
            names = {plain_name(name, COMMUNE_KINDS): code for code, name in self._names.items()}
            near = difflib.get_close_matches(plain_name(text[:60], COMMUNE_KINDS), names, n=3, cutoff=0.6)
            close = self._close[text] = [names[name] for name in near]
        codes = close or sorted(self._names)[:5]
        more = f", … ({len(self._names)})" if len(self._names) > len(codes) else ""
        return ", ".join(f"{self._names[code]} ({code})" for code in codes) + more
