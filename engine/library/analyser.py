"""One audio file -> everything the library keeps of it, in bounded memory."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import AudioFileError, ModelError
from engine.io import audiofile
from engine.library import hearing, tags
from engine.library.vectors import Embedded

if TYPE_CHECKING:
    from fingerprint import TrackPeaks

# Peaks are taken from ten minutes at a time, with a second on both sides so that the seams do not
# show: both are multiples of the slots in which peaks are ranked (half a second).
SEGMENT_S = 600
MARGIN_S = 1

EMBEDDED_S = 1200  # the embedding hears the first 20 minutes: 106 MB
EMBEDDED_RATE = 22_050

_DIGEST_BYTES = 16
_LARGEST_PEAKS = 1 << 30
HEAD_BYTES = 1024  # of packed peaks: enough for the tables of deflate and the first 16 bytes


@dataclass(frozen=True)
class Analysis:
    """What was learnt from one file.

    Attributes
    ----------
    tags : Tags
    duration_s : float
        Of what could be decoded.
    sample_rate : int
        The file's own, in Hz.
    damaged : bool
        The file is cut or faulty; the rest stands for it.
    peaks : bytes
        As `pack` gives them.
    embedding : bytes
        float32, little-endian; empty if the track is too short for one.
    embedding_name, embedding_version : str, int
        Which embedding made it.
    sound : str
        Beat, key, tuning and loudness, as `engine.analysis.Analysis.to_json` gives them.
    onsets : bytes
        As `engine.analysis.OnsetEnvelope.to_bytes` gives them.
    embedded : Embedded, optional
        What the network in use heard.
    """

    tags: tags.Tags
    duration_s: float
    sample_rate: int
    damaged: bool
    peaks: bytes
    embedding: bytes
    embedding_name: str
    embedding_version: int
    sound: str
    onsets: bytes
    embedded: Embedded | None = None


def digest(path: Path) -> bytes:
    """Return 16 bytes that stand for the file's content (BLAKE2b).

    Raises
    ------
    AudioFileError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(
                file, lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES)
            ).digest()
    except OSError as error:
        raise AudioFileError(f"{path}: cannot be read ({audiofile.reason(error)})") from error


def analyse(path: Path) -> Analysis:
    """Decode a file once and take its tags, peaks, embedding, beat, key and loudness.

    Raises
    ------
    AudioFileError
        If nothing of it can be decoded.
    """
    from engine.analysis import Analyser
    from fingerprint import SAMPLE_RATE
    from recommend import HandmadeEmbedding

    peaks = SegmentedPeaks()
    opening: list[NDArray[np.float32]] = []
    heard = 0
    with audiofile.blocks(path) as file:
        for_peaks = audiofile.RateConverter(file.file_rate, SAMPLE_RATE)
        analyser = Analyser(file.file_rate, file.channels)
        for block in file:
            peaks.feed(for_peaks.feed(block.mean(axis=1, dtype=np.float32)))
            mono = analyser.feed(block)  # at the rate of the embedding
            if heard < EMBEDDED_S * EMBEDDED_RATE:
                opening.append(mono)
                heard += len(mono)
        peaks.feed(for_peaks.finish()[:, 0])
        sound, onsets = analyser.finish()
    if file.decoded_s == 0.0:
        raise AudioFileError(f"{path}: holds no audio that can be decoded")
    embedding = HandmadeEmbedding()
    try:
        heard_audio = np.concatenate(opening)
        vector = np.asarray(embedding(heard_audio, EMBEDDED_RATE), dtype="<f4").tobytes()
    except ValueError:  # too short
        vector = b""
    return Analysis(
        tags=tags.read(path),
        duration_s=file.decoded_s,
        sample_rate=file.file_rate,
        damaged=file.damaged,
        peaks=pack(peaks.finish()),
        embedding=vector,
        embedding_name=embedding.name,
        embedding_version=embedding.version,
        sound=sound.to_json(),
        onsets=onsets.to_bytes(),
        embedded=_embedded(heard_audio) if opening else None,
    )


def learn(path: Path) -> tuple[str, bytes]:
    """Decode a file and take only beat, key, tuning and loudness, and its onsets.

    Returns
    -------
    sound, onsets
        As in `Analysis`.

    Raises
    ------
    AudioFileError
        If nothing of it can be decoded.
    """
    from engine.analysis import Analyser

    with audiofile.blocks(path) as file:
        analyser = Analyser(file.file_rate, file.channels)
        for block in file:
            analyser.feed(block)
    if file.decoded_s == 0.0:
        raise AudioFileError(f"{path}: holds no audio that can be decoded")
    sound, onsets = analyser.finish()
    return sound.to_json(), onsets.to_bytes()


def embed(path: Path, fragments: bool = False) -> Embedded:
    """Decode a file and take only what the network in use hears.

    Parameters
    ----------
    path : Path
    fragments : bool
        Take those as well: they cost ten times as much.

    Raises
    ------
    AudioFileError
        If nothing of it can be decoded.
    ModelError
        If no network is in use.
    """
    parts: list[NDArray[np.float32]] = []
    with audiofile.blocks(path, EMBEDDED_RATE, mono=True) as file:
        for block in file:
            parts.append(block)
            if file.decoded_s >= EMBEDDED_S:
                break
    if not sum(len(part) for part in parts):
        raise AudioFileError(f"{path}: holds no audio that can be decoded")
    found = _embedded(np.concatenate(parts), fragments)  # the first 20 minutes
    if found is None:
        raise ModelError(hearing.note() or "no network is in use")
    return found


