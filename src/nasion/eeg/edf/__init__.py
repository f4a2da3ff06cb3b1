"""EDF, EDF+ and BDF: read record by record, and written."""
