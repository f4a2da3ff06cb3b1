"""A data set of recordings with true seizures, read as a whole and scored by subject."""
