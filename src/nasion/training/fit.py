"""One fit from a split to weights, resumable after a kill."""

import logging
import signal
import threading
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.utilities.warnings import PossibleUserWarning

from nasion.config import Experiment
from nasion.errors import NasionError
from nasion.loading import is_there, loading
from nasion.models.fusion import MultimodalNet
from nasion.training.module import FitModule, Split
from nasion.training.surroundings import precision

_log = logging.getLogger(__name__)
_PRECISION = {"float32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def fit(
    experiment: Experiment, split: Split, fold: int, folder: Path, *, progress: bool = False
) -> tuple[MultimodalNet, list[dict[str, float]]]:
    """Train one network, or go on with one whose training was cut off.

    Parameters
    ----------
    folder
        Where `last.ckpt` is kept after each epoch, to resume from.

    Returns
    -------
    The network to keep and one row of history an epoch. Without early stopping the last epoch is
    kept, so held-out rows never choose it; with `patience`, the epoch of the best held-out KLD.
    """
    module = FitModule(experiment, split, fold)
    if len(module.learning(0)) < 2:
        raise NasionError(f"fold {fold}: fewer than two segments to learn from")
    last = folder / "last.ckpt"
    best = _checkpoints(folder, "best", "kld") if _stops_early(experiment, split) else None
    callbacks: list[Callback] = [_checkpoints(folder, "last", None)]
    if best is not None:
        callbacks += [best, EarlyStopping("kld", patience=experiment.training.patience)]
    if progress:
        callbacks.append(_Progress(fold))
    # Lightning's advice on workers and loggers does not apply to memory-mapped batches.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PossibleUserWarning)
        warnings.filterwarnings("ignore", ".*", module="lightning")
        trainer = Trainer(
            accelerator="auto",
            devices=1,
            precision=_PRECISION[precision(experiment)],
            max_epochs=experiment.training.epochs,
            gradient_clip_val=experiment.training.clip_norm,
            callbacks=callbacks,
            default_root_dir=folder,
            logger=False,
            enable_checkpointing=True,
            enable_model_summary=False,
            enable_progress_bar=progress,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
        )
        _fit(trainer, module, ckpt_path=str(last) if is_whole(last) else None, weights_only=True)
    if best is not None and best.best_model_path:
        state = torch.load(best.best_model_path, weights_only=True)
        module.load_state_dict(state["state_dict"])
    return module.final, module.history


def _fit(trainer: Trainer, module: FitModule, **options: Any) -> None:
    """Train; Ctrl-C passes on as what it is, where Lightning would end the process."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(module, **options)
    except SystemExit:
        if is_main:  # Lightning lets no second one through
            signal.signal(signal.SIGINT, before)
        raise KeyboardInterrupt from None


def is_whole(last: Path) -> bool:
    """Whether there is something to go on from; what a kill cut off is put away with a word."""
    if not is_there(last):
        return False
    try:
        with loading(last, "can't be read", "the fit begins anew"):
            torch.load(last, weights_only=True, mmap=True)
    except NasionError as error:
        _log.warning("%s", error)
        last.unlink()
        return False
    return True


def _stops_early(experiment: Experiment, split: Split) -> bool:
    return experiment.training.patience > 0 and split.held_out is not None


def _checkpoints(folder: Path, name: str, monitor: str | None) -> ModelCheckpoint:
    return ModelCheckpoint(
        dirpath=folder,
        filename=name,
        monitor=monitor,
        save_top_k=1,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )


class _Progress(TQDMProgressBar):
    """Lightning's bar, named by fold."""

    def __init__(self, fold: int) -> None:
        super().__init__()
        self.fold = fold

    @property
    def train_description(self) -> str:
        return f"fold {self.fold}, epoch"


def quieten() -> None:
    """Silence Lightning's greetings; errors still show."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
