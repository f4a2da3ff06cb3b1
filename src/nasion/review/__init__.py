"""The review: readings in a browser on this machine, and what a reader says of them."""
