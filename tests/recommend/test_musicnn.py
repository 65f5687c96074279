"""MusiCNN in torch against the outputs of the original program; its weights are fetched once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import soundfile
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.library import analyser, hearing
from engine.library.worker import Worker
from recommend import FormatError, MissingExtraError, MusicnnEmbedding, modelfile
from recommend.embedding import Embedding
from recommend.logmel import log_mel
from recommend.musicnn_weights import KIND, convert

from .musicnn_signals import SIGNALS, quantised

REFERENCE = Path(__file__).with_name("musicnn_reference.npz")
PATCH = 187  # frames of a row of the reference

Floats = NDArray[np.float32]


def must(reason: str) -> None:
    """Skip a test that lacks what it needs; fail in CI, which has it all."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def network() -> MusicnnEmbedding:
    try:
        import torch  # noqa: F401
    except ImportError:
        must("no torch here: `pip install 'antiphon[torch]'`")
    folder = Path(platformdirs.user_cache_dir("antiphon", appauthor=False)) / "models"
    path = folder / "musicnn.model"
    if not path.exists():
        try:
            hearing.add_musicnn(folder=folder)
        except ModelError as error:
            must(f"no weights to test with: {error}")
    return MusicnnEmbedding(path)


@pytest.fixture(scope="module")
def music() -> Floats:
    """Return 20 s of something that changes, at 16 kHz."""
    return np.concatenate([quantised("chords")[0], quantised("beat")[0]])[: 20 * 16_000]


@pytest.mark.parametrize("name", SIGNALS)
def test_every_layer_gives_what_the_original_gave(network: MusicnnEmbedding, name: str) -> None:
    reference = np.load(REFERENCE)
    audio, digest = quantised(name)
    assert digest == str(reference[f"{name}/sha256"])  # else the signal differs, not the network
    picture = log_mel(audio)
    count = len(picture) // PATCH
    heard = network.hear(picture[: count * PATCH].reshape(count, PATCH, -1))
    for layer, found in (
        ("taggram", heard.tags),
        ("penultimate", heard.penultimate),
        ("mean_pool", heard.mean_pool),
    ):
        np.testing.assert_allclose(found, reference[f"{name}/{layer}"], rtol=0, atol=1e-4)
    largest = reference[f"{name}/max_pool"]  # up to 161
    np.testing.assert_allclose(heard.max_pool, largest, rtol=1e-4, atol=1e-4 * largest.max())
    assert network.tags == tuple(reference["labels"])


def test_every_patch_has_its_own_last_layer(network: MusicnnEmbedding) -> None:
    picture = log_mel(quantised("chords")[0])
    heard = network.hear(picture[: 4 * PATCH].reshape(4, PATCH, -1))
    alone = network.hear(picture[PATCH : 2 * PATCH][None])
    np.testing.assert_allclose(heard.penultimate[1:2], alone.penultimate, atol=1e-5)
    assert np.abs(heard.penultimate[1] - heard.penultimate[0]).max() > 0.1


def test_a_softer_copy_has_the_same_embedding(network: MusicnnEmbedding, music: Floats) -> None:
    here, softer = network(music, 16_000), network(music * np.float32(10 ** (-12 / 20)), 16_000)
    assert isinstance(network, Embedding)
    assert here.shape == (network.dimensions,)
    assert here.dtype == np.float32
    cosine = here @ softer / np.linalg.norm(here) / np.linalg.norm(softer)
    assert cosine > 0.9999
    # without levelling it is another one: what the levelling is for
    patch = log_mel(music[:48_000])[None, :PATCH]
    quiet = log_mel(music[:48_000] * np.float32(0.25))[None, :PATCH]
    loud_layer, quiet_layer = (network.hear(p).penultimate[0] for p in (patch, quiet))
    plain = loud_layer @ quiet_layer / np.linalg.norm(loud_layer) / np.linalg.norm(quiet_layer)
    assert plain < 0.99


def test_fragments_are_those_of_each_five_seconds_alone(
    network: MusicnnEmbedding, music: Floats
) -> None:
    rows = network.fragments(music, 16_000)
    assert rows.shape == (16, 200)
    whole = log_mel(music * np.float32(10 ** (-20 / 20) / np.sqrt(np.mean(music**2))))
    alone = network.hear(whole[None, 8 * 62 + 4 : 8 * 62 + 4 + 312]).penultimate[0]
    # the network hears beyond the edges of a fragment, so they are alike and not the same
    cosines = rows @ alone / np.linalg.norm(rows, axis=1) / np.linalg.norm(alone)
    assert cosines.argmax() == 8
    assert cosines[8] > 0.95


