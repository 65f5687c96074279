"""What to play next: matrices and integer track ids."""
