"""What Lightning trains: the network, its loss and its optimizer over one split.

Lightning's checkpoints hold no generator state, so every random number derives from (seed, epoch,
row or step): a run that was killed and resumed equals one that was not, from epoch borders, on the
same machine with the same threads and precision.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch import LightningModule
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from nasion import catalogue
from nasion.config import Experiment
from nasion.data.dataset import Batch, SegmentDataset
from nasion.errors import NasionError
from nasion.hms.segments import votes
from nasion.models.fusion import Inputs, MultimodalNet, Output
from nasion.periods import middle_rows
from nasion.training.losses import SIMILARITIES, kl, loss
from nasion.training.run import Run
from nasion.training.sampling import drawn, of_epoch, prior

ROWS = 1  # beside seed and epoch: the generator that draws a row of each period
COMPARED = 1000  # rows at most for the debiased alignment, which takes their square in memory

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Split:
    """Every row that one fit may learn from and, where there are any, those it holds out."""

    learning: SegmentDataset
    held_out: SegmentDataset | None


class _Rows(torch.utils.data.Dataset):
    """Lightning's view of a dataset: lists of rows in, batches out."""

    def __init__(self, dataset: SegmentDataset, batches: Sequence[Sequence[int]]) -> None:
        self.dataset, self.batches = dataset, batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> Batch:
        return self.dataset.batch(self.batches[number])


def _loader(dataset: SegmentDataset, batches: Sequence[Sequence[int]]) -> DataLoader[Batch]:
    return DataLoader(_Rows(dataset, batches), batch_size=None, shuffle=False)


def in_order(n_rows: int, batch_size: int) -> list[range]:
    """Batches of rows as they come."""
    return [range(first, min(first + batch_size, n_rows)) for first in range(0, n_rows, batch_size)]


