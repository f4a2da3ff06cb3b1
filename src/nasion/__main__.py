"""`python -m nasion` is `nasion`."""

from nasion.cli import main

main()
