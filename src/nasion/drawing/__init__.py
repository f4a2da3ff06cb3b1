"""What figures of EEG share: one style, a page of traces, and the strips of a long recording."""
