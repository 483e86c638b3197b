"""A run: what changes while it goes on, how it begins, and how it goes on from a checkpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from tokenizers import Tokenizer

from sightline.errors import ModelError, UsageError
from sightline.training.average import MovingAverage
from sightline.training.checkpoint import Best, Checkpoint, read_checkpoint
from sightline.training.data import Data
from sightline.training.distributed import Group
from sightline.training.dual_encoder import DualEncoder
from sightline.training.loader import Loader
from sightline.training.own_tokenizer import train_tokenizer
from sightline.training.parameter_groups import build_optimiser, learns_batch_norms
from sightline.training.pretrained import tokenizer_json
from sightline.training.run_config import RunConfig, differences


@dataclass
class Run:
    """Everything that changes while a run goes on."""

    model: DualEncoder
    average: MovingAverage[DualEncoder] | None
    optimiser: torch.optim.Optimizer
    step: int
    best: Best | None


def begin(config: RunConfig, device: torch.device, group: Group) -> Run:
    """A run before its first step."""
    torch.manual_seed(config.seed)
    model = _placed(DualEncoder.to_train(config.model), device)
    optimiser = build_optimiser(model, config.optimiser)
    if group.size > 1 and learns_batch_norms(model, config.optimiser):
        raise UsageError(
            "Batch norms would learn something else in every process: set "
            "optimiser.freeze_norms = true, or train in one process."
        )
    average = MovingAverage(model, config.average) if config.average else None
    return Run(model, average, optimiser, 0, None)


def go_on(config: RunConfig, checkpoint: Checkpoint) -> Run:
    """A run as it was when its checkpoint was written.

    Raises:
        ModelError: the weights are not those of the checkpoint's model.
    """
    device = device_of(config)
    model = DualEncoder.from_random(checkpoint.model)
    average = MovingAverage(model, config.average, checkpoint.step) if config.average else None
    try:
        model.load_state_dict(checkpoint.weights)
        if average is not None:
            average.model.load_state_dict(checkpoint.average or {})
            _placed(average.model, device)
        _placed(model, device)
        optimiser = build_optimiser(model, config.optimiser)
        optimiser.load_state_dict(dict(checkpoint.optimiser))
    except (RuntimeError, ValueError, KeyError) as error:
        raise ModelError(
            f"The checkpoint doesn't fit its own config: {error}. Begin anew with --fresh."
        ) from None
    return Run(model, average, optimiser, checkpoint.step, checkpoint.best)


def snapshot(
    config: RunConfig, data: Data, tokenizer: str, run: Run, unreadable: dict[int, str]
) -> Checkpoint:
    """The run as it is now."""
    return Checkpoint(
        name=config.name,
        meaning=config.meaning,
        data=data.fingerprint,
        model=config.model,
        tokenizer=tokenizer,
        weights=run.model.state_dict(),
        average=None if run.average is None else run.average.model.state_dict(),
        optimiser=run.optimiser.state_dict(),
        step=run.step,
        unreadable=unreadable,
        best=run.best,
    )


def found_checkpoint(path: Path, resume: bool | None) -> Checkpoint | None:
    """The checkpoint to go on from, if any."""
    if resume is False:
        return None
    if resume is None and not path.is_file():
        return None
    return read_checkpoint(path)


def check_same_run(config: RunConfig, data: Data, checkpoint: Checkpoint) -> None:
    """A run goes on with its own config and data, or it would be another run.

    Raises:
        UsageError: something differs; the message says what.
    """
    changed = differences(config.meaning, checkpoint.meaning)
    if data.fingerprint != checkpoint.data:
        changed.append("the photos or captions of its data")
    if changed:
        raise UsageError(
            f"The config is not that of the run to resume ({'; '.join(changed)}). "
            "Change it back, choose another --out, or begin anew with --fresh."
        )


def check_batch(config: RunConfig, loader: Loader) -> None:
    if config.batch % loader.group.size:
        raise UsageError(
            f"A batch of {config.batch} can't be shared by {loader.group.size} processes evenly."
        )
    if loader.steps_an_epoch == 0:
        raise UsageError(
            f"{len(loader.samples):,} captioned photos don't fill one batch of {config.batch}: "
            "take more photos or a smaller batch."
        )


def tokenizer_for(config: RunConfig, data: Data) -> str:
    if config.model.text_published:
        return tokenizer_json()
    captions = [caption for sample in data.train for caption in sample.captions]
    return train_tokenizer(captions, config.model.text.vocabulary)


def ready_tokenizer(tokenizer: str, config: RunConfig) -> Tokenizer:
    """A tokenizer that cuts at the model's context."""
    ready = Tokenizer.from_str(tokenizer)
    ready.enable_truncation(config.model.context)
    return ready


def device_of(config: RunConfig) -> torch.device:
    wanted = config.machine.device
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError("There is no GPU that CUDA knows: set machine.device to cpu or auto.")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def _placed(model: DualEncoder, device: torch.device) -> DualEncoder:
    """On its device, convolutions in the layout that is fastest on both kinds."""
    model.to(device)
    model.image.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


@contextmanager
def alone_in(out: Path, group: Group) -> Iterator[None]:
    """Make the folder; no other run may write there meanwhile."""
    if not group.leads:
        yield
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = FileLock(out / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise UsageError(f"Another run is writing to {out}: choose another --out.") from None
    except OSError as error:
        raise UsageError(f"Can't write to {out}: {error.strerror}.") from None
    try:
        yield
    finally:
        lock.release()
