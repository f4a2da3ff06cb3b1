import edfio
import mne
import numpy as np
import pytest
from made_edf import eeg

from nasion.eeg.formats import open_recording
from nasion.errors import NasionError
from nasion.terms import COLUMNS, DERIVATIONS, EKG, ELECTRODES

N_TIMES = 200 * 20


def write(path, channels, sfreq=200):
    """Write (label, values, unit), the unit and nothing else saying what the values are."""
    edfio.Edf(
        [
            edfio.EdfSignal.from_digital(
                np.round(values * 10).astype(np.int16),
                sfreq,
                label=label,
                physical_dimension=unit,
                physical_range=(-3200, 3200),
                digital_range=(-32000, 32000),
            )
            for label, values, unit in channels
        ]
    ).write(path)
    return path


def montage(signals, unit="uV"):
    return [(name, signals[row], unit) for row, name in enumerate(ELECTRODES)]


def texts(recording):
    return "\n".join(map(str, recording.warnings))


@pytest.fixture
def signals():
    return eeg(N_TIMES)


@pytest.mark.parametrize("pattern", ["{}", "{} Impedance", "EEG {}-Ref"])
@pytest.mark.parametrize("unit", ["kOhm", "%", "degC", "G", "uV^2"])
def test_what_is_no_voltage_is_no_electrode(tmp_path, signals, pattern, unit):
    others = [(pattern.format(name), np.full(N_TIMES, 5.0), unit) for name in ELECTRODES]
    path = write(tmp_path / "a.edf", [*others, *montage(signals)])
    recording = open_recording(path)
    np.testing.assert_allclose(recording.signals()[:19], signals[:19], atol=0.06)
    assert (recording.interpolated, recording.missing) == ((), ())
    assert len(recording.ignored) == 19
    assert ("no voltage" in texts(recording)) == ("Impedance" not in pattern)


@pytest.mark.parametrize("label", ["O2", "O2 Sat", "SpO2"])
@pytest.mark.parametrize("unit", ["%", "bpm", "mmHg"])
def test_oxygen_is_no_occipital_electrode(tmp_path, signals, label, unit):
    channels = [entry for entry in montage(signals) if entry[0] != "O2"]
    channels.insert(3, (label, np.full(N_TIMES, 97.0), unit))
    recording = open_recording(write(tmp_path / "a.edf", channels))
    assert recording.interpolated == ("O2",)
    assert label in recording.ignored


@pytest.mark.parametrize("label", ["O2 Sat", "O2 xyz"])
def test_without_a_unit_a_name_must_be_one_of_eeg(tmp_path, signals, label):
    channels = [entry for entry in montage(signals, "") if entry[0] != "O2"]
    recording = open_recording(write(tmp_path / "a.edf", [*channels, (label, signals[-2], "")]))
    assert recording.interpolated == ("O2",)
    assert "no unit is stated: taken as uV" in texts(recording)


def test_a_channel_in_volts_goes_before_one_without_a_unit(tmp_path, signals):
    channels = [(name, np.full(N_TIMES, 5.0) * np.arange(N_TIMES) / 100, "") for name in ("Fp1",)]
    recording = open_recording(write(tmp_path / "a.edf", [*channels, *montage(signals)]))
    np.testing.assert_allclose(recording.signals()[0], signals[0], atol=0.06)


def test_a_file_without_any_voltage_is_refused_unless_it_is_stated(tmp_path, signals):
    path = write(tmp_path / "a.edf", montage(signals, "kOhm"))
    with pytest.raises(NasionError, match=r"a\.edf: Fp1.* 'kOhm', which is no voltage.*--unit uV"):
        open_recording(path)
    recording = open_recording(path, unit="uV")
    np.testing.assert_allclose(recording.signals()[:19], signals[:19], atol=0.06)


def test_units_that_are_wrong_on_some_channels_are_undone(tmp_path, signals):
    channels = [
        (name, values, "mV" if number % 2 else "uV")
        for number, (name, values, _) in enumerate(montage(signals))
    ]
    recording = open_recording(write(tmp_path / "a.edf", channels))
    np.testing.assert_allclose(recording.signals()[:19], signals[:19], atol=0.06)
    assert "990 times the amplitude of the other channels" in texts(recording)
    assert "multiplied by 0.001" in texts(recording)


def raw_of(signals, names=ELECTRODES, kinds="eeg"):
    info = mne.create_info(list(names), 200.0, kinds)
    return mne.io.RawArray(signals * 1e-6, info, verbose="error")


def test_what_is_a_thousand_times_larger_and_unlike_the_others_is_missing(signals):
    signals[4] = 1000 * eeg(N_TIMES, 1, seed=7)[0]
    recording = open_recording(raw_of(signals[:19]))
    assert recording.interpolated == ("F7",)
    assert "F7: " in texts(recording)
    assert "taken as missing" in texts(recording)


def test_of_two_channels_of_an_electrode_the_living_one_is_taken(tmp_path, signals):
    dead = [(f"{name}-0", np.full(N_TIMES, 3.0), "uV") for name in ("T3", "O1")]
    living = [("T7" if n == "T3" else n, v, u) for n, v, u in montage(signals)]
    path = write(tmp_path / "a.edf", [*dead, *living])
    recording = open_recording(path)
    np.testing.assert_allclose(recording.signals()[:19], signals[:19], atol=0.06)
    assert "left out: T3-0, O1-0" in texts(recording)


