"""Experiments and searches over them: from a configuration to runs."""
