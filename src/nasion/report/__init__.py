"""The report of a reading: one page that opens without a network and prints."""
