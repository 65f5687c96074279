"""The session in the terminal: the same parts of the state that the page shows, as one picture."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

Part = dict[str, Any]  # as of docs/api.md

ROOM, KEYS, QUEUE = "#f5b254", "#7fd8be", "#f08a7a"  # the colours of the page
_BAR = 24
_HISTORY = 4
_ENTRIES = 8
_HELP = (
    "space pause  n next  s skip  l like  m more  u undo  p panic  f follow  t tap  < > nudge"
    "  q quit"
)


def picture(state: dict[str, Part], said: str = "", now_ms: float | None = None) -> Group:
    """Return what `rich.live.Live` shows.

    Parameters
    ----------
    state : dict
        The parts status, room, decks, queue and library.
    said : str
        What the last key did.
    now_ms : float, optional
        The time of day; positions are moved on to it.
    """
    from rich.console import Group
    from rich.text import Text

    now = time.time() * 1000.0 if now_ms is None else now_ms
    return Group(
        _strip(state["status"]),
        _room(state["room"], now),
        _decks(state["decks"], now),
        _queue(state["queue"]),
        *_work(state["library"]),
        Text(said or " ", style="bold"),
        Text(_HELP, style="dim", no_wrap=True, overflow="ellipsis"),
    )


def clock(seconds: float | None) -> str:
    """Return a length as m:ss or h:mm:ss; - if there is none.

    Examples
    --------
    >>> clock(3725.9), clock(65.0), clock(None)
    ('1:02:05', '1:05', '-')
    """
    if seconds is None:
        return "-"
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def bar(share: float, width: int = _BAR) -> str:
    """Return a bar that is filled to `share`, 0..1.

    Examples
    --------
    >>> bar(0.5, 4)
    '━━──'
    """
    filled = round(min(1.0, max(0.0, share)) * width)
    return "━" * filled + "─" * (width - filled)


def _strip(status: Part) -> Text:
    from rich.text import Text

    tempo, key = status["tempo"], status["key"]
    led = bool(tempo["locked"])
    text = Text.assemble(
        ("● " if led else "○ ", ROOM if led else "dim"),
        (f"{tempo['bpm']:.1f} bpm", "bold"),
        (f"  {tempo['source']}", "dim"),
    )
    if key is not None:
        text.append(f"  {key['name']}  {status['tuning_cents']:+.0f} cents", ROOM)
    text.append(
        f"   callback {status['callback_ms']:.2f} / {status['budget_ms']:.2f} ms"
        f"  voices {status['voices']}  xruns {status['xruns']}  {status['latency_ms']:.1f} ms",
        "dim",
    )
    if status.get("error"):
        text.append(f"\n{status['error']}", "bold red")
    return text


def _position_s(part: Part, now_ms: float, speed: float) -> float:
    since_s = (now_ms - float(part["at"])) / 1000.0
    return float(part["position_s"] or 0.0) + since_s * speed


def _room(room: Part, now_ms: float) -> Panel:
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    track = room["track"]
    if track is None:
        words = {"unknown": "something unknown", "silence": "silence", "off": "not listening"}
        rows = [Text(words.get(room["state"], "unknown"), style="italic")]
    else:
        at = min(_position_s(room, now_ms, room["speed"]), track["duration_s"])
        rows = [
            Text.assemble((track["title"], "bold"), f"  {track['artist']}"),
            Text.assemble(
                (bar(at / max(track["duration_s"], 1e-9)), ROOM),
                f"  {clock(at)} of {clock(track['duration_s'])}",
                f"  {100 * room['confidence']:.1f} % sure, after {room['answered_after_s']:.1f} s",
                f", speed {100 * room['speed']:.1f} %",
            ),
        ]
    for one in room["history"][:_HISTORY]:
        when = time.strftime("%H:%M", time.localtime(one["time"] / 1000.0))
        name = one["track"]["title"] if one["track"] else one["state"]
        rows.append(Text(f"{when}  {name}", style="dim" if one["track"] else "dim italic"))
    return Panel(Group(*rows), title="the room", title_align="left", border_style=ROOM)


def _decks(decks: Part, now_ms: float) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    for number, deck in enumerate(decks["decks"]):
        track = deck["track"]
        letter = Text("AB"[number], style=f"bold {QUEUE}" if decks["foreground"] == number else "")
        if track is None:
            table.add_row(letter, Text("empty", style="dim"))
            continue
        moving = deck["state"] in ("playing", "ending")
        at = _position_s(deck, now_ms, 1.0 if moving else 0.0)
        table.add_row(
            letter,
            Text(track["title"], style="bold"),
            Text(bar(at / max(track["duration_s"], 1e-9)), style=QUEUE),
            Text(f"{clock(at)} of {clock(track['duration_s'])}"),
            Text(f"{deck['state']}  {deck['gain_db']:+.1f} dB", style="dim"),
        )
    return table


def _queue(queue: Part) -> Panel:
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1), expand=True)
    for style in ("dim", "", ""):
        table.add_column(style=style, no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for place, entry in enumerate(queue["entries"][:_ENTRIES], 1):
        track = entry["track"]
        facts = [f"{track['bpm']:.0f}" if track["bpm"] else "", track["key_short"] or ""]
        table.add_row(
            f"{place}{'*' if entry['pinned'] else ' '}",
            Text.assemble((track["title"], "bold"), f"  {track['artist']}"),
            Text(" ".join([*facts, clock(track["duration_s"])]), style="dim"),
            Text("; ".join([entry["reason"], *entry["notes"]]), style=QUEUE),
        )
    if not queue["entries"]:
        table.add_row("", Text("nothing to play: the library is empty", style="italic"), "", "")
    return Panel(table, title="next", title_align="left", border_style=QUEUE)


def _work(library: Part) -> list[Text]:
    """Return a line on what is done beside all else, if anything is."""
    from rich.text import Text

    adding, renewing = library["adding"], library["renewing"]
    if adding is not None and not adding["finished"]:
        words = f"adding  {adding['done']} of {adding['total']}  {adding['folder']}"
    elif renewing is not None:
        words = f"analysing anew  {renewing['done']} of {renewing['total']} tracks"
    else:
        return []
    return [Text(words, style="dim", no_wrap=True, overflow="ellipsis")]
