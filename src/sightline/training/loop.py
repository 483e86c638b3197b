"""The training loop: config → data → steps → the checkpoint that retrieves best.

Read `train` first. Whatever a step draws (which samples, how they vary, what dropout hides) comes
from the seed and the step's number, so a run that was killed goes on exactly where its last
checkpoint stands, and processes that share a batch agree without talking about it.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from sightline.errors import ModelError
from sightline.training.checkpoint import Best, write_checkpoint
from sightline.training.curve import write_curve
from sightline.training.data import read_data
from sightline.training.distributed import Group, joined
from sightline.training.dual_encoder import DualEncoder
from sightline.training.evaluate import DevSet, retrieval, score
from sightline.training.gradient_cache import cached_backward, plain_backward
from sightline.training.loader import Batch, Loader
from sightline.training.losses import info_nce, same_caption, sigmoid_loss
from sightline.training.parameter_groups import set_rates, training_mode
from sightline.training.run import (
    Run,
    alone_in,
    begin,
    check_batch,
    check_same_run,
    device_of,
    found_checkpoint,
    go_on,
    ready_tokenizer,
    snapshot,
    tokenizer_for,
)
from sightline.training.run_config import RunConfig
from sightline.training.run_log import DevLine, RunLog, StepLine, read_log

LAST, BEST, LOG, CURVE = "last.pt", "best.pt", "log.jsonl", "curve.png"


@dataclass(frozen=True)
class Progress:
    """What a run tells whoever watches: after each step, and after each evaluation."""

    step: int
    steps: int
    line: StepLine | DevLine


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    `finished` is false where it was asked to stop; `unreadable` names photos that can't be read,
    with the reason, and `photos` is how many there are. Of several processes one `leads`.
    """

    step: int
    steps: int
    finished: bool
    best: Best | None
    photos: int
    unreadable: Sequence[tuple[str, str]]
    leads: bool