def test_of_two_channels_of_a_pair_the_living_one_is_taken(tmp_path, signals):
    rows = {name: row for row, name in enumerate(ELECTRODES)}
    pairs = [(a, b, signals[rows[a]] - signals[rows[b]]) for a, b in DERIVATIONS]
    channels = [(f"{a}-{b}", values, "uV") for a, b, values in pairs]
    whole = open_recording(write(tmp_path / "a.edf", channels))
    dead = [(f"{a}-{b}", np.zeros(N_TIMES), "uV") for a, b, _ in pairs[2:4]]
    recording = open_recording(write(tmp_path / "b.edf", [*dead, *channels]))
    np.testing.assert_allclose(recording.signals(), whole.signals(), atol=1e-3)
    assert "left out: F7-T3" not in texts(whole)
    assert "left out: T3-T5, T5-O1" in texts(recording)


def test_zeros_for_letters_are_read_as_electrodes(tmp_path, signals):
    renamed = {"O1": "01", "O2": "EEG 02"}
    channels = [(renamed.get(name, name), v, u) for name, v, u in montage(signals)]
    recording = open_recording(write(tmp_path / "a.edf", channels))
    assert (recording.interpolated, recording.missing) == ((), ())
    np.testing.assert_allclose(recording.signals()[:19], signals[:19], atol=0.06)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("ECG+", "ECG-"), lambda a, b: a - b),
        (("EKG (-)", "EKG (+)"), lambda a, b: b - a),
        (("ECG", "ECG2"), lambda a, b: a),
    ],
)
def test_the_heart_is_one_channel_or_a_difference(tmp_path, signals, labels, expected):
    hearts = [(label, eeg(N_TIMES, 1, seed)[0], "uV") for seed, label in enumerate(labels)]
    path = write(tmp_path / "a.edf", [*montage(signals), *hearts])
    heart = open_recording(path).signals()[COLUMNS.index(EKG)]
    np.testing.assert_allclose(heart, expected(*(values for _, values, _ in hearts)), atol=0.11)


def test_a_dead_heart_is_not_taken(tmp_path, signals):
    living = eeg(N_TIMES, 1, 9)[0]
    hearts = [("ECG", np.zeros(N_TIMES), "uV"), ("ECG2", living, "uV")]
    recording = open_recording(write(tmp_path / "a.edf", [*montage(signals), *hearts]))
    np.testing.assert_allclose(recording.signals()[-1], living, atol=0.06)


def test_a_heart_has_an_amplitude_of_its_own(signals):
    signals[-1] *= 1000
    recording = open_recording(raw_of(signals, COLUMNS))
    np.testing.assert_allclose(recording.signals(), signals, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("kind", ["misc", "resp", "stim"])
def test_a_channel_that_mne_takes_for_another_quantity_is_no_electrode(signals, kind):
    values = np.vstack([signals[:1] + 97, signals[:18]])
    recording = open_recording(raw_of(values, ("O2", *ELECTRODES[:-1]), [kind] + ["eeg"] * 18))
    assert recording.interpolated == ("O2",)
    assert recording.ignored == ("O2",)


def test_channels_without_a_kind_in_mne_are_eeg(signals):
    recording = open_recording(raw_of(signals, COLUMNS, "misc"))  # as MNE calls them by default
    np.testing.assert_allclose(recording.signals(), signals, atol=1e-3)


@pytest.mark.parametrize("name", ["F7", EKG])
def test_what_is_marked_as_bad_is_not_used(tmp_path, signals, name):
    raw = raw_of(signals, COLUMNS, ["eeg"] * 19 + ["ecg"])
    raw.info["bads"] = [name]
    raw.save(tmp_path / "a_raw.fif", verbose="error")
    changed = signals.copy()
    changed[COLUMNS.index(name)] = 0
    for source in (raw, tmp_path / "a_raw.fif"):
        recording = open_recording(source)
        assert recording.interpolated == (("F7",) if name == "F7" else ())
        assert f"marked as bad, so not used: {name}" in texts(recording)
        assert np.isnan(recording.signals()[-1]).all() == (name == EKG)
        rows = [row for row, column in enumerate(COLUMNS) if column != name]
        np.testing.assert_allclose(recording.signals()[rows], signals[rows], rtol=1e-5, atol=1e-3)


def test_a_file_of_bad_channels_alone_is_refused(signals):
    raw = raw_of(signals, COLUMNS, ["eeg"] * 19 + ["ecg"])
    raw.info["bads"] = list(ELECTRODES)
    with pytest.raises(NasionError, match="every channel of EEG is marked as bad"):
        open_recording(raw)


@pytest.mark.parametrize("kind", ["seeg", "ecog", "dbs"])
def test_what_lies_within_the_skull_is_no_scalp(signals, kind):
    with pytest.raises(NasionError, match=r"depth or grid electrodes \(Fp1, F3"):
        open_recording(raw_of(signals[:19], ELECTRODES, kind))
    names = (*ELECTRODES[:18], "X1")
    recording = open_recording(raw_of(signals[:19], names, ["eeg"] * 18 + [kind]))
    assert (recording.interpolated, recording.ignored) == (("O2",), ("X1",))


def test_depth_electrodes_with_names_of_the_scalp_are_refused(tmp_path):
    names = [f"{lead}{number}" for lead in "FTO" for number in range(1, 9)]
    values = eeg(N_TIMES, len(names))
    channels = list(zip(names, values, ["uV"] * len(names), strict=True))
    path = write(tmp_path / "a.edf", channels)
    with pytest.raises(
        NasionError, match=r"a\.edf: holds contacts of depth or grid electrodes \(O"
    ):
        open_recording(path)