def test_a_fragment_of_quiet_is_none(network: MusicnnEmbedding, music: Floats) -> None:
    audio = music.copy()
    audio[6 * 16_000 : 13 * 16_000] *= np.float32(0.003)
    rows = network.fragments(audio, 16_000)
    assert (~rows.any(axis=1)).nonzero()[0].tolist() == [6, 7, 8]


def test_cutting_a_long_sound_to_save_memory_changes_nothing(
    network: MusicnnEmbedding, music: Floats
) -> None:
    layers = network.network
    picture = log_mel(music)
    found = layers.pooled(picture, [0, 300, 700], 312)
    maps = layers.features(picture[None])[0]
    for row, start in zip(found, (0, 300, 700), strict=True):
        part = maps[:, start : start + 312]
        wanted = layers.head(part.amax(1)[None], part.mean(1)[None])[0][0].numpy()
        np.testing.assert_allclose(row, wanted, atol=1e-4)


@pytest.mark.parametrize("seconds", [1 / 16_000, 0.5, 5.0])
def test_short_sounds_and_silence_have_a_finite_embedding(
    network: MusicnnEmbedding, seconds: float
) -> None:
    audio = np.zeros((round(seconds * 16_000), 2), dtype=np.float32)
    assert np.isfinite(network(audio, 16_000)).all()
    assert np.isfinite(network.fragments(audio, 16_000)).all()


def test_what_is_no_sound_is_refused(network: MusicnnEmbedding) -> None:
    with pytest.raises(ValueError, match="finite"):
        network(np.full(16_000, np.nan, dtype=np.float32), 16_000)
    with pytest.raises(ValueError, match="shape"):
        network(np.zeros(0, dtype=np.float32), 16_000)
    with pytest.raises(TypeError, match="floating"):
        network(np.zeros(9, dtype=np.int16), 16_000)


def test_the_licence_and_the_source_are_kept_with_the_weights(network: MusicnnEmbedding) -> None:
    folder = Path(platformdirs.user_cache_dir("antiphon", appauthor=False)) / "models"
    settings, arrays = modelfile.read(folder / "musicnn.model", KIND)
    assert "Permission to use, copy, modify" in settings["licence"]
    assert settings["package"] == "musicnn==0.1.0"
    assert sum(array.size for array in arrays.values()) < 800_000


def test_another_file_than_the_published_one_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "musicnn-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(FormatError, match="SHA-256"):
        convert(wheel, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").write_bytes(b"rubbish" * 100)
    with pytest.raises(FormatError):
        MusicnnEmbedding(tmp_path / "out")


def test_without_torch_one_line_says_how_to_get_it(
    network: MusicnnEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for module in [name for name in sys.modules if name.startswith("recommend.neural")]:
        monkeypatch.delitem(sys.modules, module)
    fresh = MusicnnEmbedding.__new__(MusicnnEmbedding)
    fresh._weights = network._weights
    with pytest.raises(MissingExtraError, match=r"pip install 'antiphon\[torch\]'"):
        fresh(np.zeros(16_000, dtype=np.float32), 16_000)


def test_torch_is_loaded_only_when_music_is_heard(network: MusicnnEmbedding) -> None:
    program = (
        "import sys; from engine.library import analyser, hearing, worker; import recommend;"
        "n = hearing.network(); assert n is not None; n.tags_of(__import__('numpy').zeros(200));"
        "print('torch' in sys.modules)"
    )
    folder = Path(platformdirs.user_cache_dir("antiphon", appauthor=False)) / "models"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ANTIPHON_MODELS": str(folder)},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == "False"


def test_a_worker_process_hears_the_same(
    network: MusicnnEmbedding, music: Floats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(platformdirs.user_cache_dir("antiphon", appauthor=False)) / "models"
    monkeypatch.setenv("ANTIPHON_MODELS", str(folder))
    soundfile.write(tmp_path / "a.wav", music[: 8 * 16_000], 16_000)
    worker = Worker()
    try:
        found = worker.embed(tmp_path / "a.wav", 300.0, fragments=True)
    finally:
        worker.close()
    here = analyser.embed(tmp_path / "a.wav", fragments=True)
    assert (found.name, found.version) == (network.name, network.version)
    assert len(found.fragments) == len(here.fragments) == 4 * 200
    one, other = (np.frombuffer(answer.vector, "<f4") for answer in (found, here))
    np.testing.assert_allclose(one, other, atol=1e-3)
