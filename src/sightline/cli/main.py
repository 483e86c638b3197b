"""The command `sightline`: its subcommands, and what an error becomes for the shell."""

import atexit
import gc
import os
import sys
import threading
import warnings
from importlib import import_module
from typing import Annotated, Any, NoReturn, TextIO

import typer
from typer.core import TyperGroup
from typer.main import get_group

from sightline.errors import SightlineError, UsageError
from sightline.version import __version__

EXIT_USAGE = 2
EXIT_UNUSABLE = 3
EXIT_INTERRUPTED = 130

_COMMANDS = {
    "index": "index",
    "search": "search",
    "status": "status",
    "forget": "forget",
    "similarity": "similarity",
    "classify": "classify",
    "inspect": "inspect",
    "adapt": "adapt",
    "judge": "judge",
    "scenes": "scenes",
    "train": "train",
    "export": "export",
    "eval": "evaluate",
    "models": "models_app",
}
"""Each command has the file of its name; in it, this is the command."""


class _Commands(TyperGroup):
    """Imports a command when it is asked for: the others would double the time that ours takes."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._loaded = self.commands
        self.commands: Any = dict.fromkeys(_COMMANDS)  # for typer to list their names

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, or None."""
        if cmd_name in _COMMANDS and cmd_name not in self._loaded:
            self._loaded[cmd_name] = _load(cmd_name)
        return self._loaded.get(cmd_name)


def _load(name: str) -> Any:
    command = getattr(import_module(f"sightline.cli.{name}"), _COMMANDS[name])
    holder = typer.Typer(rich_markup_mode="markdown")
    if isinstance(command, typer.Typer):
        holder.add_typer(command, name=name)
    else:
        holder.command(name)(command)
    return get_group(holder).commands[name]


app = typer.Typer(
    name="sightline",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Search your own photos with words: offline, no account, no server. "
    "Begin with `sightline index ~/Pictures`, then `sightline search birthday cake`.",
    epilog="Exit status: 0 done, 1 nothing found, 2 wrong usage, 3 library or model can't be used.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sightline {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say which version this is.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """The command as a process of its own: what the installed `sightline` calls."""
    try:
        run()
    except SystemExit as done:
        _leave(done)


def run() -> None:
    """Run the command line; every intended error becomes one sentence and an exit status."""
    # What Pillow has to say of a file is said by our own reason for it, if it matters.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    _start_lean()
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    try:
        app()
    except UsageError as error:
        _fail(str(error), EXIT_USAGE)
    except SightlineError as error:
        _fail(str(error), EXIT_UNUSABLE)
    except OSError as error:  # of help and completion, which typer prints or writes
        _fail(f"Can't write: {error.strerror}.", EXIT_UNUSABLE)
    except SystemExit as done:
        if done.code == EXIT_INTERRUPTED:  # what typer makes of Ctrl-C
            _fail("Stopped.", EXIT_INTERRUPTED)
        raise
    finally:
        gc.freeze()  # the process ends: nobody needs its last objects sorted out


def _leave(done: SystemExit) -> NoReturn:
    """End the process at once: to take Python and the model apart is a tenth of a search's time.

    First comes all that Python does for its users when it ends. Where a thread is still at work, or
    what was printed can't be written, Python ends the process itself, and says so as ever.
    """
    if threading.active_count() > 1 or not isinstance(done.code, int | None):
        raise done
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        raise done from None
    os._exit(done.code or 0)


def _start_lean() -> None:
    """Spare a command that lives half a second what only long ones need.

    Thread pools that BLAS and the tokenizer would start for one short text, and garbage
    collection in the middle of imports: together a fifth of the processor time of a search.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    gc.disable()  # `index`, which runs long, turns it on again


def _nowhere() -> TextIO:
    """For a stream that the caller has closed."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - as long as we run


def _fail(message: str, status: int) -> None:
    from sightline.cli.output import printable

    print(f"sightline: {printable(message)}", file=sys.stderr)  # noqa: T201
    sys.exit(status)
