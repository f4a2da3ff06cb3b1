"""Events: runs of steps of one pattern, how fast they recur, and how much they take."""
