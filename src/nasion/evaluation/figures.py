"""Figures of an evaluation, drawn from its metrics alone, in one style."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from nasion.drawing import style as drawing
from nasion.drawing.style import FAINT, INK
from nasion.evaluation.assessment import Assessment
from nasion.evaluation.metrics import Scores
from nasion.files import replacing, write_text
from nasion.terms import PATTERNS

# Paul Tol's muted scheme for systems, so that the colours of the patterns keep their meaning.
SYSTEM_COLOURS = ("#332288", "#AA4499", "#117733", "#88CCEE", "#882255", "#999933")
SYSTEM_MARKERS = ("o", "s", "^", "D", "v", "P")  # these three tell systems apart in grey as well
SYSTEM_LINES = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)), (0, (3, 3)))
SYSTEM_HATCHES = ("", "////", "....", "xxxx", "----", "||||")
STYLE = {
    **drawing.STYLE,
    "legend.frameon": False,
    "legend.handlelength": 2.8,
    "savefig.dpi": 200,
}


def confusions(system: Assessment) -> Any:
    """Row-normalised confusion matrices: of the rows most voters agree on, and of all."""
    with canvas(7.6, 3.9) as figure:
        axes = figure.subplots(1, 2)
        figure.get_layout_engine().set(wspace=0.08)
        titles = ("Largest target above 0.5", "All rows")
        for ax, block, title in zip(axes, (system.confident, system.overall), titles, strict=True):
            n = block.n if block else 0
            ax.set_title(f"{title}\nn = {n:,}", pad=8)
            _matrix(ax, _counts(block))
        axes[0].set_ylabel("consensus of the votes")
    return figure


def recall_radar(systems: Mapping[str, Assessment]) -> Any:
    """Recall of each pattern, that is its accuracy; one outline a system."""
    recalls = {
        name: [system.overall.per_class[p].recall.value for p in PATTERNS]
        for name, system in systems.items()
    }
    counts = [next(iter(systems.values())).overall.per_class[p].n for p in PATTERNS]
    angles = np.arange(len(PATTERNS)) * 2 * np.pi / len(PATTERNS)
    with canvas(5.6, 5.2 + 0.22 * len(systems)) as figure:
        ax = figure.add_subplot(projection="polar")
        ax.set_theta_zero_location("N")
        ax.set_theta_direction(-1)
        for k, (name, values) in enumerate(recalls.items()):
            scored = [i for i, value in enumerate(values) if value is not None]
            ring = [*scored, *scored[:1]]
            style = system_style(k)
            radii = [values[i] for i in ring]
            ax.plot(angles[ring], radii, label=shown(name), lw=1.6, ms=4.5, clip_on=False, **style)
            ax.fill(angles[ring], radii, color=style["color"], alpha=0.08, lw=0)
        ax.set_ylim(0, 1)
        ax.set_yticks([0.2, 0.4, 0.6, 0.8, 1], ["20 %", "40 %", "60 %", "80 %", "100 %"])
        ax.set_rlabel_position(30)
        ax.tick_params(axis="y", labelsize=7.5, labelcolor="#666666", grid_color=FAINT)
        ax.tick_params(axis="x", grid_color=FAINT)
        ax.set_xticks(angles, [""] * len(angles))
        for angle, pattern, n in zip(angles, PATTERNS, counts, strict=True):
            x, y = np.sin(angle).round(3), np.cos(angle).round(3)
            ax.text(
                angle,
                1.08,
                f"{pattern.label}\nn = {n:,}",
                ha="center" if x == 0 else ("left" if x > 0 else "right"),
                va="bottom" if y == 1 else ("top" if y == -1 else "center"),
            )
        ax.spines["polar"].set_color(FAINT)
        tips = [p.colour for p in PATTERNS]
        ax.scatter(angles, np.ones(len(PATTERNS)), c=tips, s=46, zorder=1.5, clip_on=False)
        figure.legend(loc="outside lower center", ncols=legend_columns(systems))
    return figure


def vote_bars(systems: Mapping[str, Assessment]) -> Any:
    """Divergence by number of votes, with intervals; a dash marks the class prior."""
    first = next(iter(systems.values()))
    groups = {"all": first.overall, **first.by_votes}
    centres = np.arange(len(groups))
    width = min(0.3, 0.8 / len(systems))
    handles: list[Any] = []
    with canvas(7.2, 3.6 + 0.1 * len(systems)) as figure:
        ax = figure.add_subplot()
        for k, system in enumerate(systems.values()):
            blocks = [system.overall, *(system.by_votes[g] for g in first.by_votes)]
            at = centres + (k - (len(systems) - 1) / 2) * width
            heights = [block.kld.value for block in blocks]
            colour = cycle(SYSTEM_COLOURS, k)
            bars = ax.bar(at, heights, 0.84 * width, fc=(colour, 0.35), ec=colour, lw=1.2,
                          hatch=cycle(SYSTEM_HATCHES, k))  # fmt: skip
            handles.append(bars)
            bounds = [block.kld.ci95 or (np.nan, np.nan) for block in blocks]
            ax.vlines(at, *np.transpose(bounds), color=INK, lw=1.6)
        priors = [block.prior_kld for block in groups.values()]
        ends = centres - 0.45, centres + 0.45
        handles.append(ax.hlines(priors, *ends, color=INK, ls=(0, (4, 2)), lw=1.2))
        names = [name if name == "all" else f"{name} votes" for name in groups]
        ticks = [f"{n}\nn = {b.n:,}" for n, b in zip(names, groups.values(), strict=True)]
        ax.set_xticks(centres, ticks)
        ax.tick_params(axis="x", length=0)
        ax.set_xlim(-0.6, len(groups) - 0.4)
        ax.set_ylim(0)
        ax.set_ylabel("KL divergence (nats)")
        figure.legend(
            handles,
            [*map(shown, systems), "class prior"],
            loc="outside lower center",
            ncols=1 + legend_columns(systems),
        )
    return figure


def system_style(k: int) -> dict[str, Any]:
    """Colour, marker and line of the k-th system."""
    return {
        "color": cycle(SYSTEM_COLOURS, k),
        "marker": cycle(SYSTEM_MARKERS, k),
        "ls": cycle(SYSTEM_LINES, k),
    }


def shown(name: str) -> str:
    """Name of a system as matplotlib takes it: it hides labels that start with an underscore."""
    return name.lstrip("_") or name


def legend_columns(names: Iterable[str]) -> int:
    """How many names stand side by side below a figure."""
    lengths = [len(name) for name in names]
    return 1 if max(lengths) > 20 else min(3, len(lengths))


def cycle(options: tuple[Any, ...], k: int) -> Any:
    """Take the k-th of the options, from the first again after the last."""
    return options[k % len(options)]


@contextmanager
def canvas(width_in: float, height_in: float) -> Iterator[Any]:
    """Give an empty figure, drawn upon in the one style."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        yield Figure(figsize=(width_in, height_in), layout="constrained")


