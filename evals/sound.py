"""Measure how good the instrument sounds, against references and bars.

    python -m evals.sound [--only waves filter clicks exact] [--quality cheap|bandlimited]
                          [--out FILE.json]

Uses only what a player has: patches, and a synthesizer rendering offline. The references are the
Fourier series of the waves, the analogue filter's transfer function, and a voice in plain float64
(tests/oracles.py). Ends with an error where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from evals import sound_clicks, sound_exact, sound_filter, sound_waves
from evals.sound_result import Result

_PARTS: dict[str, Callable[[str], Iterator[Result]]] = {
    "waves": sound_waves.results,
    "filter": sound_filter.results,
    "clicks": sound_clicks.results,
    "exact": sound_exact.results,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only", nargs="+", choices=tuple(_PARTS), default=list(_PARTS))
    parser.add_argument("--quality", choices=("bandlimited", "cheap"), default="bandlimited")
    parser.add_argument("--out", type=Path, help="write the results as JSON as well")
    options = parser.parse_args()
    found: list[Result] = []
    for part in options.only:
        for result in _PARTS[part](options.quality):
            print(result.line(), flush=True)
            found.append(result)
    if options.out:
        told = [asdict(result) | {"passes": result.passes} for result in found]
        options.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    missed = sum(not result.passes for result in found)
    if missed:
        sys.exit(f"{missed} of {len(found)} missed their bar")


if __name__ == "__main__":
    main()
