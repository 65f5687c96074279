"""Numbers for Prometheus, in a registry of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.web.desk import Desk

if TYPE_CHECKING:
    from engine.web.admission import Admission

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Counts:
    """What the server counts itself, and what it reads from a session when it is asked.

    Parameters
    ----------
    desk : Desk
    admission : Admission
    pages, streams : callable
        Return how many are connected.
    """

    def __init__(
        self,
        desk: Desk,
        admission: Admission,
        pages: Callable[[], int],
        streams: Callable[[], int],
    ) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "antiphon_identify_requests",
            "Clips that were sent, by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "antiphon_identify_seconds",
            "From a clip's coming to its answer, of those that were admitted.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_Reader(desk, admission, pages, streams))

    def identified(self, outcome: str, seconds: float | None) -> None:
        """Count a clip: "known", "unknown", "busy", "refused" or "unreadable"."""
        self._requests.labels(outcome).inc()
        if seconds is not None:
            self._seconds.observe(seconds)

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry)


class _Reader(Collector):
    def __init__(
        self,
        desk: Desk,
        admission: Admission,
        pages: Callable[[], int],
        streams: Callable[[], int],
    ) -> None:
        self._desk = desk
        self._admission = admission
        self._pages = pages
        self._streams = streams

    def describe(self) -> Iterable[Metric]:
        """Say nothing before the session runs."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Read the session."""
        session = self._desk.session
        report = session.stream.report()
        for name, words, count in (
            ("audio_callbacks", "Calls of the audio callback.", report.calls),
            ("audio_late", "Calls that took longer than the block they made.", report.late),
            ("audio_xruns", "Gaps that the sound device has told.", report.xruns),
            ("audio_dropped_events", "Notes and commands that found no room.",
             report.dropped_events),
            ("microphone_dropped_frames", "Frames that the listener was too late for.",
             report.mic_dropped),
            ("history_events", "What was heard, played, liked and skipped.", len(session.history)),
        ):  # fmt: skip
            yield CounterMetricFamily(f"antiphon_{name}", words, value=float(count))
        for name, words, number in (
            ("audio_callback_mean_seconds", "Mean time of a callback.", report.mean_us * 1e-6),
            ("audio_callback_worst_seconds", "Longest callback.", report.worst_us * 1e-6),
            ("audio_period_seconds", "Time there is for a callback.", report.period_us * 1e-6),
            ("voices", "Voices that sound.", report.active_voices),
            ("queue_entries", "Tracks in the queue.", len(session.queue.entries)),
            ("library_tracks", "Tracks of the library.", len(session.library)),
            ("pages", "Pages connected.", self._pages()),
            ("identify_streams", "Microphones connected.", self._streams()),
            ("identify_inside", "Clips that wait or are listened to.", self._admission.inside),
            ("identify_service_seconds", "Mean time of listening to a clip, lately.",
             self._admission.service_s),
        ):  # fmt: skip
            yield GaugeMetricFamily(f"antiphon_{name}", words, value=float(number))
