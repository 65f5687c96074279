"""The patch under the player's hands: chosen, turned knob by knob, kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from engine.errors import PatchError
from engine.patch import Patch, builtin_patches, find_patch, keep_patch, user_patches
from engine.synth import Synth
from engine.web.parameters import with_value


class Instrument:
    """What the page's knobs turn: the patch of the first channel.

    Parameters
    ----------
    synth : Synth
    on_change : callable
        Told after every change, from the thread that made it.

    Attributes
    ----------
    changed : bool
        Whether the patch differs from the one of its name that was chosen or saved.
    """

    def __init__(self, synth: Synth, on_change: Callable[[], None]) -> None:
        self._synth = synth
        self._on_change = on_change
        self._lock = threading.Lock()
        self.patch: Patch = synth.patch(0)
        self.changed = False

    def state(self) -> dict[str, Any]:
        """Return the patch as the page shows it."""
        with self._lock:
            patch, changed = self.patch, self.changed
        return {"patch": patch.to_dict(), "name": patch.name, "changed": changed, "channel": 0}

    def choose(self, name: str) -> None:
        """Play the patch of a name from the next note on; PatchError if there is none."""
        if name.endswith(".json"):
            raise PatchError(f"no patch named {name[:60]!r}")  # a file is no name
        self._take(find_patch(name), changed=False, follow=False)

    def replace(self, patch: Patch) -> None:
        """Play another patch; notes that sound follow it."""
        self._take(patch, changed=True, follow=True)

    def set(self, path: str, value: object) -> None:
        """Set one parameter; notes that sound follow it. PatchError if it may not be so."""
        with self._lock:
            self.patch = with_value(self.patch, path, value)
            self.changed = True
            self._play(self.patch, follow=True)
        self._on_change()

    def save(self, name: str) -> None:
        """Keep the patch among the user's own under a name; PatchError if it cannot be one."""
        with self._lock:
            named = Patch.from_dict({**self.patch.to_dict(), "name": name})
            keep_patch(named)
            self.patch, self.changed = named, False
        self._on_change()

    def _take(self, patch: Patch, changed: bool, follow: bool) -> None:
        with self._lock:
            self.patch, self.changed = patch, changed
            self._play(patch, follow)
        self._on_change()

    def _play(self, patch: Patch, follow: bool) -> None:
        if not follow:
            try:
                self._synth.program(patch)
                return
            except PatchError:  # an evening's patches are more than fit at once
                pass
        self._synth.turn(patch)


def all_patches() -> dict[str, Patch]:
    """Return the built-in patches and the user's own over them, by name."""
    return dict(sorted({**builtin_patches(), **user_patches()}.items()))
