"""The version of this nasion, as it was installed."""

from importlib.metadata import version

VERSION = __version__ = version("nasion")
