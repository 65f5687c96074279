"""The bodies of requests: what each may hold, and between which bounds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

MOST_ID = 2**53 - 1  # beyond, JavaScript counts in twos
TrackId = Annotated[int, Field(ge=0, le=MOST_ID, strict=True)]
EntryId = Annotated[int, Field(ge=0, le=MOST_ID)]
Place = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Seconds = Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False, strict=True)]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Switch = Annotated[bool, Field(strict=True)]


class Body(BaseModel):
    """A JSON object without strangers."""

    model_config = ConfigDict(extra="forbid")


class Play(Body):
    """Play a track from a second on."""

    track_id: TrackId
    start_s: Seconds = 0.0


class CueTrack(Body):
    """Load a track on the idle deck."""

    track_id: TrackId


class Seek(Body):
    """Go to a second of the track."""

    position_s: Seconds


class Crossfade(Body):
    """Go over to the other deck."""

    seconds: Annotated[float, Field(ge=0.0, le=30.0, allow_inf_nan=False, strict=True)] | None = (
        None
    )


class DeckSettings(Body):
    """How the decks change over; what is not given stays."""

    crossfade_s: (
        Annotated[float, Field(ge=0.0, le=30.0, allow_inf_nan=False, strict=True)] | None
    ) = None
    target_lufs: (
        Annotated[float, Field(ge=-30.0, le=-5.0, allow_inf_nan=False, strict=True)] | None
    ) = None
    auto: Switch | None = None


class QueueAdd(Body):
    """Queue a track, at the end if no place is given."""

    track_id: TrackId
    place: Place | None = None


class QueueAddAll(Body):
    """Queue tracks one after the other, at the end if no place is given; one step to undo."""

    track_ids: Annotated[list[TrackId], Field(min_length=1, max_length=100)]
    place: Place | None = None


class QueueMove(Body):
    """Move an entry."""

    place: Place


class QueuePin(Body):
    """Keep an entry where it stands."""

    pinned: Switch = True


class QueueFit(Body):
    """Fill the time that remains."""

    seconds: Annotated[float, Field(gt=0.0, le=86_400.0, allow_inf_nan=False, strict=True)]


class Folder(Body):
    """A folder of music."""

    folder: Annotated[str, Field(min_length=1, max_length=4096)]


class MapPath(Body):
    """Two tracks and how many lie on the way."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    start: TrackId = Field(alias="from")
    end: TrackId = Field(alias="to")
    n: Annotated[int, Field(ge=2, le=64, strict=True)] = 8


class Setting(Body):
    """One parameter of the patch."""

    path: Annotated[str, Field(min_length=1, max_length=60)]
    value: float | int | str | bool | None


class PatchBody(Body):
    """A whole patch as JSON."""

    patch: dict[str, Any]


class PatchName(Body):
    """The name of a patch."""

    name: Name


class Tempo(Body):
    """A tempo of our own."""

    bpm: Annotated[float, Field(ge=10.0, le=1000.0, allow_inf_nan=False, strict=True)]


class Nudge(Body):
    """Move the beat; later is positive."""

    ms: Annotated[float, Field(ge=-500.0, le=500.0, allow_inf_nan=False, strict=True)]


class Follow(Body):
    """What follows the music; what is not given stays."""

    beat: Switch | None = None
    tuning: Switch | None = None
    snap: Switch | None = None


class Master(Body):
    """The level of everything."""

    gain_db: Annotated[float, Field(ge=-60.0, le=12.0, allow_inf_nan=False, strict=True)]