class FitModule(LightningModule):
    """The network, its loss and its optimizer over one split."""

    def __init__(self, experiment: Experiment, split: Split, fold: int) -> None:
        super().__init__()
        self.experiment, self.fold = experiment, fold
        held_out = split.held_out
        if held_out is not None:
            held_out = held_out.subset(middle_rows(held_out.segments.table))
        self.split = replace(split, held_out=held_out)
        self._learning: tuple[int, SegmentDataset] | None = None
        torch.manual_seed(experiment.seed * 1000 + fold + 1)
        self.net = initial(experiment)
        ema = experiment.training.ema
        self.averaged = AveragedModel(self.net, multi_avg_fn=_warm_average(ema)) if ema else None
        self.history: list[dict[str, float]] = []
        self._losses: list[Tensor] = []
        self._outputs: list[tuple[Output, Tensor]] = []

    @property
    def final(self) -> MultimodalNet:
        """The network to keep: the averaged one where weights are averaged."""
        return self.net if self.averaged is None else cast(MultimodalNet, self.averaged.module)

    def learning(self, epoch: int) -> SegmentDataset:
        """What an epoch draws from: the same for all, unless it is another row of each period."""
        training = self.experiment.training
        drawing = epoch if training.rows == "period-random" else 0
        if self._learning is None or self._learning[0] != drawing:
            rng = np.random.default_rng([self.experiment.seed, drawing, ROWS])
            self._learning = drawing, of_epoch(self.split.learning, training, rng)
        return self._learning[1]

    def _rows(self, epoch: int) -> NDArray[np.int_]:
        """Numbers of these rows; the last epochs may see only those with many votes."""
        training, learning = self.experiment.training, self.learning(epoch)
        rows = np.arange(len(learning))
        if epoch >= training.epochs - training.second_stage_epochs:
            least_votes = training.second_stage_votes
            rows = rows[votes(learning.segments.table).sum(1) >= least_votes]
            if not len(rows):
                raise NasionError(
                    f"training.second_stage_votes: no segment has {least_votes} votes"
                )
        return rows

    def _batches(self, epoch: int) -> list[list[int]]:
        """Shuffled rows of an epoch."""
        training, learning = self.experiment.training, self.learning(epoch)
        rng = np.random.default_rng([self.experiment.seed, epoch])
        rows = drawn(learning.segments.table, self._rows(epoch), training.sampling, rng)
        # Short files together: a batch costs as much as its longest row.
        rows = np.concatenate([rows[learning.short[rows]], rows[~learning.short[rows]]])
        batches = [rows[list(part)].tolist() for part in in_order(len(rows), training.batch_size)]
        if len(batches) > 1 and len(batches[-1]) == 1:
            batches.pop()  # batch statistics need two rows
        return [batches[number] for number in rng.permutation(len(batches))]

    def train_dataloader(self) -> DataLoader[Batch]:
        """Augmented batches of this epoch."""
        learning = replace(self.learning(self.current_epoch), epoch=self.current_epoch)
        table = learning.segments.table.iloc[self._rows(self.current_epoch)]
        self._prior = torch.from_numpy(prior(table, self.experiment.training)).float()
        return _loader(learning, self._batches(self.current_epoch))

    def val_dataloader(self) -> DataLoader[Batch] | list[Any]:
        """Held-out rows in order, one a period, unaugmented."""
        if self.split.held_out is None:
            return []
        n_rows = len(self.split.held_out)
        return _loader(self.split.held_out, in_order(n_rows, self.experiment.training.batch_size))

    def transfer_batch_to_device(
        self, batch: Batch, device: torch.device, dataloader_idx: int
    ) -> tuple[Inputs, Tensor, Tensor]:
        """Numpy in, tensors out."""
        target, weight = torch.from_numpy(batch.target), torch.from_numpy(batch.weight)
        return Inputs.of(batch, device), target.to(device), weight.to(device)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Seed dropout and stochastic depth by where we are, not by how we came here."""
        key = np.random.SeedSequence([self.experiment.seed, self.current_epoch, batch_idx])
        torch.manual_seed(int(key.generate_state(1, np.uint32)[0]))

    def on_train_epoch_start(self) -> None:
        """Normalisation layers that keep their statistics stay in evaluation mode."""
        if self.experiment.training.freeze_statistics:
            for layer in self.net.modules():
                if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                    layer.eval()

    def training_step(self, batch: tuple[Inputs, Tensor, Tensor], batch_idx: int) -> Tensor:
        """The paper's loss."""
        inputs, target, weight = batch
        prior = self._prior.to(target.device)
        value = loss(self.net(inputs), target, weight, self.experiment.loss, prior)
        self._losses.append(value.detach())
        self.log("loss", value, prog_bar=True, logger=False)
        return value

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Average the weights after each step."""
        if self.averaged is not None:
            self.averaged.update_parameters(self.net)

    def validation_step(self, batch: tuple[Inputs, Tensor, Tensor], batch_idx: int) -> None:
        """Keep outputs; they are scored together."""
        inputs, target, _ = batch
        self._outputs.append((self.final(inputs), target))

    def on_validation_epoch_end(self) -> None:
        """Scores of the final prediction, of each head, and how alike the features are."""
        if self.trainer.sanity_checking or not self._outputs:
            return
        scores = _scores(self._outputs)
        self._outputs.clear()
        for name, value in scores.items():
            self.log(name, value, prog_bar=name == "kld", logger=False)
        self._record(scores)

    def on_train_epoch_end(self) -> None:
        """Where nothing is held out, the epoch's loss is all there is to record."""
        if self.split.held_out is None:
            self._record({})

    def _record(self, scores: dict[str, float]) -> None:
        epoch_loss = float(torch.stack(self._losses).mean()) if self._losses else math.nan
        self._losses.clear()
        rate = self.optimizers().param_groups[0]["lr"]
        row = {"fold": self.fold, "epoch": self.current_epoch, "lr": rate, "loss": epoch_loss}
        self.history.append({**row, **scores})
        scores_text = "".join(
            f", {name} {scores[name]:.3f}" for name in ("kld", "accuracy") if scores
        )
        epochs = self.experiment.training.epochs
        _log.info(
            "fold %d, epoch %d of %d: loss %.3f%s",
            self.fold, self.current_epoch + 1, epochs, epoch_loss, scores_text,
        )  # fmt: skip

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """History goes with the weights it describes."""
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it up again."""
        self.history = checkpoint["history"]

    def configure_optimizers(self) -> Any:
        """AdamW with warm-up and cosine decay, or one cycle."""
        training = self.experiment.training
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        vectors = [p for p in self.net.parameters() if p.ndim <= 1]
        groups = [
            {"params": decayed, "weight_decay": training.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=training.lr)
        n_steps = sum(len(self._batches(epoch)) for epoch in range(training.epochs))
        schedule: Any
        if training.schedule == "one-cycle":
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, training.lr, n_steps, pct_start=max(training.warmup, 1 / n_steps)
            )
        else:
            n_warm = max(1, round(training.warmup * n_steps))
            schedule = torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda step: _warm_cosine(step, n_warm, n_steps)
            )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def initial(experiment: Experiment) -> MultimodalNet:
    """A new network, or that of `training.init` where the experiment names a run.

    Raises
    ------
    NasionError
        Where that run's signal or model differs: its weights would mean something else here.
    """
    if not experiment.training.init:
        return MultimodalNet(experiment)
    run = Run(catalogue.run_folder(experiment.training.init))
    start = run.ensemble().fits[0]
    for part in ("signal", "model"):
        if getattr(start.experiment, part) != getattr(experiment, part):
            raise NasionError(
                f"{run.folder}: was trained with another [{part}]; copy that section of its"
                " config.json into the configuration"
            )
    return start.net.requires_grad_().train()


def _warm_cosine(step: int, n_warm: int, n_steps: int) -> float:
    if step < n_warm:
        return (step + 1) / n_warm
    return 0.5 * (1 + math.cos(math.pi * (step - n_warm) / max(1, n_steps - n_warm)))


def _warm_average(decay: float) -> Any:
    """Exponential moving average that forgets its random start quickly."""

    def update(averages: Sequence[Tensor], values: Sequence[Tensor], n_averaged: Any) -> None:
        share = min(decay, (1 + int(n_averaged)) / (10 + int(n_averaged)))
        for average, value in zip(averages, values, strict=True):
            average.lerp_(value, 1 - share)

    return update


def _scores(outputs: list[tuple[Output, Tensor]]) -> dict[str, float]:
    target = torch.cat([target for _, target in outputs])
    logits = torch.cat([output.logits for output, _ in outputs])
    right = logits.argmax(1) == target.argmax(1)
    scores = {"kld": kl(target, logits).mean(), "accuracy": right.float().mean()}
    names = outputs[0][0].heads
    if len(names) > 1:
        for name in names:
            head = torch.cat([output.heads[name] for output, _ in outputs])
            scores[f"kld_{name}"] = kl(target, head).mean()
        first, second = (
            torch.cat([output.features[name].float() for output, _ in outputs])
            for name in outputs[0][0].features
        )
        scores["cosine"] = SIMILARITIES["cosine"](first, second)
        cosines = nn.functional.cosine_similarity(first, second)
        scores["absolute_cosine"] = cosines.abs().mean()
        scores["cka"] = SIMILARITIES["cka"](first, second)
        step = -(-len(first) // COMPARED)
        scores["debiased_cka"] = SIMILARITIES["debiased-cka"](first[::step], second[::step])
    return {name: float(value) for name, value in scores.items()}
