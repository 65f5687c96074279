"""How things stand: the callback, the beat, the key, devices."""

from __future__ import annotations

from typing import Any

from engine.web.desk import Desk
from engine.web.numbers import tidy


def status(desk: Desk) -> dict[str, Any]:
    """Return what the strip on top of the page says."""
    report = desk.session.stream.report()
    following = desk.session.follower.following
    port, midi_state = desk.midi()
    key = following.key
    return {
        "callback_ms": tidy(report.mean_us / 1e3),
        "budget_ms": tidy(report.period_us / 1e3),
        "worst_ms": tidy(report.worst_us / 1e3),
        "late": report.late,
        "xruns": report.xruns,
        "voices": report.active_voices,
        "latency_ms": tidy(desk.session.stream.latency_s * 1e3, 1),
        "sample_rate": round(desk.synth.sample_rate),
        "block": desk.session.stream.block,
        "tempo": _tempo(desk),
        "key": None if key is None else {"name": key.name, "tonic": key.tonic, "mode": key.mode},
        "tuning_cents": tidy(following.cents, 1),
        "scale_notes": None if key is None else sorted(key.scale()),
        "follow_beat": desk.session.follower.follow_beat,
        "follow_tuning": desk.session.follower.follow_tuning,
        "snap": desk.harmony.snaps,
        "snapping": desk.harmony.snapping,
        "recording": _recording(desk),
        "midi": {"port": port, "state": midi_state},
        "input": desk.devices.input,
        "output": desk.devices.output,
        "master_db": tidy(desk.master_db, 2),
        "error": _error(desk),
    }


def _tempo(desk: Desk) -> dict[str, Any]:
    """Tempo and whose it is: a MIDI clock goes before music, music before our own."""
    following = desk.session.follower.following
    one = desk.synth.state[0]
    ticking = int(one["tick_seen"]) > 1 and (
        int(one["frame"]) - int(one["tick_last"]) <= 0.5 * desk.synth.sample_rate
    )
    follows = desk.session.follower.leads and following.state in ("locked", "freewheeling")
    source = "own"
    if ticking:
        source = "midi"
    elif follows and following.track_id is not None:
        source = "deck" if desk.session.is_own(following.track_id) else "room"
    elif desk.tapped:
        source = "tap"
    return {
        "bpm": tidy(desk.synth.tempo, 2),
        "source": source,
        "locked": ticking or (follows and following.state == "locked"),
        "beats_per_bar": _beats_per_bar(desk, following.track_id if follows else None),
    }


def _beats_per_bar(desk: Desk, track_id: int | None) -> int | None:
    found = None if track_id is None else desk.session.library.analysis(track_id)
    if found is None or found.grid is None:
        return None
    return int(found.grid.beats_per_bar)


def _recording(desk: Desk) -> dict[str, Any] | None:
    recorder = desk.recorder
    if recorder is None or recorder.error is not None:
        return None
    return {"seconds": tidy(recorder.seconds, 1), "name": recorder.path.name}


def _error(desk: Desk) -> str | None:
    """What has gone wrong and stays so, in one line."""
    listener, recorder = desk.session.listener, desk.recorder
    if listener.error is not None:
        return f"listening has ended: {listener.error}"
    if recorder is not None and recorder.error is not None:
        return str(recorder.error)
    return desk.devices.error
