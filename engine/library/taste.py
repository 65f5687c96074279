"""What was learnt from the playlists of a library: its models, and the recommender they make.

A model is stored whole under the number of the playlists it learnt from; while another one is
trained for later playlists, it serves on. Without a trained model there is the factorisation,
which is fitted in a second when it is asked for.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ModelError
from engine.library import tags
from engine.library.database import WriterLock, plain_errors
from engine.library.derived import Derived
from engine.library.shelf import Shelf

if TYPE_CHECKING:
    from recommend import WRMF, ColdMap, EmbeddingTable, Recommender
    from recommend.answer import Ranker
    from recommend.models import Model, Taught

PLAIN = ("wrmf", "sound")  # these need no training
_COLD = "cold"


@dataclass(frozen=True)
class State:
    """A model of this library.

    Attributes
    ----------
    name, about : str
    trained : bool
    stale : bool
        Trained, but playlists have changed since.
    serving : bool
        What `recommender` uses when nothing else is said.
    """

    name: str
    about: str
    trained: bool
    stale: bool
    serving: bool


class Taste:
    """Models of one library.

    Parameters
    ----------
    directory : Path
    shelf : Shelf
    derived : Derived
        Gives the tracks and their embeddings.
    """

    def __init__(self, directory: Path, shelf: Shelf, derived: Derived) -> None:
        self._directory, self._shelf, self._derived = directory, shelf, derived
        self._made: tuple[object, Recommender] | None = None  # and what it is made of

    def recommender(self, model: str | None = None, called: str = "") -> Recommender:
        """Return a recommender; its model serves even when it is older than the playlists.

        Songs of playlists that the library does not have teach it, but are never suggested.

        Parameters
        ----------
        model : str, optional
            'wrmf', 'sound', or a name of `recommend.models.MODELS`. By default 'default' where it
            is trained, else 'wrmf'; with a name of a playlist 'two-tower'.
        called : str
            Name of the playlist that is asked for; only 'two-tower' knows what it means.

        Raises
        ------
        ModelError
            If there is no such model, or it is not trained.
        """
        with plain_errors(self._directory):
            return self._recommender(model, called)

    def states(self) -> list[State]:
        """Return all models that there are for this library."""
        from recommend.models import MODELS

        with plain_errors(self._directory):
            found = []
            for name, kind in MODELS.items():
                path = self._newest(name)
                stale = path is not None and path != self._path(name)
                serving = path is not None and name == "default"
                found.append(State(name, kind.about, path is not None, stale, serving))
            other = not any(state.serving for state in found)
            table = self._derived.embeddings
            lists = self._shelf.version > 0
            found.append(State("wrmf", "factorisation, fitted when asked for", lists, False, other))
            sound = f"likeness in sound alone, by {table.name}"
            return [*found, State("sound", sound, len(table) > 0, False, False)]

    def is_due(self) -> bool:
        """Whether training the default model would give a better one than what serves."""
        from recommend.blend import LEAST_PLAYLISTS

        with plain_errors(self._directory):
            if self._path("default").exists():
                return False
            return self._shelf.count() >= LEAST_PLAYLISTS

    def train(self, name: str = "default") -> tuple[int, int] | None:
        """Train a model on the playlists of now; go on where an earlier training was interrupted.

        Returns
        -------
        tuple of int or None
            Of how many playlists and tracks it learnt; None where it is up to date.

        Raises
        ------
        ModelError
            If there is no such model, it needs torch, or there are too few or too many playlists.
        LibraryLockedError
            If another process trains a model of this library.
        """
        from recommend import MissingExtraError
        from recommend.models import MODELS

        if name not in MODELS:
            if name in PLAIN:
                raise ModelError(f"the model {name} needs no training")
            raise ModelError(f"model must be one of {', '.join(MODELS)}, got {name!r}")
        with plain_errors(self._directory):
            lock = WriterLock(self._directory, "training.lock", "learnt from")
            try:
                path = self._path(name)
                if self._newest(name) == path:
                    return None
                taught = self._taught(name)
                try:
                    model = self._fit(name, taught, path.with_suffix(".unfinished"))
                except (MissingExtraError, ValueError) as error:
                    raise ModelError(f"{name} cannot be trained: {error}") from error
                model.save(path)
                _clear(self._directory, f"taste-{name}-*", path)
                return taught.interactions.matrix.shape
            finally:
                lock.release()

    def _fit(self, name: str, taught: Taught, unfinished: Path) -> Model:
        from recommend import FormatError
        from recommend.models import MODELS

        for other in self._directory.glob(f"taste-{name}-*.unfinished"):
            if other != unfinished:
                _delete(other)
        try:
            return MODELS[name].fit(taught, unfinished)
        except FormatError:  # damaged, or begun while artists or sounds were others
            _delete(unfinished)
            return MODELS[name].fit(taught, unfinished)

    def _taught(self, name: str) -> Taught:
        from recommend import Interactions
        from recommend.blend import LEAST_PLAYLISTS
        from recommend.models import Taught

        lists = [p for p in self._shelf.playlists() if p.track_ids]
        least = LEAST_PLAYLISTS if name == "default" else 1
        if len(lists) < least:
            raise ModelError(
                f"{name} learns from at least {least} playlist{'s' if least > 1 else ''}, the"
                f" library has {len(lists)}; `antiphon playlist add FILE` adds some"
            )
        interactions = Interactions.from_playlists(p.track_ids for p in lists)
        names = [p.name for p in lists]
        return Taught(interactions, self._artists(), names, self._derived.embeddings)

    def _artists(self) -> dict[int, int]:
        """Return a number for the artist of each track and song of a playlist, where known."""
        numbers: dict[str, int] = {}
        of_name: dict[str, int] = {}  # as it is written: a hundred thousand tracks have few
        artists = {}
        for track, name in self._shelf.artists():
            if name not in of_name:
                of_name[name] = numbers.setdefault(tags.normalise(name), len(numbers))
            artists[track] = of_name[name]
        return artists

    def _recommender(self, model: str | None, called: str) -> Recommender:
        from recommend import Blend, Recommender
        from recommend.models import MODELS

        if called and model not in {None, "two-tower"}:
            raise ModelError(f"--name is for the model two-tower, got {model!r}")
        asked = model or ("two-tower" if called else None)
        if asked not in {None, *MODELS, *PLAIN}:
            raise ModelError(f"model must be one of {', '.join((*MODELS, *PLAIN))}, got {asked!r}")
        name, path = self._choose(asked)
        table, library = self._derived.embeddings, self._derived.ids()
        made_of = (
            path or (name, self._shelf.version),
            called,
            (table.name, table.version),
            zlib.crc32(table.ids.tobytes(), zlib.crc32(library.tobytes())),
        )
        if self._made is not None and self._made[0] == made_of:
            return self._made[1]
        ranker: Ranker | None = None
        if path is not None:
            try:
                ranker = self._load(name, path)
            except ModelError:
                if asked is not None:
                    raise
                name = "wrmf"
        if called:
            from recommend.neural.two_tower import TwoTower

            assert isinstance(ranker, TwoTower)
            ranker = ranker.called(called)
        playlists = ranker if isinstance(ranker, Blend) else self._factors(name)
        wrmf = playlists.wrmf if isinstance(playlists, Blend) else playlists
        cold = None if wrmf is None or not len(table) else self._cold(wrmf, table)
        made = Recommender(playlists, table, library=library, cold=cold, ranker=ranker)
        self._made = made_of, made
        return made

    def _choose(self, asked: str | None) -> tuple[str, Path | None]:
        """Return the model that serves, and its file where it is a trained one."""
        if asked in PLAIN:
            return asked, None
        path = self._newest(asked or "default")
        if path is not None:
            return asked or "default", path
        if asked is None:
            return "wrmf", None
        raise ModelError(
            f"the model {asked} is not trained; `antiphon models train {asked}` does it"
        )

    def _load(self, name: str, path: Path) -> Model:
        from recommend import FormatError, MissingExtraError
        from recommend.models import MODELS

        try:
            return MODELS[name].load(path)
        except (FormatError, ValueError, TypeError) as error:
            with contextlib.suppress(OSError):
                path.unlink()  # what cannot be read serves nobody
            raise ModelError(
                f"the model {name} is damaged ({error}) and was removed;"
                f" `antiphon models train {name}` makes it again"
            ) from error
        except MissingExtraError as error:
            raise ModelError(str(error)) from error

    def _path(self, name: str) -> Path:
        """Return where the model of the present playlists lies, or will."""
        from recommend.models import MODELS

        version = MODELS[name].version
        return self._directory / f"{self._of(name)}-{self._shelf.version}-{version}.model"

    def _of(self, name: str) -> str:
        """Return how files of a model begin; another library's ids are those of other songs."""
        return f"taste-{name}-{self._shelf.library:08x}"

    def _newest(self, name: str) -> Path | None:
        """Return the file of a model, the present playlists' if there is one."""
        path = self._path(name)
        if path.exists():
            return path
        older = self._directory.glob(f"{self._of(name)}-[0-9]*-[0-9]*.model")
        return max(older, key=lambda p: [int(n) for n in p.stem.split("-")[-2:]], default=None)

    def _factors(self, name: str) -> WRMF | None:
        """Return the factorisation of the present playlists; None without any."""
        from recommend import WRMF, FormatError, Interactions

        if name == "sound":
            return None
        model = WRMF()
        settings = {k: v for k, v in vars(model).items() if not k.startswith("_")}
        settings["library"] = self._shelf.library
        kind = zlib.crc32(json.dumps(settings, sort_keys=True).encode())
        path = self._directory / f"playlists-{self._shelf.version}-{kind:08x}.model"
        with contextlib.suppress(FormatError, OSError):
            return WRMF.load(path)
        lists = [p.track_ids for p in self._shelf.playlists() if p.track_ids]
        if not lists:
            return None
        model.fit(Interactions.from_playlists(lists))
        with contextlib.suppress(OSError):  # a model that cannot be stored is fitted next time
            model.save(path)
            _clear(self._directory, "playlists-*.model", path)
        return model

    def _cold(self, model: WRMF, table: EmbeddingTable) -> ColdMap:
        """Return the map from sound to factors; fitting it takes seconds in a large library."""
        from recommend import ColdMap, FormatError, modelfile

        stamp = zlib.crc32(model.track_ids.tobytes(), zlib.crc32(model.gram.tobytes()))
        stamp = zlib.crc32(f"{table.name} {table.version}".encode() + table.ids.tobytes(), stamp)
        path = self._directory / f"cold-{stamp:08x}.model"
        artists = self._artists()
        with contextlib.suppress(FormatError, OSError):
            return ColdMap.restore(*modelfile.read(path, _COLD), model, table, artists)
        fitted = ColdMap().fit(model, table, artists)
        with contextlib.suppress(OSError):  # what cannot be stored is fitted next time
            modelfile.write(path, _COLD, fitted.settings, fitted.arrays)
            _clear(self._directory, "cold-*.model", path)
        return fitted


def _clear(directory: Path, pattern: str, but: Path) -> None:
    for path in directory.glob(pattern):
        if path != but:
            _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
