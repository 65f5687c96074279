"""Without torch everything else works, and the models in torch say in one line what to do."""

import subprocess
import sys
from pathlib import Path

_HOME = Path(__file__).resolve().parents[3]


def run(program: str) -> str:
    hidden = "import sys; sys.modules['torch'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", hidden + program],
        cwd=_HOME,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def test_a_model_in_torch_says_in_one_line_how_to_get_it() -> None:
    said = run(
        "from recommend import MissingExtraError\n"
        "for name in ('wrmf_sgd', 'continuation', 'two_tower'):\n"
        "    try:\n"
        "        __import__('recommend.neural.' + name)\n"
        "    except MissingExtraError as error:\n"
        "        print(error)\n"
    ).splitlines()
    assert len(said) == 3
    assert all("pip install 'antiphon[torch]'" in line for line in said)


def test_the_other_models_run_without_it() -> None:
    said = run(
        "from evals.models import MODELS, Taught\n"
        "from recommend import Interactions\n"
        "taught = Taught(Interactions.from_playlists([[1, 2], [1, 2], [3, 4]]), {})\n"
        "print(MODELS['items'](taught).recommend([1], 1)[0].tolist())\n"
    )
    assert said == "[2]\n"