def train(
    config: RunConfig,
    base: Path,
    out: Path,
    *,
    resume: bool | None = None,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Outcome:
    """Train until the last epoch, or until `stop` says so; either way a checkpoint is left.

    Args:
        base: the folder that paths in `config` are relative to.
        out: the folder that gets `last.pt`, `best.pt`, `log.jsonl` and `curve.png`.
        resume: go on from `last.pt`: True: it must be there; False: begin anew; None: if it is.

    Raises:
        UsageError: the data is missing or overlaps, or the config isn't that of the run to resume.
        ModelError: published weights or a checkpoint can't be used, the disk is full, or the loss
            is no number any more.
    """
    with joined() as group, alone_in(out, group):
        data = read_data(config, base)
        checkpoint = found_checkpoint(out / LAST, resume)
        if checkpoint is not None:
            check_same_run(config, data, checkpoint)
        device = device_of(config)
        if config.machine.threads is not None:
            torch.set_num_threads(config.machine.threads)
        tokenizer = checkpoint.tokenizer if checkpoint else tokenizer_for(config, data)
        loader = Loader(
            data.train,
            config.model,
            config.augment,
            config.wording,
            ready_tokenizer(tokenizer, config),
            config.seed,
            config.batch,
            group,
            config.machine.workers,
            dict(checkpoint.unreadable) if checkpoint else {},
        )
        check_batch(config, loader)
        run = begin(config, device, group) if checkpoint is None else go_on(config, checkpoint)
        steps = config.epochs * loader.steps_an_epoch
        evaluate_every = config.evaluate_every or loader.steps_an_epoch
        save_every = config.save_every or loader.steps_an_epoch
        log = RunLog(out / LOG, until=run.step) if group.leads else None

        def tell(line: StepLine | DevLine) -> None:
            if log is not None:
                log.write(line)
                watch(Progress(run.step, steps, line))

        def save(path: Path) -> None:
            unreadable = _merged(group.everyones(loader.unreadable))
            if group.leads:
                write_checkpoint(snapshot(config, data, tokenizer, run, unreadable), path)

        def measure() -> None:
            if group.leads:
                line = measured(run, config, loader.tokenizer, data.dev, device)
                tell(line)
                if line.best:
                    run.best = Best(line.score, run.step, line.sets)
                write_curve(read_log(out / LOG), out / CURVE)
            (run.best, *_) = group.everyones(run.best)
            if run.best is not None and run.best.step == run.step:
                save(out / BEST)
            save(out / LAST)

        if run.step == 0:
            measure()  # what a model retrieves before it has learned: next to nothing
        stopped = False
        for batch in loader.batches(run.step, steps):
            began = time.perf_counter()
            torch.manual_seed(_step_seed(config.seed, run.step, group.rank))
            rate = config.schedule.factor(run.step, steps)
            loss, gradient = make_step(run, batch.to(device), config, group, rate)
            run.step += 1
            tell(
                StepLine(
                    step=run.step,
                    epoch=(run.step - 1) // loader.steps_an_epoch,
                    loss=loss,
                    scale=run.model.temperature().item(),
                    bias=None
                    if run.model.temperature.bias is None
                    else run.model.temperature.bias.item(),
                    rate=rate * config.optimiser.rate,
                    gradient=gradient,
                    seconds=time.perf_counter() - began,
                )
            )
            stopped = group.any(stop())
            if run.step % evaluate_every == 0 or run.step == steps:
                measure()
            elif stopped or run.step % save_every == 0:
                save(out / LAST)
            if stopped:
                break
        if group.leads:
            write_curve(read_log(out / LOG), out / CURVE)
        unreadable = _merged(group.everyones(loader.unreadable))
        names = [(data.train[index].name, why) for index, why in sorted(unreadable.items())]
        finished = run.step == steps
        return Outcome(run.step, steps, finished, run.best, len(data.train), names, group.leads)


def make_step(
    run: Run, batch: Batch, config: RunConfig, group: Group, rate: float
) -> tuple[float, float]:
    """One step of the optimiser. Returns the loss and the gradient's length before clipping.

    Raises:
        ModelError: the loss is infinite or no number.
    """
    training_mode(run.model, config.optimiser)
    set_rates(run.optimiser, rate)
    run.optimiser.zero_grad(set_to_none=True)
    loss = backward(run.model, batch, config, group).item()
    if not math.isfinite(loss):
        raise ModelError(
            f"The loss is {loss} in step {run.step + 1}: lower optimiser.rate, or make "
            "schedule.warm_up longer. The last checkpoint is from before."
        )
    learning = [weight for weight in run.model.parameters() if weight.requires_grad]
    group.average_gradients(learning)
    limit = config.optimiser.clip or math.inf
    length = torch.nn.utils.clip_grad_norm_(learning, limit).item()
    run.optimiser.step()
    if run.average is not None:
        run.average.update(run.model)
    return loss, length


def backward(model: DualEncoder, batch: Batch, config: RunConfig, group: Group) -> Tensor:
    """The gradients of the batch's loss, at once or in chunks. Returns the loss."""
    captions, photos = group.gather(batch.captions), group.gather(batch.photos)
    fits = same_caption(captions) | same_caption(photos)  # (n, n) over all processes

    def loss(images: Tensor, texts: Tensor) -> Tensor:
        images, texts = group.gather(images), group.gather(texts)
        scale, bias = model.temperature(), model.temperature.bias
        if bias is not None:
            return sigmoid_loss(images, texts, scale, bias, fits=fits)
        return info_nce(images, texts, scale, fits=fits, smoothing=config.loss.smoothing)

    def image(part: Batch) -> Tensor:
        with _autocast(config, part.pixels.device):
            y: Tensor = model.image(part.pixels).float()
            return y

    def text(part: Batch) -> Tensor:
        with _autocast(config, part.ids.device):
            y: Tensor = model.text(part.ids, part.mask).float()
            return y

    if config.chunk is None or config.chunk * group.size >= config.batch:
        return plain_backward(lambda: image(batch), lambda: text(batch), loss)
    parts = batch.chunks(config.chunk)
    return cached_backward(
        [lambda part=part: image(part) for part in parts],  # type: ignore[misc]
        [lambda part=part: text(part) for part in parts],  # type: ignore[misc]
        loss,
    )


def measured(
    run: Run,
    config: RunConfig,
    tokenizer: Tokenizer,
    dev: Sequence[DevSet],
    device: torch.device,
) -> DevLine:
    """Retrieval of the model as it would be kept: averaged where there is an average."""
    model = run.model.eval() if run.average is None else run.average.model
    figures = tuple(
        retrieval(
            model, config.model, tokenizer, one, device=device, workers=config.machine.workers
        )
        for one in dev
    )
    value = score(figures)
    best = run.best is None or value > run.best.score
    return DevLine(step=run.step, score=value, best=best, sets=figures)


def _autocast(config: RunConfig, device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16")


def _step_seed(seed: int, step: int, rank: int) -> int:
    """Another random state for dropout in each step of each process."""
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0]) >> 1


def _merged(parts: Sequence[dict[int, str]]) -> dict[int, str]:
    return {index: why for part in parts for index, why in part.items()}
