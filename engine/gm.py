"""General MIDI: which of our patches stands for which of its instruments."""

from __future__ import annotations

DRUM_CHANNEL = 9  # "channel 10" to musicians, who count from one
DRUM_KIT = "drum-kit"
ELECTRONIC_KIT = "analog-kit"

_ELECTRONIC_KITS = range(24, 32)  # 24 electronic, 25 analog: GM 2 and Roland GS number them so

# A line for each family of eight programs, in the order of the standard (General MIDI 1, RP-003).
_INSTRUMENTS = """
soft-piano soft-piano electric-piano clavinet glass-keys electric-piano harpsichord clavinet
celesta music-box music-box vibraphone marimba marimba tubular-bells koto
drawbar-organ drawbar-organ rock-organ church-organ reed-organ reed-organ reed-organ reed-organ
pluck steel-guitar nylon-guitar steel-guitar muted-guitar fuzz-lead fuzz-lead crystal
sub-bass picked-bass picked-bass rubber-bass slap-bass slap-bass round-bass wobble-bass
violin violin cello cello tremolo-strings pizzicato harp timpani
strings slow-strings string-machine slow-strings choir choir choir laser
trumpet french-horn french-horn trumpet french-horn brass synth-brass brass-swell
saxophone saxophone saxophone saxophone oboe oboe clarinet clarinet
whistle soft-lead hollow-flute hollow-flute hollow-flute hollow-flute whistle hollow-flute
square-lead glide-lead flute-stops square-lead fuzz-lead choir super-saw acid-line
dream-keys warm-pad super-saw choir glass-pad air-pad trance-gate sweep-pad
crystal dark-pad crystal air-pad glass-pad night-drone dream-keys sweep-pad
koto pluck koto koto kalimba oboe violin oboe
kalimba steel-drum steel-drum marimba taiko timpani taiko rising-sweep
muted-guitar night-wind sea-shore bird telephone helicopter applause gunshot
"""
PATCHES = tuple(_INSTRUMENTS.split())
"""The name of the patch of each program, 0..127."""

# The program that stands for a patch of ours in a file for others.
PROGRAMS = {
    "glass-keys": 4,
    "warm-pad": 89,
    "round-bass": 38,
    "soft-lead": 73,
    "pluck": 24,
    "church-organ": 19,
    "brass": 61,
    "strings": 48,
    DRUM_KIT: 0,
}


def patch_of(channel: int, program: int = 0) -> str:
    """Return the name of the patch for a program, 0..127, on a channel, 0..15.

    Examples
    --------
    >>> patch_of(0, 19), patch_of(9), patch_of(9, 25)
    ('church-organ', 'drum-kit', 'analog-kit')
    """
    if channel == DRUM_CHANNEL:
        return ELECTRONIC_KIT if program in _ELECTRONIC_KITS else DRUM_KIT
    return PATCHES[program]
