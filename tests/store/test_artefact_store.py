"""Artefacts: bytes under their hash, whole or not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from loa.model.artefact import Artefact, digest
from loa.model.errors import StoreError
from loa.store import Store
from loa.store.artefacts import write_whole


def put(store: Store, data: bytes, name: str = "poster.pdf") -> Artefact:
    return store.artefacts.put(
        data, name=name, media_type="application/pdf", role="print", language="vi", provenance={"template": "a3"}
    )


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_put_is_read(store: Store) -> None:
    made = put(store, b"%PDF")
    assert (made.size, made.name, made.role, made.provenance) == (4, "poster.pdf", "print", {"template": "a3"})
    assert store.artefacts.read(made) == b"%PDF"
    assert store.artefacts.path(made).name == made.sha256


def test_the_same_bytes_are_stored_once(store: Store, tmp_path: Path) -> None:
    first = put(store, b"%PDF")
    written = store.artefacts.path(first).stat().st_mtime_ns
    second = put(store, b"%PDF", name="another-name.pdf")
    assert first.sha256 == second.sha256
    assert files(tmp_path / "var" / "artefacts") == [store.artefacts.path(first)]
    assert store.artefacts.path(first).stat().st_mtime_ns == written


def test_what_was_made_is_recalled_by_its_recipe(store: Store) -> None:
    recipe = digest({"template": "a3", "engine": "reportlab 5.1"})
    assert store.artefacts.recall(recipe) is None
    made = (put(store, b"%PDF"), put(store, b"PNG", "poster.png"))
    store.artefacts.remember(recipe, made)
    assert store.artefacts.recall(recipe) == made
    store.artefacts.remember(recipe, made[:1])
    assert store.artefacts.recall(recipe) == made[:1]
    store.artefacts.remember("0" * 64, [])
    assert store.artefacts.recall("0" * 64) == ()


def lose(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"!")


@pytest.mark.parametrize(
    ("harm", "code"), [(lose, "artefact-gone"), (cut, "artefact-changed"), (change, "artefact-changed")]
)
def test_bytes_that_are_gone_or_changed_are_neither_read_nor_recalled_and_can_be_made_again(
    store: Store, harm: object, code: str
) -> None:
    made = put(store, b"%PDF")
    store.artefacts.remember("0" * 64, [made])
    assert callable(harm)
    harm(store.artefacts.path(made))
    with pytest.raises(StoreError) as caught:
        store.artefacts.read(made)
    assert caught.value.code == code
    assert store.artefacts.recall("0" * 64) is None
    put(store, b"%PDF")
    assert store.artefacts.recall("0" * 64) == (made,)


# --- whole or not there


def test_a_file_is_written_over_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "bulletin.mp3"
    write_whole(target, b"first")
    with target.open("rb") as reader:
        write_whole(target, b"second")
        assert reader.read() == b"first", "who reads it reads on"
    assert target.read_bytes() == b"second"
    assert files(tmp_path) == [target]
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the kernel stops the write in its middle as well."""
    target = tmp_path / "poster.pdf"
    target.write_bytes(b"the poster of before")
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from loa.model.errors import StoreError\n"
        "from loa.store.artefacts import write_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "for name in ('poster.pdf', 'new/poster.pdf'):\n"
        "    try:\n"
        "        write_whole(Path(sys.argv[1]) / name, b'x' * 1_000_000)\n"
        "    except StoreError as error:\n"
        "        print(error.code, error.fields['file'])\n"
    )
    said = subprocess.run([sys.executable, "-c", program, tmp_path], check=True, capture_output=True, text=True)
    assert said.stdout == "file-not-written poster.pdf\n" * 2
    assert files(tmp_path) == [target]
    assert target.read_bytes() == b"the poster of before"


def test_a_file_where_a_folder_should_be_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(StoreError) as caught:
        write_whole(tmp_path / "outbox" / "poster.pdf", b"%PDF")
    assert caught.value.code == "file-not-written"
    assert files(tmp_path) == [tmp_path / "outbox"]
