"""From a recording of any length to probabilities, events and files that others open; no torch."""
