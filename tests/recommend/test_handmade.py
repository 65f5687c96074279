"""The hand-made embedding hears timbre and harmony, not loudness or length."""

import sys
from subprocess import run

import numpy as np
import pytest

from recommend import EmbeddingTable, HandmadeEmbedding, handmade
from recommend.embedding import Embedding

RATE = 22_050


def tune(seed: int, harmonics: int, seconds: float = 20.0) -> np.ndarray:
    """Make plucked notes of a timbre given by its number of harmonics."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(0.25 * RATE)) / RATE
    notes = []
    for _ in range(int(seconds / 0.25)):
        f = 220 * 2 ** (rng.choice([0, 3, 5, 7, 10]) / 12)
        partials = sum(np.sin(2 * np.pi * f * h * t) / h for h in range(1, harmonics + 1))
        notes.append(partials * np.exp(-6 * t))
    return (0.2 * np.concatenate(notes)).astype(np.float32)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_it_fulfils_the_interface() -> None:
    assert isinstance(HandmadeEmbedding(), Embedding)


@pytest.mark.parametrize("db", [-40, -12, 12])
def test_a_change_of_level_changes_nothing(db: float) -> None:
    embed = HandmadeEmbedding()
    audio = tune(1, 5)
    table = EmbeddingTable("x", 1, range(6), [embed(tune(s, 1 + s), RATE) for s in range(6)])
    whole, changed = embed(audio, RATE), embed(audio * np.float32(10 ** (db / 20)), RATE)
    assert cosine(whole, changed) > 0.9999
    z = [(v - table.mean) * table.inverse for v in (whole, changed)]
    assert cosine(z[0], z[1]) > 0.99


def test_tunes_of_one_instrument_are_nearer_than_of_another() -> None:
    embed = HandmadeEmbedding()
    instruments = [1, 4, 14]
    vectors = [embed(tune(10 * h + s, h), RATE) for h in instruments for s in range(4)]
    table = EmbeddingTable("x", 1, range(12), vectors)
    for track in range(12):
        assert {int(i) // 4 for i in table.nearest(track, 3)[0]} == {track // 4}


def test_stereo_and_other_rates_hear_the_same_tune() -> None:
    import soxr

    embed = HandmadeEmbedding()
    audio = tune(2, 6)
    whole = embed(audio, RATE)
    stereo = np.stack([audio, audio], axis=1)
    assert np.array_equal(embed(stereo, RATE), whole)
    assert cosine(embed(soxr.resample(audio, RATE, 48_000), 48_000), whole) > 0.999


def test_it_is_deterministic_and_finite_on_silence_noise_and_clicks() -> None:
    embed = HandmadeEmbedding()
    click = np.zeros(RATE, dtype=np.float32)
    click[100] = 1
    noise = np.random.default_rng(0).standard_normal(RATE * 7).astype(np.float32)
    for audio in (np.zeros(5, dtype=np.float32), click, noise, noise * np.float32(1e-18)):
        assert np.isfinite(embed(audio, RATE)).all()
        assert np.array_equal(embed(audio, RATE), embed(audio, RATE))


@pytest.mark.parametrize("semitone", range(12))
def test_a_tone_speaks_for_its_pitch_class(semitone: int) -> None:
    hz = 440 * 2 ** (semitone / 12)
    tone = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE).astype(np.float32)
    chroma = handmade._power(tone) @ handmade._chroma_filters()
    assert (chroma.argmax(axis=1) == semitone).all()


def test_bad_audio_is_refused() -> None:
    embed = HandmadeEmbedding()
    with pytest.raises(ValueError, match="finite"):
        embed(np.full(RATE, np.nan, dtype=np.float32), RATE)
    with pytest.raises(ValueError, match="shape"):
        embed(np.zeros(0, dtype=np.float32), RATE)
    with pytest.raises(TypeError, match="floating"):
        embed(np.zeros(10, dtype=np.int16), RATE)
    with pytest.raises(ValueError, match="sample_rate"):
        embed(np.zeros(10, dtype=np.float32), 0)


def test_importing_recommend_brings_no_heavy_library() -> None:
    code = "import recommend, sys; print(*sys.modules)"
    loaded = run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"librosa", "torch", "sklearn", "soxr", "matplotlib"} & set(loaded.split())
