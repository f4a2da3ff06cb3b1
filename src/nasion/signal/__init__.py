"""What signals say without the network: faults of electrodes and trends, every 2 s."""
