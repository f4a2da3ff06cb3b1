"""What pages show of a recording, written once and read in pieces."""
