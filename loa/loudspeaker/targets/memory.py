"""A target that only remembers: for rehearsals and tests. It fails as it is told to.

Options: `fails`: so many puts fail before one works (-1: all of them); `cuts`: so many after those break off half-way.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field

from loa.loudspeaker.targets.base import Account, Receipt, TargetLater, safe_name, temporary

OPTIONS = frozenset({"fails", "cuts"})
FOR_EVER = -1


def connect(account: Account) -> Memory:
    options = account.options(OPTIONS)
    fails, cuts = options.whole("fails", 0, least=FOR_EVER, most=1_000), options.whole("cuts", 0, least=0, most=1_000)
    options.done()
    return Memory(account, fails, cuts)


@dataclass
class Memory:
    """`kept` is what is there, `parts` what an upload that broke off left behind, `puts` every name that was put."""

    account: Account
    fails: int = 0
    cuts: int = 0
    kept: dict[str, bytes] = field(default_factory=dict, repr=False)
    parts: dict[str, bytes] = field(default_factory=dict, repr=False)
    puts: list[str] = field(default_factory=list)
    closed: int = 0

    @property
    def name(self) -> str:
        return self.account.name

    async def put(self, name: str, data: bytes) -> Receipt:
        safe_name(name)
        self.puts.append(name)
        await asyncio.sleep(0)  # others get their turn here, as with a real one
        if self.fails:
            self.fails -= self.fails > 0
            raise TargetLater("target-unreachable", {"target": self.name, "problem": "rehearsal"})
        digest = hashlib.sha256(data).hexdigest()
        found = await self.has(name, digest, len(data))
        if found is not None:
            return found
        if self.cuts:
            self.cuts -= 1
            self.parts[temporary(name)] = data[: len(data) // 2]
            raise TargetLater("target-broken-off", {"target": self.name})
        self.parts.pop(temporary(name), None)
        self.kept[name] = data
        return self.account.receipt(name, digest, len(data))

    async def has(self, name: str, sha256: str, size: int) -> Receipt | None:
        data = self.kept.get(safe_name(name))
        if data is None or len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            return None
        return self.account.receipt(name, sha256, size)

    async def close(self) -> None:
        self.closed += 1
