"""Who is let in to wait, and who is told to come again: a queue that has an end.

A request is admitted when its body finds room and when what already waits will be done in time.
Everybody else is refused at once, with the seconds after which to try again.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from dataclasses import dataclass

_SMOOTHING = 0.1  # of the mean time of service
_FIRST_GUESS_S = 0.05


class BusyError(Exception):
    """No room now.

    Attributes
    ----------
    status : int
        429 if the client itself takes too much, 503 if all do.
    retry_s : int
    """

    def __init__(self, status: int, retry_s: float, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.retry_s = max(1, math.ceil(retry_s))
        self.why = why


@dataclass(frozen=True)
class Limits:
    """How much may wait.

    Attributes
    ----------
    workers : int
        Requests served at once.
    wait_s : float
        Longest wait that an admitted request is to expect.
    waiting : int
        Most requests that wait, whatever they are thought to take.
    body_bytes : int
        Of all bodies that are held at once.
    per_client : int
        Requests of one address, waiting and served.
    """

    workers: int
    wait_s: float = 0.4
    waiting: int = 64
    body_bytes: int = 64 * 1024 * 1024
    per_client: int = 48


class Admission:
    """Counts who is in. Safe to use from any thread.

    Examples
    --------
    >>> admission = Admission(Limits(workers=1, waiting=1))
    >>> admission.enter("a", 100)
    >>> admission.enter("b", 100)
    >>> admission.enter("c", 100)
    Traceback (most recent call last):
    engine.web.admission.BusyError: 2 requests wait already
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.inside = 0
        self.service_s = _FIRST_GUESS_S
        self._bytes = 0
        self._clients: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self, client: str, size: int) -> None:
        """Let a request of so many bytes in; BusyError if there is no room for it."""
        limits = self.limits
        with self._lock:
            ahead = max(self.inside + 1 - limits.workers, 0)
            wait_s = ahead * self.service_s / limits.workers
            if self._clients[client] >= limits.per_client:
                mine = self._clients[client] * self.service_s / limits.workers
                raise BusyError(429, mine, f"{self._clients[client]} requests of yours wait")
            if self.inside >= limits.workers + limits.waiting or wait_s > limits.wait_s:
                raise BusyError(503, wait_s, f"{self.inside} requests wait already")
            if self._bytes + size > limits.body_bytes:
                raise BusyError(503, 1.0, "the bodies that wait fill the memory set aside for them")
            self.inside += 1
            self._bytes += size
            self._clients[client] += 1

    def leave(self, client: str, size: int, service_s: float | None = None) -> None:
        """Let it out; `service_s` is how long it was worked on, if it was."""
        with self._lock:
            self.inside -= 1
            self._bytes -= size
            self._clients[client] -= 1
            if self._clients[client] <= 0:
                del self._clients[client]
            if service_s is not None:
                self.service_s += _SMOOTHING * (service_s - self.service_s)
