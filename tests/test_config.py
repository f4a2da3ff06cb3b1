import hashlib
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from nasion.config import (
    HMS_VIEW,
    Augment,
    Data,
    Experiment,
    Signal,
    Spectrogram,
    Training,
    View,
    Waveform,
    load,
    made_with,
    parse,
)
from nasion.contract import PACKAGED
from nasion.errors import NasionError
from nasion.settings import Settings, fingerprint

ROOT = Path(__file__).parents[1]


def write(folder: Path, text: str) -> Path:
    path = folder / "a.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path, *changes: str) -> str:
    with pytest.raises(NasionError) as caught:
        load(path, changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def leaves(settings: Settings, above: str = "") -> dict[str, object]:
    """Every setting by its dotted name."""
    found: dict[str, object] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Settings):
            found |= leaves(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def test_an_empty_file_is_the_defaults(tmp_path):
    assert load(write(tmp_path, "")) == Experiment()


def test_a_file_changes_only_what_it_names(tmp_path):
    before = leaves(Experiment())
    after = leaves(load(write(tmp_path, "seed = 3\n[training]\nlr = 0.01\n")))
    changed = {name: value for name, value in after.items() if before[name] != value}
    assert changed == {"seed": 3, "training.lr": 0.01}


@pytest.mark.parametrize(
    ("text", "key", "known"),
    [
        ("speed = 1", "speed", set(Experiment.model_fields)),
        ("[training]\nlearning_rate = 1", "training.learning_rate", set(Training.model_fields)),
        (
            "signal.spectrogram.window.width = 1",
            "signal.spectrogram.window.width",
            set(View.model_fields),
        ),
    ],
)
def test_an_unknown_key_is_refused_and_the_known_ones_are_named(tmp_path, text, key, known):
    path = write(tmp_path, text)
    message = refusal(path)
    assert message.startswith(f"{path}: unknown key '{key}'; ")
    assert set(message.partition("known here: ")[2].split(", ")) == known


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("seed = 'x'", "seed"),
        ("seed = 1.5", "seed"),
        ("seed = -1", "seed"),
        ("name = 3", "name"),
        ("training.epochs = '12'", "training.epochs"),
        ("training.epochs = true", "training.epochs"),
        ("training.lr = inf", "training.lr"),
        ("training.lr = nan", "training.lr"),
        ("training.schedule = 'linear'", "training.schedule"),
        ("training = 3", "training"),
        ("signal.waveform.band_hz = [1.0]", "signal.waveform.band_hz"),
        ("model.wavenet.layers = [6, 4]", "model.wavenet"),
        ("training.epochs = 3\ntraining.second_stage_epochs = 3", "training"),
        ("signal.waveform.sfreq = 60.0", "signal.waveform"),
        ("signal.waveform.band_hz = [0.5, 40.0]", "signal.waveform"),
        ("signal.spectrogram.views = []", "signal.spectrogram"),
        ("signal.spectrogram.views = ['window', 'window']", "signal.spectrogram"),
        ("loss.alpha = 0.6", "loss.alpha"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path, text, key):
    path = write(tmp_path, text)
    assert refusal(path).startswith(f"{path}: '{key}")


def test_a_date_is_no_setting(tmp_path):
    path = write(tmp_path, "seed = 2024-01-01")
    assert refusal(path).startswith(f"{path}: ")


@pytest.mark.parametrize("change", [{"window_s": 6.0}, {"bins": (3, 600)}, {"step_s": 0.7}])
def test_a_view_that_cannot_be_is_refused(change):
    with pytest.raises(ValidationError):
        View.model_validate(HMS_VIEW.model_dump() | change)


def test_columns_of_a_view_fall_on_samples():
    fields = HMS_VIEW.model_dump()
    for step_s in (2.0, 1.0, 0.5, 0.25, 0.1, 0.005):
        assert View.model_validate(fields | {"step_s": step_s}).step_s == step_s
    for step_s in (0.0625, 0.3, 3.0):
        with pytest.raises(ValidationError, match="step_s"):
            View.model_validate(fields | {"step_s": step_s})


def test_lists_of_toml_become_tuples(tmp_path):
    path = write(
        tmp_path,
        "[signal.waveform]\nband_hz = [1.0, 15.0]\n"
        "[model.wavenet]\nlayers = [4, 4]\nchannels = [8, 16]\n",
    )
    experiment = load(path)
    assert experiment.signal.waveform.band_hz == (1.0, 15.0)
    assert experiment.model.wavenet.layers == (4, 4)
    assert hash(experiment.signal) == hash(load(path).signal)


def test_one_number_of_a_view_can_be_changed_alone(tmp_path):
    path = write(tmp_path, "signal.spectrogram.window.step_s = 0.25")
    window = load(path).signal.spectrogram.window
    assert window == Spectrogram().window.model_copy(update={"step_s": 0.25})


def test_changes_come_last_and_the_last_wins(tmp_path):
    path = write(tmp_path, "[training]\nlr = 0.01\nepochs = 3\n")
    experiment = load(path, ("training.lr = 3e-4", "name = 'x'", "training.lr = 4e-4"))
    assert experiment.training == Training(lr=4e-4, epochs=3)
    assert experiment.name == "x"
    assert load(path).training.lr == 0.01


def test_a_bad_change_is_refused(tmp_path):
    path = write(tmp_path, "")
    assert refusal(path, "name = run 7").startswith("--set name = run 7: not TOML")
    assert "'training.rate'" in refusal(path, "training.rate = 1")


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe", b"training.lr = 1\ntraining.lr = 2"])
def test_what_is_not_toml_is_refused(tmp_path, content):
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    assert refusal(path).startswith(f"{path}: not TOML")


def test_no_file_and_a_folder_are_refused(tmp_path):
    assert refusal(tmp_path / "none.toml").startswith(f"{tmp_path / 'none.toml'}: not found")
    assert refusal(tmp_path).startswith(f"{tmp_path}: is a folder")


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        Experiment().seed = 1  # type: ignore[misc]


CHANGED = {
    "name": "y",
    "data.path": "y",
    "data.folds": "y",
    "data.store": "y",
    "data.phantoms.path": "y",
    "data.phantoms.backgrounds": "y",
    "data.phantoms.backgrounds_folder": "y",
    "training.init": "y",
    "training.freeze_statistics": True,
    "signal.waveform.anti_alias": True,
    "signal.waveform.band_hz": [0.5, 19.0],
    "signal.waveform.sfreq": 100.0,
    "signal.waveform.quantise": "mu-law",
    "signal.spectrogram.views": ["window"],
    "signal.spectrogram.log_range": [-5.0, 10.0],
    "model.wavenet.layers": [5],
    "model.wavenet.channels": [47],
    "model.wavenet.padding": "same",
    "model.wavenet.residual": "skip-sum",
    "model.wavenet.hemispheres": "shared",
    "model.spectrogram.backbone": "y",
    "model.spectrogram.weights": "hub",
    "model.spectrogram.stack": "symmetric",
    "model.modality": "waveform",
    "model.waveform": "siamese",
    "model.conv_transformer.channels": [63, 128],
    "model.conv_transformer.strides": [5, 2],
    "model.siamese.channels": [47, 96, 128],
    "model.siamese.strides": [2, 5, 2],
    "loss.objective": "focal",
    "loss.similarity": "cka",
    "training.schedule": "one-cycle",
    "training.precision": "bf16",
    "training.weighting": "votes",
    "training.rows": "all",
    "training.sampling": "balanced",
    "training.mirrored_copies": "lrda",
}


def another(name: str, value: object) -> object:
    """Another allowed value of a setting."""
    if name in CHANGED:
        return CHANGED[name]
    if name.endswith(".bins"):
        return [value[0], value[1] - 1]  # type: ignore[index]
    if name.endswith("step_s"):
        return value / 5  # type: ignore[operator]
    if name.endswith("window_s"):
        return value / 2  # type: ignore[operator]
    return value + 1 if isinstance(value, int) else value * 1.1 or 0.1  # type: ignore[operator]


WHERE = {
    "data.path",
    "data.folds",
    "data.store",
    "data.phantoms.path",
    "data.phantoms.backgrounds",
    "data.phantoms.backgrounds_folder",
}


def changed(name: str) -> Experiment:
    """The defaults but for one setting."""
    value: object = another(name, leaves(Experiment())[name])
    for part in reversed(name.split(".")):
        value = {part: value}
    experiment = parse(value, "a")  # type: ignore[arg-type]
    assert leaves(experiment)[name] != leaves(Experiment())[name]
    return experiment


@pytest.mark.parametrize("name", sorted(set(leaves(Experiment())) - WHERE))
def test_the_fingerprint_changes_with_any_setting(name):
    assert changed(name).fingerprint != Experiment().fingerprint


@pytest.mark.parametrize("name", sorted(WHERE))
def test_the_fingerprint_does_not_depend_on_where_things_lie(name):
    assert changed(name).fingerprint == Experiment().fingerprint
    assert fingerprint(changed(name)) != fingerprint(Experiment())


def test_the_fingerprint_does_not_depend_on_order(tmp_path):
    one = load(write(tmp_path, "seed = 1\n[training]\nlr = 0.01\nepochs = 3\n[loss]\nbeta = 1.0\n"))
    other = load(
        write(tmp_path, "[loss]\nbeta = 1.0\n[training]\nepochs = 3\nlr = 0.01\n"), ("seed = 1",)
    )
    assert one.fingerprint == other.fingerprint
    assert len(one.fingerprint) == 8
    assert int(one.fingerprint, 16) >= 0


def test_later_settings_at_what_was_before_them_leave_files_and_fingerprints_as_they_were():
    before = {"model": {"wavenet": {"residual": "stream"}}, "training": {"rows": "all"}}
    experiment = parse({"seed": 3, **before}, "a")
    older = experiment.model_dump(mode="json")
    del older["model"]["wavenet"]["residual"], older["training"]["rows"]
    del older["signal"]["waveform"]["anti_alias"]
    for name in ("recorded_share", "backgrounds", "backgrounds_folder", "montage_share"):
        del older["data"]["phantoms"][name]
    assert made_with(older, "a") == experiment
    text = json.dumps(older, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest()[:8] == experiment.fingerprint
    assert made_with({}, "a").training.rows == "all"
    assert parse({}, "a").training.rows == "period"


def test_the_packaged_weights_are_of_the_configuration_that_tells_them():
    path = PACKAGED / "config.json"
    packaged = made_with(json.loads(path.read_text()), str(path))
    told = load(ROOT / "configs" / "phantom.toml")
    start = load(ROOT / "configs" / "shipped.toml")
    told = told.model_copy(update={"signal": start.signal, "model": start.model})
    training = told.training.model_copy(update={"init": packaged.training.init})
    assert packaged.fingerprint == told.model_copy(update={"training": training}).fingerprint


def test_a_part_has_a_fingerprint_of_its_own():
    assert fingerprint(Signal()) == fingerprint(Experiment(seed=5).signal)
    assert fingerprint(Signal()) != fingerprint(Signal(waveform=Waveform(order=3)))


def test_an_experiment_survives_json():
    experiment = Experiment(
        seed=4,
        data=Data(path="x"),
        augment=Augment(mirror=0.0),
        signal=Signal(spectrogram=Spectrogram(views=("centre",))),
    )
    assert parse(experiment.model_dump(mode="json"), "a") == experiment


def test_the_view_of_hms_is_the_default_context():
    assert Spectrogram().context == HMS_VIEW
    assert (HMS_VIEW.n_freqs, HMS_VIEW.n_columns) == (100, 300)


def test_every_ready_made_configuration_loads_and_differs():
    paths = sorted([*(ROOT / "configs").glob("*.toml"), *(ROOT / "src").rglob("*.toml")])
    assert paths, f"no configuration below {ROOT}"
    fingerprints = {path.name: load(path).fingerprint for path in paths}
    assert len(set(fingerprints.values())) == len(paths), fingerprints
