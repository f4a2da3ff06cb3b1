"""The maker of a reading: the installed model that read it, for maps that are those of the reading.

Which model is the default may have changed since, so all that are installed are looked at.
"""

from nasion import catalogue
from nasion.contract import About
from nasion.errors import NasionError
from nasion.network import Network


def maker_of(about: About | None) -> Network | None:
    """Open the installed model that says of itself what a reading kept; None where none does."""
    if about is None:
        return None
    models, _ = catalogue.installed()
    for model in models:
        try:
            network = Network.open(model.path)
        except NasionError:  # broken: `nasion models` tells
            continue
        if network.about.identity == about.identity:
            return network
    return None
