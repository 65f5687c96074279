"""What is playing, and where in it: arrays and integer track ids."""
