"""Pure signal arithmetic: arrays in, arrays out; no device, file, clock or thread."""

from dsp.envelope import adsr_envelope
from dsp.filter import svf, svf_coefficients
from dsp.lfo import get_lfo
from dsp.oscillator import bandlimited_wave
from dsp.resample import StreamResampler, resample
from dsp.spectrum import StreamSpectrum, log_power
from dsp.tuning import Keyboard, Scale, parse_keyboard, parse_scale, tuned_keys
from dsp.units import (
    amp_to_db,
    cents_to_ratio,
    db_to_amp,
    hz_to_midi,
    midi_to_hz,
    seconds_to_frames,
)

__all__ = [
    "Keyboard",
    "Scale",
    "StreamResampler",
    "StreamSpectrum",
    "adsr_envelope",
    "amp_to_db",
    "bandlimited_wave",
    "cents_to_ratio",
    "db_to_amp",
    "get_lfo",
    "hz_to_midi",
    "log_power",
    "midi_to_hz",
    "parse_keyboard",
    "parse_scale",
    "resample",
    "seconds_to_frames",
    "svf",
    "svf_coefficients",
    "tuned_keys",
]
