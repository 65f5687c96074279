"""`antiphon models train-tagger FOLDER TAGS.csv`: a tagger of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from engine.app.terminal import bar, command, say, say_error, spare_music

if TYPE_CHECKING:
    from recommend.neural.tagger import Song, Tagger
    from recommend.tag_scores import TagScores


@command
def train_tagger(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the audio lies.")],
    table: Annotated[
        Path, typer.Argument(metavar="TAGS.csv", help="Columns path, and tags with ; between.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The tagger.")] = Path(
        "tagger.model"
    ),
    epochs: Annotated[int, typer.Option(min=1, help="How often each song is heard.")] = 15,
    seed: Annotated[int, typer.Option(help="Of the split and of the training.")] = 0,
) -> None:
    """Train a network to tell your own tags from the sound.

    A fifth of the songs is kept apart and judges it. An interrupted training goes on where it
    was when the same command is given again.

    Example: antiphon models train-tagger ~/Music tags.csv --epochs 30
    """
    from engine.errors import ModelError
    from engine.library import tagged
    from recommend import FormatError, MissingExtraError

    spare_music(out, "--out", table)
    rows = tagged.read_table(table, folder)
    tags = tagged.usual_tags(rows)
    try:
        from recommend.neural.tagger import Settings, Tagger
    except MissingExtraError as error:
        raise ModelError(str(error)) from None
    with bar() as progress:
        songs = [
            song
            for song in progress.track(
                tagged.hear(rows, tags, lambda path, why: say_error(f"{path}: {why}")),
                total=len(rows),
                description="listening",
            )
            if song is not None
        ]
    if len(songs) < tagged.LEAST_SONGS:
        raise ModelError(f"{len(songs)} songs can be heard; {tagged.LEAST_SONGS} are the least")
    train, test = tagged.split(len(songs), seed)
    tagger = Tagger(tags, Settings(epochs=epochs, seed=seed))
    with bar() as progress:
        task = progress.add_task("training", total=epochs, now="")
        try:
            tagger.fit(
                [songs[i] for i in train],
                lambda epoch, loss: progress.update(task, completed=epoch, now=f"loss {loss:.3f}"),
                out.with_name(f"{out.name}.checkpoint"),
            )
        except FormatError as error:
            raise ModelError(str(error)) from error
    tagger.save(out)
    _tell(tagger, [songs[i] for i in train], [songs[i] for i in test])
    say(f"the tagger is in {out}; `antiphon models tag {out} FILE...` tells tags with it")


def _tell(tagger: Tagger, train: list[Song], test: list[Song]) -> None:
    """Print how well the songs that were kept apart are told, beside telling all the same."""
    from recommend.tag_scores import score

    found = tagger.evaluate(test)
    prior = np.mean([song.tags for song in train], axis=0)
    plain = score(np.stack([song.tags for song in test]), np.tile(prior, (len(test), 1)))
    say(f"{len(train)} songs heard, {len(test)} kept apart, {len(tagger.tags)} tags")
    say(f"{'':24} {'ROC-AUC':>8} {'PR-AUC':>8}")
    for number, tag in enumerate(tagger.tags):
        say(f"{tag[:24]:24} {found.roc_auc[number]:8.3f} {found.pr_auc[number]:8.3f}")
    say(f"{'mean':24} {_mean(found.roc_auc):8.3f} {_mean(found.pr_auc):8.3f}")
    for name, scores in (("network", found), ("how frequent each is", plain)):
        say(
            f"{name:24} cross-entropy {scores.bce:.3f}, right {scores.hamming:.3f},"
            f" whole songs {scores.exact:.3f}; {_by_wrong(scores)}"
        )


def _mean(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")


def _by_wrong(scores: TagScores) -> str:
    counts = [f"{n}: {songs}" for n, songs in enumerate(scores.wrong.tolist()) if songs]
    return f"songs by wrong tags {', '.join(counts)}"
