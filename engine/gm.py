"""General MIDI: which of our patches stands for which of its instruments."""

from __future__ import annotations

DRUM_CHANNEL = 9  # "channel 10" to musicians, who count from one
DRUM_KIT = "drum-kit"

# One patch for each family of eight programs, in the order of the standard.
FAMILIES = (
    "glass-keys",  # pianos
    "glass-keys",  # celesta, vibraphone, bells
    "church-organ",
    "pluck",  # guitars
    "round-bass",
    "strings",  # solo strings, harp
    "strings",  # ensembles, choirs
    "brass",
    "soft-lead",  # reeds
    "soft-lead",  # flutes
    "soft-lead",  # synth leads
    "warm-pad",  # synth pads
    "warm-pad",  # synth effects
    "pluck",  # sitar, koto, banjo
    "pluck",  # bells, wood blocks
    "warm-pad",  # sound effects
)

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
    >>> patch_of(0, 19), patch_of(9)
    ('church-organ', 'drum-kit')
    """
    return DRUM_KIT if channel == DRUM_CHANNEL else FAMILIES[program // 8]
