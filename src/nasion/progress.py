"""Progress: what long work calls with the number of steps done and in all."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
