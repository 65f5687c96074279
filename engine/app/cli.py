"""The command `antiphon`: one place where commands are named and errors become one line."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import typer

from engine.app import (
    add,
    analyze,
    demo,
    devices,
    duplicates,
    explain,
    hear,
    identify,
    library_cmd,
    map,
    models,
    patches,
    play,
    recommend,
)
from engine.app.terminal import INTERRUPTED, keep_interrupts, say_error
from engine.errors import AntiphonError

app = typer.Typer(
    name="antiphon",
    help="Play a synthesizer, hear what the room plays, and queue what comes next.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(devices.devices)
app.command()(play.play)
app.command()(play.render)
app.command()(patches.patches)
app.command()(add.add)
app.command()(analyze.analyze)
app.command()(identify.identify)
app.command()(explain.explain)
app.command()(duplicates.duplicates)
app.command()(hear.listen)
app.command()(recommend.recommend)
app.command()(hear.session)
app.command("map")(map.show_map)
app.command()(demo.demo)
app.add_typer(add.playlist_app)
app.add_typer(library_cmd.app)
app.add_typer(models.app)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage, 3 partly, 130 interrupted."""
    keep_interrupts()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries' words to developers; `python -W` shows them
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    result: Any = 0
    try:
        result = app(args=arguments, prog_name="antiphon", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except typer.Exit as leave:
        return leave.exit_code
    except AntiphonError as error:
        say_error(str(error))
        return error.exit_code
    except OSError as error:  # the disk
        where = f"{error.filename}: " if error.filename is not None else ""
        say_error(where + (error.strerror or str(error)))
        return 1
    except ValueError as error:  # a wrong value of an option
        say_error(str(error))
        return 1
    except Exception as error:
        show = getattr(error, "show", None)  # wrong usage: typer's own error prints itself
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", 2))
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
