"""What every delivery target must do, whatever is behind it. A new kind needs a line in `PEERS`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from loa.loudspeaker.targets.base import Receipt, Target, TargetRefuses, Verified
from loa.loudspeaker.targets.catalogue import kinds
from loa.model.clock import Clock
from loa.model.errors import ContentError
from tests.loudspeaker.targets.peers import ENVIRON, PASSWORD, PEERS, Peer

DATA = b"PK\x03\x04" + bytes(range(256)) * 40
NAME = "goi-05443.zip"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_every_kind_of_the_catalogue_is_held_to_the_contract() -> None:
    assert {name.split()[0] for name in PEERS} == set(kinds())


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=sorted(PEERS))
def peer(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, loop: asyncio.Runner) -> Iterator[Peer]:
    making = PEERS[request.param](tmp_path, clock)
    made = loop.run(making.__aenter__())
    yield made
    for opened in made.opened:
        loop.run(opened.close())
    loop.run(making.__aexit__(None, None, None))


@pytest.fixture
def target(peer: Peer) -> Target:
    return peer.open()


def test_what_was_put_is_there_whole_and_alone(target: Target, peer: Peer, clock: Clock, loop: asyncio.Runner) -> None:
    receipt = loop.run(target.put(NAME, DATA))
    assert peer.files() == {NAME: DATA}
    assert receipt == Receipt("thu", receipt.path, len(DATA), digest(DATA), clock.now(), Verified.READ_BACK)
    assert receipt.path.endswith(NAME)
    assert receipt.as_json()["sha256"] == digest(DATA)


def test_the_same_bytes_again_do_nothing_and_give_the_same_receipt(
    target: Target, peer: Peer, loop: asyncio.Runner
) -> None:
    first = loop.run(target.put(NAME, DATA))
    stamp = peer.stamp(NAME)
    assert loop.run(target.put(NAME, DATA)) == first
    assert peer.stamp(NAME) == stamp


def test_other_bytes_replace_what_was_there(target: Target, peer: Peer, loop: asyncio.Runner) -> None:
    for data in (DATA, DATA[::-1], b"", DATA[:100]):
        receipt = loop.run(target.put(NAME, data))
        assert (receipt.size, receipt.sha256) == (len(data), digest(data))
        assert peer.files() == {NAME: data}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("05443/goi.zip", id="folder"),
        pytest.param("2027/10/05443/goi.zip", id="folders"),
        pytest.param("Phường Phan Đình Phùng/gói tin, số 1 (mẫu).zip", id="Vietnamese"),
        pytest.param("a&b+c=d~'e@f!g$h,i.zip", id="signs"),
        pytest.param("x" * 176 + ".zip", id="long"),
    ],
)
def test_names_are_kept_as_they_are_and_their_folders_made(
    name: str, target: Target, peer: Peer, loop: asyncio.Runner
) -> None:
    for data in (DATA, DATA[::-1]):
        loop.run(target.put(name, data))
        assert peer.files() == {name: data}
    assert loop.run(target.has(name, digest(DATA[::-1]), len(DATA))) is not None


BAD = [
    "", "/", "a/", "/etc/passwd", "..", "../a", "a/../b", "a/./b", "a//b", ".hidden", "a/.b", "C:/a", "C:a", "a\\b",
    "..\\a", "a\x00b", "a\nb", "a\x7f", "nul", "CON.txt", "a ", " a", "a.", "a?b", "a*b", "50%20", "a#b", "a;b",
    "x" * 181, "ữ" * 61, "e\u0301", "a\u202eb", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD, ids=range(len(BAD)))
def test_a_name_that_leads_elsewhere_is_our_bug(name: str, target: Target, peer: Peer, loop: asyncio.Runner) -> None:
    with pytest.raises(ValueError, match="file name"):
        loop.run(target.put(name, DATA))
    with pytest.raises(ValueError, match="file name"):
        loop.run(target.has(name, digest(DATA), len(DATA)))
    assert peer.files() == {}


def test_it_says_whether_exactly_these_bytes_are_there(target: Target, loop: asyncio.Runner) -> None:
    assert loop.run(target.has(NAME, digest(DATA), len(DATA))) is None
    assert loop.run(target.has(f"a/b/{NAME}", digest(DATA), len(DATA))) is None
    receipt = loop.run(target.put(NAME, DATA))
    assert loop.run(target.has(NAME, digest(DATA), len(DATA))) == receipt
    assert loop.run(target.has(NAME, digest(DATA[::-1]), len(DATA))) is None
    assert loop.run(target.has(NAME, digest(DATA[:-1]), len(DATA) - 1)) is None
    assert loop.run(target.has(NAME, digest(DATA + b"!"), len(DATA) + 1)) is None


def test_what_a_crash_left_half_sent_is_gone_after_the_next_time(
    target: Target, peer: Peer, loop: asyncio.Runner
) -> None:
    peer.leave(NAME, DATA[:77] * 300)
    assert loop.run(target.has(NAME, digest(DATA), len(DATA))) is None
    loop.run(target.put(NAME, DATA))
    assert peer.files() == {NAME: DATA}


def test_a_root_that_is_gone_is_an_error_and_is_not_made(target: Target, peer: Peer, loop: asyncio.Runner) -> None:
    if peer.settings.kind == "memory":
        return  # it has none
    peer.vanish()
    for name in (NAME, f"05443/{NAME}"):
        with pytest.raises(TargetRefuses) as caught:
            loop.run(target.put(name, DATA))
        assert caught.value.code == "target-folder-gone"
        assert not peer.root.exists()


def test_several_go_side_by_side(target: Target, peer: Peer, loop: asyncio.Runner) -> None:
    wanted = {f"{code:05}/{NAME}": DATA + bytes([code]) for code in range(12)}

    async def all_of_them() -> list[Receipt]:
        return await asyncio.gather(*(target.put(name, data) for name, data in wanted.items()))

    assert [receipt.sha256 for receipt in loop.run(all_of_them())] == [digest(data) for data in wanted.values()]
    assert peer.files() == wanted


def test_a_large_file(target: Target, peer: Peer, loop: asyncio.Runner) -> None:
    data = DATA * 400  # about 4 MB
    assert loop.run(target.put(NAME, data)).size == len(data)
    assert peer.files() == {NAME: data}


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 20, 100])
def test_whoever_is_cancelled_leaves_the_former_file_or_the_new_one(
    turns: int, target: Target, peer: Peer, loop: asyncio.Runner
) -> None:
    former, data = DATA[::-1], DATA * 40

    async def cancelled() -> None:
        await target.put(NAME, former)
        putting = asyncio.create_task(target.put(NAME, data))
        for _ in range(turns):
            await asyncio.sleep(0)
        putting.cancel()
        await asyncio.gather(putting, return_exceptions=True)

    loop.run(cancelled())
    assert peer.files()[NAME] in (former, data)
    loop.run(target.put(NAME, data))
    assert peer.files()[NAME] == data


def test_closing_twice_is_no_error_and_it_opens_again(target: Target, peer: Peer, loop: asyncio.Runner) -> None:
    loop.run(target.close())
    loop.run(target.put(NAME, DATA))
    loop.run(target.close())
    loop.run(target.close())
    loop.run(target.put(NAME, DATA))
    assert peer.files() == {NAME: DATA}


def test_an_option_that_it_does_not_know_is_named_and_refused(peer: Peer) -> None:
    with pytest.raises(ContentError) as caught:
        peer.open(khong_co=1)
    place = caught.value.where
    assert place is not None
    assert (place.file, place.field) == ("loa.toml", "loudspeaker.targets.thu.options.khong_co")


def test_a_secret_that_is_missing_is_named_before_anything_is_connected(peer: Peer) -> None:
    if peer.settings.kind in {"folder", "memory"}:
        peer.open(environ={})  # these need none
        return
    for environ, code in (({}, "secret-missing"), ({"LOA_TARGET_THU_PASSWORD": "prefect:x"}, "secret-in-prefect")):
        with pytest.raises(ContentError) as caught:
            peer.open(environ=environ)
        assert caught.value.code == code
        assert caught.value.fields["variable"] == "LOA_TARGET_THU_PASSWORD"


def test_a_wrong_password_needs_a_person_and_is_shown_nowhere(
    peer: Peer, loop: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    if peer.settings.kind in {"folder", "memory"}:
        return  # these have none
    caplog.set_level(0)
    target = peer.open(environ={"LOA_TARGET_THU_PASSWORD": "sai-het-ca"})
    with pytest.raises(TargetRefuses) as caught:
        loop.run(target.put(NAME, DATA))
    assert caught.value.code == "target-login"
    shown = f"{caught.value} {caught.value!r} {caught.value.fields} {target!r} {vars(target)} {caplog.text}"
    assert "sai-het-ca" not in shown
    assert peer.files() == {}


def test_no_password_is_shown_when_all_is_well(
    target: Target, loop: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    loop.run(target.put(NAME, DATA))
    assert ENVIRON["LOA_TARGET_THU_PASSWORD"] == PASSWORD
    assert PASSWORD not in f"{target!r} {vars(target)} {caplog.text}"
