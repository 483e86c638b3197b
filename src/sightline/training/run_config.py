"""A training run in a TOML file: `sightline train CONFIG.toml`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sightline.errors import UsageError
from sightline.training.augment import Augmentation
from sightline.training.dual_encoder import DualEncoderConfig
from sightline.training.parameter_groups import Optimiser
from sightline.training.samples import CaptionFile, ClassFolders, Shards
from sightline.training.schedule import Schedule
from sightline.training.wording import Wording

Count = Annotated[int, Meta(ge=1, le=10_000_000)]


class Loss(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is minimised; see `losses.py`.

    `smoothing` is InfoNCE's share of the target that is spread over the batch.
    """

    kind: Literal["info-nce", "sigmoid"] = "info-nce"
    smoothing: Annotated[float, Meta(ge=0, lt=1)] = 0.0

    def __post_init__(self) -> None:
        if self.kind == "sigmoid" and self.smoothing:
            raise ValueError("smoothing belongs to info-nce; the sigmoid loss has none")


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the run may use. None of it is part of what the run *means*.

    `threads`: of torch; `workers`: that read and decode photos; `device`: `auto` takes a GPU that
    CUDA knows where there is one.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Annotated[int, Meta(ge=1, le=1024)] | None = None
    workers: Annotated[int, Meta(ge=1, le=256)] = 2


class RunConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that decides what a run learns, the seed included.

    Attributes:
        name: of the run, and of the model it gives.
        train, dev: what is learned from, and what retrieval is measured on. Paths are relative to
            the config file.
        epochs: how often each photo is shown.
        batch: pairs that are compared with each other, over all processes together.
        chunk: pairs that are in memory at once (gradient caching); None: the whole batch.
        average: decay of the moving average of the weights; 0 keeps none.
        precision: `bf16` multiplies in bfloat16 where that is safe (autocast).
        evaluate_every, save_every: in steps; None: once an epoch.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    train: Annotated[tuple[CaptionFile | ClassFolders | Shards, ...], Meta(min_length=1)]
    dev: Annotated[tuple[CaptionFile | Shards, ...], Meta(min_length=1)]
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 1
    epochs: Count = 10
    batch: Annotated[int, Meta(ge=2, le=1_000_000)] = 256
    chunk: Count | None = None
    average: Annotated[float, Meta(ge=0, lt=1)] = 0.999
    precision: Literal["float32", "bf16"] = "float32"
    evaluate_every: Count | None = None
    save_every: Count | None = None
    model: DualEncoderConfig = DualEncoderConfig()
    loss: Loss = Loss()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    augment: Augmentation = Augmentation()
    wording: Wording = Wording()
    machine: Machine = Machine()

    def __post_init__(self) -> None:
        if self.loss.kind == "sigmoid" and self.model.bias is None:
            raise ValueError("the sigmoid loss learns a bias: set model.bias, to about -log(batch)")
        if self.loss.kind == "info-nce" and self.model.bias is not None:
            raise ValueError("a softmax cancels any bias: model.bias belongs to the sigmoid loss")
        learns_norms = self.model.image != "conv" and not self.optimiser.freeze_norms
        if learns_norms and self.chunk is not None and self.optimiser.image_tower > 0:
            raise ValueError(
                "batch norms in chunks differ from those of the batch: set "
                "optimiser.freeze_norms = true, or leave chunk out"
            )
        random_norms = self.model.image != "conv" and not self.model.image_published
        if random_norms and self.optimiser.freeze_norms:
            raise ValueError(
                "the batch norms of random weights have to learn: set "
                "optimiser.freeze_norms = false"
            )
        for side, factor, published in (
            ("image", self.optimiser.image_tower, self.model.image_published),
            ("text", self.optimiser.text_tower, self.model.text_published),
        ):
            if factor == 0 and not published:
                raise ValueError(f"a frozen {side} tower with random weights learns nothing")

    @property
    def meaning(self) -> str:
        """The config as JSON, without what changes neither the data nor the weights."""
        values = msgspec.to_builtins(self)
        for name in ("machine", "save_every", "train", "dev"):  # data has a fingerprint
            del values[name]
        return msgspec.json.encode(values, order="sorted").decode()


def read_config(path: Path) -> RunConfig:
    """Read and check a config file.

    Raises:
        UsageError: it can't be read, is no TOML, has an unknown key or an impossible value.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=RunConfig)
    except OSError as error:
        raise UsageError(f"Can't read the config {path}: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {_readable(str(error))}.") from None


def differences(ours: str, theirs: str) -> list[str]:
    """What two meanings say differently, as `batch: 64, was 128`."""
    new, old = (_flat(msgspec.json.decode(meaning)) for meaning in (ours, theirs))
    return [
        f"{name}: {_shown(new.get(name))}, was {_shown(old.get(name))}"
        for name in sorted(new.keys() | old.keys())
        if new.get(name) != old.get(name)
    ]


def _flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[before + name] = value
    return flat


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _readable(message: str) -> str:
    """msgspec's words without its dollar: "… - at `$.model.size`" → "… (at model.size)"."""
    what, _, where = message.rstrip(".").partition(" - at `$")
    where = where.strip("`.")
    return f"{what} (at {where})" if where else what
