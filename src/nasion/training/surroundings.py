"""Surroundings: what decides weights beside settings, seed and data; it stands in run.json.

Sums of floats depend on the order that a processor, its threads and its libraries take them in, so
that the same seed gives the same weights only where all of these are the same.
"""

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from nasion.config import Experiment
from nasion.version import VERSION

PACKAGES = ("torch", "numpy", "timm", "lightning")
CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Surroundings:
    """Where a run was begun.

    Attributes
    ----------
    threads
        Of one operation of torch.
    precision
        ``float32``, ``bf16`` or ``fp16``, as ``auto`` was resolved.
    processor
        Model of the GPU, else of the CPU.
    versions
        Of python, nasion and what it computes with, by name.
    """

    threads: int
    precision: str
    processor: str
    versions: dict[str, str]

    @classmethod
    def of(cls, experiment: Experiment) -> "Surroundings":
        """Those of this process, for an experiment."""
        versions = {"python": platform.python_version(), "nasion": VERSION}
        return cls(
            threads=torch.get_num_threads(),
            precision=precision(experiment),
            processor=_processor(),
            versions=versions | {package: version(package) for package in PACKAGES},
        )

    @property
    def fields(self) -> dict[str, Any]:
        """Keys of run.json."""
        return asdict(self)


def precision(experiment: Experiment) -> str:
    """bf16 where it pays, fp16 on GPUs without it, else float32.

    On a CPU that multiplies bf16 it makes the WaveNet 1.3 to 1.5 times faster; backbones of
    spectrograms stay in float32 there. It is the same for both modalities as for one, so that
    each part of the models of a comparison has one precision.
    """
    setting = experiment.training.precision
    if setting != "auto":
        return setting
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    # Private, and not in every release that we allow.
    has_bf16 = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return "bf16" if has_bf16() else "float32"


def _processor() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    text = CPUINFO.read_text(encoding="utf-8", errors="replace") if CPUINFO.exists() else ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()
