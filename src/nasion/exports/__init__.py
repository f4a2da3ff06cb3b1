"""A reading as files for other programs."""