def save(figure: Any, folder: Path, name: str) -> str:
    """Write NAME.svg and NAME.png; return the SVG."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
        figure.set_layout_engine("none")  # the places are found: once is enough
        with replacing(folder / f"{name}.png") as path:
            figure.savefig(path, format="png", metadata={"Software": None})
    svg = _numbered(text.getvalue())
    write_text(folder / f"{name}.svg", svg)
    return svg


def _numbered(svg: str) -> str:
    """Matplotlib names clip paths after their place in memory: name them by their order."""
    names = dict.fromkeys(re.findall(r'<clipPath id="(p[0-9a-f]{10})">', svg))
    order = {name: f"clip{number}" for number, name in enumerate(names)}
    return re.sub(r"\bp[0-9a-f]{10}\b", lambda match: order.get(match[0], match[0]), svg)


def _matrix(ax: Any, counts: Any) -> None:
    totals = counts.sum(1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(*counts.shape):
        text = f"{100 * shares[i, j]:.0f}" if totals[i, 0] else "–"
        ax.text(j, i, text, ha="center", va="center", color="white" if shares[i, j] > 0.55 else INK)
    rows = [f"{p.label}  ({int(n):,})" for p, n in zip(PATTERNS, totals[:, 0], strict=True)]
    ax.set_yticks(range(len(PATTERNS)), rows)
    ax.set_xticks(range(len(PATTERNS)), [p.label for p in PATTERNS], rotation=40, ha="right",
                  rotation_mode="anchor")  # fmt: skip
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    edges = np.arange(1, len(PATTERNS)) - 0.5
    ax.hlines(edges, -0.5, len(PATTERNS) - 0.5, color="white", lw=1.5)
    ax.vlines(edges, -0.5, len(PATTERNS) - 0.5, color="white", lw=1.5)
    ax.set_xlabel("prediction, % of the row")


def _counts(block: Scores | None) -> Any:
    if block is None:
        return np.zeros((len(PATTERNS), len(PATTERNS)))
    return block.confusion
