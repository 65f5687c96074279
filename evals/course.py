"""The course's protocol: how well each model goes on from the first two tracks.

    python -m evals.course [DIR] [--models NAME ...] [--json OUT] [--plot OUT.png]

A fifth of the playlists is hidden. Each model learns from the others, is given the first two
tracks of every hidden one, and ranks the catalogue; the rest of the playlist, as far as the
catalogue has it, are the targets. MRR is the mean over playlists of the mean over targets of
1 / rank, precision@10 the hits among the first ten over the number of targets. DIR holds
train.jsonl.gz, or slices of the Million Playlist Dataset, or a library; without it playlists are
made. The model 'sound' runs where the tracks have an embedding, 'two-tower' gets the names.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals import course_data
from evals.continuation import set_threads
from evals.course_data import Data
from evals.models import MODELS, Model, Taught
from recommend import Interactions
from recommend.metrics import mean_reciprocal_rank, ndcg_at_k, precision

GIVEN = 2
HIDDEN = 0.2
LEAST = 5  # tracks of a playlist that is asked about
IN_TORCH = ("course", "neural", "mean-variance", "two-tower")
WITHOUT = ("wrmf64",)  # only on demand


def split(data: Data, seed: int = 0) -> tuple[Taught, list[tuple[list[int], list[int]]]]:
    """Return what models learn from, and first tracks with their targets."""
    hidden = np.random.default_rng(seed).random(len(data.playlists)) < HIDDEN
    kept = [i for i in range(len(data.playlists)) if not hidden[i]]
    interactions = Interactions.from_playlists([data.playlists[i] for i in kept])
    catalogue = set(interactions.track_ids.tolist())
    questions = []
    for i in np.flatnonzero(hidden):
        playlist = list(dict.fromkeys(data.playlists[i]))
        targets = [t for t in playlist[GIVEN:] if t in catalogue]
        if len(playlist) >= LEAST and targets:
            questions.append((playlist[:GIVEN], targets))
    if not questions or not catalogue:
        raise SystemExit(f"{data.what}: too few playlists of {LEAST} tracks to hide some")
    names = [data.names[i] for i in kept]
    return Taught(interactions, data.artists, names, data.sound), questions


def measure(
    model: Model, questions: Sequence[tuple[list[int], list[int]]], tracks: int
) -> dict[str, list[float]]:
    """Return each measure of each question; the whole catalogue is ranked."""
    out: dict[str, list[float]] = {"MRR": [], "precision@10": [], "NDCG@500": []}
    for seeds, targets in questions:
        ranking = model.recommend(seeds, tracks)[0].tolist()
        out["MRR"].append(mean_reciprocal_rank(ranking, targets))
        out["precision@10"].append(precision(ranking, targets))
        out["NDCG@500"].append(ndcg_at_k(ranking, targets))
    return out


def run(data: Data, models: Sequence[str], seed: int = 0) -> dict[str, Any]:
    """Return a row for each model: mean and standard error of each measure, and CPU seconds."""
    from rich.console import Console
    from rich.progress import track

    taught, questions = split(data, seed)
    console = Console(stderr=True)
    rows: dict[str, Any] = {}
    for name in track(
        models, "models", console=console, transient=True, disable=not console.is_terminal
    ):
        start = time.process_time()
        model = MODELS[name](taught)
        fitted = time.process_time() - start
        values = measure(model, questions, len(taught.interactions.track_ids))
        rows[name] = {
            what: [float(np.mean(v)), float(np.std(v) / np.sqrt(len(v)))]
            for what, v in values.items()
        } | {"fit_cpu_s": round(fitted, 2)}
    return {"data": data.what, "questions": len(questions), "models": rows}


def table(result: dict[str, Any]) -> str:
    """Return the result as a table in Markdown, the best MRR last."""
    lines = [
        f"{result['data']}; {result['questions']} hidden ones, {GIVEN} tracks given",
        "",
        "| model | MRR | precision@10 | NDCG@500 | fit, CPU s |",
        "|---|---|---|---|---|",
    ]
    for name, row in sorted(result["models"].items(), key=lambda item: item[1]["MRR"][0]):
        told = " | ".join(
            f"{row[m][0]:.4f} ± {row[m][1]:.4f}" for m in ("MRR", "precision@10", "NDCG@500")
        )
        lines.append(f"| {name} | {told} | {row['fit_cpu_s']:.1f} |")
    return "\n".join(lines)


def plot(result: dict[str, Any], path: Path) -> None:
    """Draw MRR and precision of each model, with standard errors."""
    from matplotlib.figure import Figure

    rows = sorted(result["models"].items(), key=lambda item: item[1]["MRR"][0])
    figure = Figure(figsize=(9.0, 0.9 + 0.32 * len(rows)), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, what in zip(axes, ("MRR", "precision@10"), strict=True):
        means, errors = zip(*(row[what] for _, row in rows), strict=True)
        axis.barh([name for name, _ in rows], means, xerr=errors, color="#4878a8")
        axis.set_xlabel(f"{what}, from the first {GIVEN} tracks")
    figure.suptitle(f"{result['data']}, {result['questions']} hidden", fontsize=10)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="made playlists when not given")
    parser.add_argument("--models", nargs="+", choices=list(MODELS))
    parser.add_argument("--playlists", type=int, default=2000, help="to make")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    set_threads(1)  # more only wait for each other on models of this size
    if options.data is None:
        data = course_data.made(options.playlists)
    else:
        try:
            data = course_data.load(options.data)
        except FileNotFoundError as error:
            parser.error(str(error))
    models = options.models or [name for name in MODELS if name not in WITHOUT]
    if importlib.util.find_spec("torch") is None and options.models is None:
        models = [name for name in models if name not in IN_TORCH]
        print("without torch: " + ", ".join(IN_TORCH) + " are left out", file=sys.stderr)
    if data.sound is None:
        models = [name for name in models if name != "sound"]
    result = run(data, models)
    print(table(result))
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    if options.plot is not None:
        plot(result, options.plot)


if __name__ == "__main__":
    main()
