"""Found: what a search found, the score to go by before the one that the choice was made by."""

from dataclasses import dataclass
from pathlib import Path

from nasion.seen import NOTHING, Seen, number_text
from nasion.study.aside import Judgement
from nasion.study.space import values_text
from nasion.study.study import FINISHED, Trial


@dataclass(frozen=True)
class Found:
    """What a search found, and what it could not draw.

    Parameters
    ----------
    best
        The trial chosen; its `value` is the score that it was chosen by.
    judged
        Its score on the patients kept aside; None where its RUN lies on another machine.
    over_folds
        Mean and sample standard deviation of its folds' own scores.
    """

    folder: Path
    metric: str
    trials: tuple[Trial, ...]
    best: Trial
    notes: tuple[str, ...]
    judged: Judgement | None = None
    over_folds: tuple[float, float] | None = None
    seen: Seen = NOTHING

    @property
    def summary(self) -> str:
        """A few lines for the terminal, the honest score first."""
        counts = {state: sum(t.state == state for t in self.trials) for state in FINISHED}
        outcomes = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
        trial = f"trial {self.best.number} of {len(self.trials)} ({outcomes})"
        lines = [
            *filter(None, (self.seen.warning,)),
            self._judged_text,
            self._chosen_text,
            f"{trial}: {values_text(self.best.values)}",
            *self.notes,
            str(self.folder / "best.toml"),
        ]
        return "\n".join(lines)

    @property
    def _judged_text(self) -> str:
        if self.judged is None:
            return (
                f"{self.metric} on patients that no trial saw: not known here, since trial "
                f"{self.best.number} was run elsewhere; search again there"
            )
        value, bounds = self.judged.estimate.value, self.judged.estimate.ci95
        text = "undefined" if value is None else f"{value:.4f}"
        if bounds:
            text += f" (95 % interval {bounds.low:.4f} to {bounds.high:.4f})"
        if self.metric == "kld":
            text += f", their prior {self.judged.prior_kld:.4f}"
        n_patients = number_text(self.judged.n_patients, "patient")
        return f"{self.metric} {text}: trial {self.best.number} on {n_patients} that no trial saw"

    @property
    def _chosen_text(self) -> str:
        text = f"{self.best.value:.4f}"
        if self.over_folds is not None:
            text += " (mean of folds {:.4f} ± {:.4f})".format(*self.over_folds)
        return f"chosen by {self.metric} {text}, too good as the best of many; not one to report"
