"""The command `sightline`: its subcommands, and what an error becomes for the shell."""

import gc
import os
import sys
import warnings
from typing import Annotated, TextIO

import typer

from sightline.cli.adapt import adapt
from sightline.cli.classify import classify
from sightline.cli.eval import evaluate
from sightline.cli.export import export
from sightline.cli.forget import forget
from sightline.cli.index import index
from sightline.cli.inspect import inspect
from sightline.cli.judge import judge
from sightline.cli.models import models_app
from sightline.cli.scenes import scenes
from sightline.cli.search import search
from sightline.cli.similarity import similarity
from sightline.cli.status import status
from sightline.cli.train import train
from sightline.errors import SightlineError, UsageError
from sightline.version import __version__

EXIT_USAGE = 2
EXIT_UNUSABLE = 3
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="sightline",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Search your own photos with words: offline, no account, no server. "
    "Begin with `sightline index ~/Pictures`, then `sightline search birthday cake`.",
    epilog="Exit status: 0 done, 1 nothing found, 2 wrong usage, 3 library or model can't be used.",
)
for command in (
    index,
    search,
    status,
    forget,
    similarity,
    classify,
    inspect,
    adapt,
    judge,
    scenes,
    train,
    export,
):
    app.command()(command)
app.command("eval")(evaluate)
app.add_typer(models_app, name="models")


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
