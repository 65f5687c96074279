"""The engine: synthesizer, listener, library and session, and the outside world they touch."""
