"""What gzip and zip hold is read as if it lay there unpacked, and nothing of it stays behind."""

import gc
import gzip
import stat
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_edf import eeg, write
from made_parts import write_brainvision

from nasion.eeg import packed
from nasion.eeg.formats import open_recording, recordings_below
from nasion.errors import NasionError


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """The only folder that may be written to, empty at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    gc.collect()
    assert not list(folder.iterdir())


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["a.edf.gz", "a.EDF.GZ", "a.gz", "a.edfz", "a.bdf.gz"])
def test_gzip_is_read_as_the_file_in_it(tmp_path, name):
    kind = "bdf" if "bdf" in name else "edf"
    usual = write(tmp_path / f"usual.{kind}", eeg(4000), annotations=[(1.0, 0.5, "x")])
    (tmp_path / name).write_bytes(gzip.compress(usual.read_bytes()))
    expected, recording = open_recording(usual), open_recording(tmp_path / name)
    assert recording.name == "a"
    assert recording.annotations == expected.annotations
    np.testing.assert_array_equal(recording.signals(), expected.signals())
    np.testing.assert_array_equal(recording.read(7, 999), expected.read(7, 999))


def test_what_is_unpacked_is_private_and_stays_as_long_as_it_is_read(tmp_path, temporary):
    usual = write(tmp_path / "usual.edf", eeg(2000))
    (tmp_path / "a.edf.gz").write_bytes(gzip.compress(usual.read_bytes()))
    recording = open_recording(tmp_path / "a.edf.gz")
    (folder,) = temporary.iterdir()
    (inner,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(inner.stat().st_mode) == 0o600
    read = recording.read
    del recording
    gc.collect()
    assert np.isfinite(read(0, 2000)).all()
    del read
    gc.collect()
    assert not folder.exists()


def test_a_zip_with_one_recording_is_read(tmp_path):
    usual = write(tmp_path / "usual.edf", eeg(2000))
    content = usual.read_bytes()
    members = {"sub/b.edf": content, "README.txt": "x", "__MACOSX/sub/._b.edf": "x"}
    for path in (
        zipped(tmp_path / "night.zip", **members),
        zipped(tmp_path / "no-suffix.ZIP", b=content),
        zipped(tmp_path / "other-name.zip", **{"folder\\b.txt": content}),
    ):
        recording = open_recording(path)
        assert recording.name == path.stem
        np.testing.assert_array_equal(recording.signals(), open_recording(usual).signals())


def test_a_zip_with_a_recording_of_several_files_is_read(tmp_path):
    signals = eeg(2000)
    write_brainvision(tmp_path, "a", signals)
    parts = {f"x/{path.name}": path.read_bytes() for path in tmp_path.glob("a.*")}
    path = zipped(tmp_path / "night.zip", **parts)
    np.testing.assert_allclose(open_recording(path).signals(), signals, atol=1e-3)


def test_several_recordings_are_named_before_any_is_unpacked(tmp_path, monkeypatch):
    content = write(tmp_path / "usual.edf", eeg(2000)).read_bytes()
    path = zipped(tmp_path / "two.zip", **{"a.edf": content, "b.txt": content})
    monkeypatch.setattr(packed, "_unzip", None)
    with pytest.raises(NasionError, match=r"two\.zip: holds 2 recordings \(a\.edf, b\.txt\)"):
        open_recording(path)


def test_nothing_is_written_outside_of_the_folder(tmp_path):
    content = write(tmp_path / "usual.edf", eeg(2000)).read_bytes()
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    for name in ("../evil.edf", f"{tmp_path}/evil.edf", "a/../../evil.edf", "..\\evil.edf", "C:e"):
        path = zipped(tmp_path / "evil.zip", **{name: content})
        with pytest.raises(NasionError, match=r"evil\.zip: names files outside"):
            open_recording(path)
        path.unlink()
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_link_in_a_zip_is_not_followed(tmp_path):
    secret = write(tmp_path / "secret.edf", eeg(2000))
    link = zipfile.ZipInfo("link.edf")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, str(secret))
    with pytest.raises(NasionError, match=r"a\.zip: .*not an EDF"):
        open_recording(tmp_path / "a.zip")


def test_what_cannot_be_opened_leaves_nothing_unpacked(tmp_path, temporary):
    whole = write(tmp_path / "a.edf", eeg(4000)).read_bytes()
    path, kept = tmp_path / "b.edf.gz", []
    for content in (gzip.compress(whole[:3000]), gzip.compress(whole)[:-9]):
        path.write_bytes(content)
        with pytest.raises(NasionError) as caught:
            open_recording(path)
        kept.append(caught.value)  # and with it all that it refers to
        assert not list(temporary.iterdir())


def test_bombs_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "PLAIN_BYTES", 1 << 20)
    content = write(tmp_path / "usual.edf", eeg(2000)).read_bytes() + bytes(50 << 20)
    (tmp_path / "bomb.edf.gz").write_bytes(gzip.compress(content))
    zipped(tmp_path / "bomb.zip", **{"a.edf": content[:300_000], "b.bin": bytes(200 << 20)})
    for name in ("bomb.edf.gz", "bomb.zip"):
        with pytest.raises(NasionError, match=rf"{name}: unpacks to more than \d+ MiB"):
            open_recording(tmp_path / name)


def test_packed_files_that_cannot_be_read_say_why(tmp_path):
    whole = write(tmp_path / "usual.edf", eeg(2000)).read_bytes()
    gz = gzip.compress(whole)
    damaged = bytearray(zipped(tmp_path / "good.zip", **{"a.edf": whole}).read_bytes())
    encrypted = bytearray(damaged)
    for at in (6, encrypted.index(b"PK\x01\x02") + 8):
        encrypted[at] |= 1
    cases = {
        "cut.edf.gz": (gz[:-2000], "damaged or cut short"),
        "cut.zip": (bytes(damaged[:-2000]), "damaged or cut short"),
        "encrypted.zip": (bytes(encrypted), "needs a password"),
        "none.zip": (zipped(tmp_path / "n.zip", a="x").read_bytes(), "holds no recording"),
        "text.gz": (gzip.compress(b"no recording" * 99), "can't be read"),
        "short.edf.gz": (gzip.compress(whole[:100]), "not an EDF"),
    }
    for name, (content, expected) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NasionError, match=rf"{name}: .*{expected}") as error:
            open_recording(tmp_path / name)
        assert "\n" not in str(error.value)
        assert "temporary" not in str(error.value)


def test_a_folder_search_finds_packed_recordings_only(tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    whole = write(tmp_path / "usual.edf", eeg(2000)).read_bytes()
    (folder / "a.edf.gz").write_bytes(gzip.compress(whole))
    (folder / "table.csv.gz").write_bytes(gzip.compress(b"a,b\n"))
    zipped(folder / "one.zip", **{"x/a.edf": whole})
    zipped(folder / "papers.zip", **{"a.pdf": "x"})
    (folder / "cut.edf.gz").write_bytes(gzip.compress(whole)[:8])  # why not is said when read
    assert {path.name for path in recordings_below(Path(folder))} == {
        "a.edf.gz",
        "one.zip",
        "cut.edf.gz",
    }
