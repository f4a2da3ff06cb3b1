"""Formats that MNE reads only with a further package say which one."""

import sys

import pytest

from nasion.eeg.formats import open_recording
from nasion.errors import NasionError

HDF5 = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM" + bytes(384) + b"\x89HDF"
NEEDING = {
    "a.mff": ("mffpy", b""),
    "a.mefd": ("pymef", b""),
    "a.cnt": ("antio", b"RIFF\0\0\0\0CNT "),
    "unlike-any.cnt": ("antio", bytes(2000)),
    "a.nedf": ("defusedxml", bytes(3000)),
    "a.set": ("pymatreader", HDF5),
    "a.cdt": ("curryreader", bytes(2000)),
}


@pytest.mark.parametrize("name", NEEDING)
def test_a_package_that_is_missing_is_named_with_how_to_install_it(tmp_path, monkeypatch, name):
    package, content = NEEDING[name]
    monkeypatch.setitem(sys.modules, package, None)
    path = tmp_path / name
    if name.endswith((".mff", ".mefd")):
        path.mkdir()
        (path / "signal1.bin").write_bytes(bytes(64))
    else:
        path.write_bytes(content)
    if name.endswith(".cdt"):
        (tmp_path / "a.cdt.dpo").write_text("NumChannels = 1\n")
    with pytest.raises(NasionError) as error:
        open_recording(path)
    assert "\n" not in str(error.value)
    extra = "" if package == "pymef" else ' pip install "nasion[formats]", or'
    assert str(error.value) == (
        f"{path}: needs the package {package} to be read;{extra} pip install {package}"
    )