def _embedded(audio: NDArray[np.float32], fragments: bool = False) -> Embedded | None:
    network = hearing.network()
    if network is None or not len(audio):
        return None
    from recommend.fragments import pack

    audio = audio[: EMBEDDED_S * EMBEDDED_RATE]
    vector = np.asarray(network(audio, EMBEDDED_RATE), dtype="<f4").tobytes()
    packed = pack(network.fragments(audio, EMBEDDED_RATE)) if fragments else b""
    return Embedded(network.name, network.version, vector, packed)


def pack(peaks: TrackPeaks) -> bytes:
    """Return peaks as the database keeps them: deflated, 0.55 MB an hour instead of 1.29."""
    return zlib.compress(peaks.to_bytes(), 6)


def unpack(data: bytes) -> TrackPeaks:
    """Return the peaks that `pack` packed.

    Raises
    ------
    fingerprint.FormatError
        If they are damaged or of another version.
    """
    from fingerprint import FormatError, TrackPeaks

    try:
        # Bounded, for a file that was made to fill the memory; ten hours have 13 MB.
        return TrackPeaks.from_bytes(zlib.decompressobj().decompress(data, _LARGEST_PEAKS))
    except zlib.error as error:
        raise FormatError(f"peaks are damaged ({error})") from error


def is_stale(head: bytes) -> bool:
    """Tell from the first `HEAD_BYTES` that `pack` gave whether another version made the peaks."""
    from fingerprint.peaks import are_of_another_version

    try:
        first = zlib.decompressobj().decompress(head, 16)
    except zlib.error:
        return False  # damaged, which `unpack` says
    return len(first) == 16 and are_of_another_version(first)


class SegmentedPeaks:
    """The peaks of a track that is fed block by block; the same as of the whole at once.

    Parameters
    ----------
    segment_s : int
        Seconds analysed at a time: what bounds the memory.
    """

    def __init__(self, segment_s: int = SEGMENT_S) -> None:
        from fingerprint import SAMPLE_RATE
        from fingerprint.settings import FRAMES_PER_SECOND, HOP

        self._rate, self._hop = SAMPLE_RATE, HOP
        self._step = int(segment_s * FRAMES_PER_SECOND)
        self._margin = int(MARGIN_S * FRAMES_PER_SECOND)
        self._waiting: list[NDArray[np.float32]] = []
        self._samples = 0  # waiting
        self._first = 0  # frame at which what waits begins
        self._done = 0  # frames whose peaks are taken
        self._parts: list[tuple[NDArray[np.uint32], NDArray[np.uint16]]] = []

    def feed(self, block: NDArray[np.float32]) -> None:
        """Take the next samples: shape (n,), float32, at the analysis rate."""
        self._waiting.append(block)
        self._samples += len(block)
        end = self._done + self._step
        if self._samples >= (end + 2 * self._margin - self._first) * self._hop:
            audio = np.concatenate(self._waiting)
            self._take(audio[: (end + 2 * self._margin - self._first) * self._hop], end)
            keep_from = end - self._margin
            # A copy, so that the rest does not hold on to the ten minutes before it.
            self._waiting = [audio[(keep_from - self._first) * self._hop :].copy()]
            self._samples = len(self._waiting[0])
            self._first = keep_from

    def finish(self) -> TrackPeaks:
        """Return the peaks of all that was fed."""
        from fingerprint import TrackPeaks

        rest = self._waiting or [np.zeros(0, dtype=np.float32)]
        frames = self._take(np.concatenate(rest), None)
        return TrackPeaks(
            frame=np.concatenate([frame for frame, _ in self._parts]),
            code=np.concatenate([code for _, code in self._parts]),
            frames=frames,
        )

    def _take(self, audio: NDArray[np.float32], end: int | None) -> int:
        from fingerprint import extract

        found = extract(audio, self._rate)
        frame = found.frame.astype(np.int64) + self._first
        new = frame >= self._done
        if end is not None:
            new &= frame < end
            self._done = end
        self._parts.append((frame[new].astype(np.uint32), found.code[new]))
        return self._first + found.frames


def warm_up(task: str = "analyse") -> None:
    """Import and compile what a task needs, so that limits set afterwards bound the files.

    Parameters
    ----------
    task : str
        'analyse', 'learn', or 'embed' and what follows: torch is loaded only for what needs it.
    """
    from engine.analysis import analyse as analyse_sound
    from fingerprint import SAMPLE_RATE, extract
    from recommend import HandmadeEmbedding

    noise = np.random.default_rng(0).standard_normal(6 * SAMPLE_RATE).astype(np.float32)
    if task != "learn":
        _embedded(noise)
    if task.startswith("embed"):
        return
    extract(noise, SAMPLE_RATE)
    HandmadeEmbedding()(noise, SAMPLE_RATE)
    analyse_sound(noise, SAMPLE_RATE)
