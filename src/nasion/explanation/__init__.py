"""What a network looked at: maps over both inputs, chains, pages, a gallery, and how true it is."""
