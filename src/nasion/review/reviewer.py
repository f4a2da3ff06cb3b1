"""The reviewer: who looks, and what of other readers' verdicts a page may show them."""

from dataclasses import dataclass

from nasion.review.verdicts import Verdict


@dataclass(frozen=True)
class Reviewer:
    """Who looks, and whether predictions are hidden."""

    initials: str = ""
    blind: bool = False

    @property
    def eyes(self) -> "Reviewer":
        """Who sees the same: initials matter in a blind review alone."""
        return self if self.blind else Reviewer()

    def may_see(self, verdict: Verdict) -> bool:
        """Whether a page may show a verdict: in a blind review nobody sees those of others."""
        if self.blind:
            return not verdict.predictions_visible and verdict.reviewer == self.initials
        return verdict.predictions_visible
