"""Document: metrics.json, the dictionaries that evaluation writes; inside there are none.

A number stands under its name, and its interval under the same name in `ci95` beside it. What is
undefined is None.
"""

from collections.abc import Iterable
from typing import Any

from nasion.evaluation.abstention import Kept
from nasion.evaluation.assessment import Assessment
from nasion.evaluation.comparison import Comparison
from nasion.evaluation.detection import Detection
from nasion.evaluation.intervals import Interval
from nasion.evaluation.metrics import FOLD_METRICS, OF_PATTERN, SCALARS, Scores
from nasion.evaluation.people import MEASURES, WHO, Beside, People, Raters
from nasion.evaluation.recalibration import SHOWN, CalibratedScores, Recalibration
from nasion.evaluation.result import Result
from nasion.terms import PATTERNS

Content = dict[str, Any]

SCHEMA = 2


def of_result(result: Result, *, single: bool) -> Content:
    """Give what metrics.json holds; of one system `single` its scores stand at the top."""
    content: Content = {
        "schema": SCHEMA,
        "software": dict(result.software),
        "files": [
            {"role": file.role, "name": file.name, "sha256": file.sha256} for file in result.files
        ],
    }
    systems = {name: of_system(system) for name, system in result.systems.items()}
    if single:
        (system,) = systems.values()
        return content | system
    return content | {"systems": systems, "pairs": [of_pair(pair) for pair in result.pairs]}


def of_system(system: Assessment) -> Content:
    """What metrics.json holds of one system."""
    return {"run": dict(system.run) or None} | system.seen.field | of_assessment(system)


def of_assessment(system: Assessment) -> Content:
    """One system without the run it comes from."""
    comparison, calibration = system.versus_prior, system.calibration
    return {
        "rows": dict(system.rows),
        "warnings": list(system.warnings),
        "left_out": list(system.left_out),
        "trainings": system.trainings,
        "bootstrap": {"unit": system.unit, "resamples": system.n_resamples},
        "overall": of_scores(system.overall),
        "versus_prior": {
            "prior": comparison.prior,
            "prior_kld": comparison.prior_kld,
            "kld_difference": comparison.kld_difference.value,
            "ci95": _bounds(comparison.kld_difference.ci95),
        },
        "by_votes": {name: of_scores(scores) for name, scores in system.by_votes.items()},
        "confident": of_scores(system.confident) if system.confident else None,
        **_folds(system),
        "calibration": of_recalibration(calibration) if calibration else None,
        "cant_tell": [of_kept(kept) for kept in system.cant_tell],
        "people": of_people(system.people),
    }


def of_scores(scores: Scores) -> Content:
    """Scores of some rows."""
    values, intervals = _values_and_bounds(scores, SCALARS)
    return {
        "n": scores.n,
        "n_patients": scores.n_patients,
        **values,
        "prior_kld": scores.prior_kld,
        "entropy_floor": scores.entropy_floor,
        "per_class": {
            str(pattern): {"n": pattern_scores.n, **_estimates(pattern_scores, OF_PATTERN)}
            for pattern, pattern_scores in scores.per_class.items()
        },
        "confusion": {
            str(row): {str(column): int(scores.confusion[i, j]) for j, column in _PLACES}
            for i, row in _PLACES
        },
        "reliability": {
            str(name): [
                {
                    "n": bin_.n,
                    "predicted": bin_.predicted,
                    "observed": bin_.observed.value,
                    "ci95": _bounds(bin_.observed.ci95),
                }
                for bin_ in bins
            ]
            for name, bins in scores.reliability.items()
        },
        "ci95": intervals,
    }


