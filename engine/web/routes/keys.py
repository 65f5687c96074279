"""The keys: patches, parameters, curves, tempo, level, recording."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from engine.errors import PatchError
from engine.patch import Patch, find_patch
from engine.web import bodies
from engine.web.curves import curves
from engine.web.instrument import all_patches
from engine.web.numbers import plain
from engine.web.parameters import parameters
from engine.web.routes.common import DONE, Answer, AtDesk

router = APIRouter(prefix="/api", tags=["keys"])


@router.get("/patches")
def list_patches() -> list[Answer]:
    """All patches by name, with their tags."""
    return [{"name": name, "tags": list(patch.tags)} for name, patch in all_patches().items()]


@router.get("/patches/{name}")
def get_patch(name: str) -> Answer:
    """One patch as JSON."""
    found: Answer = plain(find_patch(_checked(name)).to_dict())
    return found


def _checked(name: str) -> str:
    if name.endswith(".json") or not 0 < len(name) <= 60:
        raise LookupError(f"no patch named {name[:60]!r}")
    if name not in all_patches():
        raise LookupError(f"no patch named {name!r}")
    return name


@router.get("/parameters")
def list_parameters() -> list[Answer]:
    """Every knob of a patch: its range, unit and default."""
    return list(parameters().values())


@router.post("/curves")
def draw(body: bodies.PatchBody, desk: AtDesk) -> Answer:
    """The curves of a patch."""
    return curves(Patch.from_dict(body.patch), desk.synth.sample_rate)


@router.put("/keys/patch")
def put_patch(body: dict[str, Any], desk: AtDesk) -> Answer:
    """Play a patch: {"name": ...} alone for one of the list, or a whole patch."""
    if set(body) == {"name"}:
        if not isinstance(body["name"], str):
            raise PatchError(f"name must be a text, got {body['name']!r}")
        desk.instrument.choose(_checked(body["name"]))
    else:
        desk.instrument.replace(Patch.from_dict(body))
    return desk.instrument.state()


@router.patch("/keys/patch")
def turn(body: bodies.Setting, desk: AtDesk) -> Answer:
    """Turn one knob; notes that sound follow."""
    desk.instrument.set(body.path, body.value)
    return DONE


@router.post("/keys/patch/save")
def save(body: bodies.PatchName, desk: AtDesk) -> Answer:
    """Keep the patch among the user's own, under a name."""
    desk.instrument.save(body.name)
    return DONE


@router.post("/keys/tempo")
def tempo(body: bodies.Tempo, desk: AtDesk) -> Answer:
    """Set a tempo; the beat of the music is no longer followed."""
    desk.set_tempo(body.bpm)
    return DONE


@router.post("/keys/tap")
def tap(desk: AtDesk) -> Answer:
    """Take a tap."""
    return {"bpm": desk.tap()}


@router.post("/keys/nudge")
def nudge(body: bodies.Nudge, desk: AtDesk) -> Answer:
    """Move the beat that is followed."""
    return {"ms": round(1000.0 * desk.nudge(body.ms / 1000.0), 3)}


@router.put("/keys/follow")
def follow(body: bodies.Follow, desk: AtDesk) -> Answer:
    """Say what follows the music."""
    desk.follow(body.beat, body.tuning, body.snap)
    return DONE


@router.post("/keys/panic")
def panic(desk: AtDesk) -> Answer:
    """Silence every note."""
    desk.synth.panic()
    return DONE


@router.put("/keys/master")
def master(body: bodies.Master, desk: AtDesk) -> Answer:
    """Set the level of everything."""
    desk.set_master(body.gain_db)
    return DONE


@router.post("/record")
def record(desk: AtDesk) -> Answer:
    """Begin to record what goes out."""
    return {"name": desk.record()}


@router.delete("/record")
def stop_recording(desk: AtDesk) -> Answer:
    """End the recording; say its file."""
    path = desk.stop_recording()
    return {"path": None if path is None else str(path)}
