"""The programs built on the engine: command line and demo."""