def of_pair(pair: Comparison) -> Content:
    """Two systems on the same rows; the difference in KLD stands at the top as well."""
    differences = {
        name: {"difference": estimate.value, "ci95": _bounds(estimate.ci95)}
        for name, estimate in pair.differences.items()
    }
    return {
        "a": pair.a,
        "b": pair.b,
        "kld_difference": differences["kld"]["difference"],
        "ci95": differences["kld"]["ci95"],
        "differences": differences,
        "p_value": {"kld": pair.p_value.kld, "accuracy": pair.p_value.accuracy},
        "trainings": list(pair.trainings),
        "reading": pair.reading,
        "note": pair.note or None,
    }


def of_recalibration(calibration: Recalibration) -> Content:
    """What calibration would gain."""
    return {
        "folds": calibration.folds,
        "raw": _calibrated(calibration.raw),
        "temperature": _calibrated(calibration.temperature),
        "vector": _calibrated(calibration.vector),
    }


def of_kept(kept: Kept) -> Content:
    """The surest segments."""
    head = {"share": kept.share, "threshold": kept.threshold, "n": kept.n}
    return head | _estimates(kept, ("kld", "error"))


def of_people(people: People) -> Content:
    """Experts beside the system."""
    return {
        "random_expert": _beside(people.random_expert) if people.random_expert else None,
        "raters": _raters(people.raters) if people.raters else None,
    }


def of_detection(detection: Detection) -> Content:
    """Events found against true ones."""
    return {
        "recordings": detection.recordings,
        "duration_s": detection.duration_s,
        **{
            method: {
                str(pattern): {
                    "true": detected.counts.true,
                    "found": detected.counts.found,
                    "false": detected.counts.false,
                    **{name: estimate.value for name, estimate in detected.scores.items()},
                    "intervals": {
                        name: _bounds(estimate.ci95) for name, estimate in detected.scores.items()
                    },
                }
                for pattern, detected in patterns.items()
            }
            for method, patterns in (("events", detection.events), ("samples", detection.samples))
        },
    }


_PLACES = tuple(enumerate(PATTERNS))


def _raters(raters: Raters) -> Content:
    mean = _beside(raters.mean)
    return {
        "n": mean.pop("n"),
        "mean": mean,
        "range": {
            reader: {name: _bounds(raters.range[reader][name]) for name in MEASURES}
            for reader in WHO
        },
        "under_curve": {
            str(pattern): {"roc": share.roc, "pr": share.pr}
            for pattern, share in raters.under_curve.items()
        },
        "each": [
            {
                "rater": rater.rater,
                **_beside(rater.beside),
                "points": {
                    str(pattern): {"fpr": p.fpr, "tpr": p.tpr, "precision": p.precision}
                    for pattern, p in rater.points.items()
                },
            }
            for rater in raters.each
        ],
    }


def _beside(beside: Beside) -> Content:
    names = ("expert", "system", "difference")
    return {"n": beside.n} | {name: _estimates(getattr(beside, name), MEASURES) for name in names}


def _calibrated(calibrated: CalibratedScores) -> Content:
    content = _estimates(calibrated, SHOWN)
    if calibrated.fit:
        fit = calibrated.fit.as_dict()
        del fit["schema"]
        content["fit"] = fit
    return content


def _folds(system: Assessment) -> Content:
    if system.folds is None:
        return {}
    return {
        "folds": [{"fold": fold.fold, "n": fold.n, **fold.scores} for fold in system.folds.each],
        "folds_mean": {name: system.folds.mean[name] for name in FOLD_METRICS},
        "folds_sd": {name: system.folds.sd[name] for name in FOLD_METRICS},
    }


def _estimates(block: Any, names: Iterable[str]) -> Content:
    values, intervals = _values_and_bounds(block, names)
    return values | {"ci95": intervals}


def _values_and_bounds(block: Any, names: Iterable[str]) -> tuple[Content, Content]:
    """Values and intervals of some estimates of a block, by name."""
    estimates = {name: getattr(block, name) for name in names}
    return (
        {name: estimate.value for name, estimate in estimates.items()},
        {name: _bounds(estimate.ci95) for name, estimate in estimates.items()},
    )


def _bounds(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)
