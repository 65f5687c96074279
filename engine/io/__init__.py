"""The outside world: sound devices, MIDI ports, sound files and MIDI files."""
