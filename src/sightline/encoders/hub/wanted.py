"""Which files of a hub repository a model needs, and where each belongs in its folder."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from sightline.encoders.graph_io import read_ports
from sightline.encoders.hub.client import RemoteFile, Snapshot
from sightline.encoders.published import HubSource
from sightline.encoders.spec import FileName
from sightline.errors import FetchError

_NAMED = {
    "open_clip": (
        "config.json",
        "visual/preprocess_cfg.json",
        "textual/tokenizer.json",
        "visual/model.onnx",
        "textual/model.onnx",
    ),
    "transformers": ("config.json", "preprocessor_config.json", "tokenizer.json"),
}
_IF_THERE = {
    "open_clip": ("textual/tokenizer_config.json",),
    "transformers": ("tokenizer_config.json",),
}
_PAIR = ("onnx/vision_model.onnx", "onnx/text_model.onnx")  # float32; others have longer names
_JOINT = "onnx/model.onnx"


@dataclass(frozen=True)
class Wanted:
    """A file to fetch: whence, and where it belongs in the model's folder."""

    snapshot: Snapshot
    remote: str
    local: str

    @property
    def file(self) -> RemoteFile:
        return self.snapshot.files[self.remote]


def files_of(source: HubSource, snapshot: Snapshot) -> list[Wanted]:
    """Which files of a repository a model needs: of several precisions, the float32 one."""
    if source.layout is None:
        names = dict(source.files)
    else:
        kept = [name for name in _IF_THERE[source.layout] if name in snapshot.files]
        names = {name: name for name in (*_NAMED[source.layout], *kept)}
        if source.layout == "transformers":
            split = all(name in snapshot.files for name in _PAIR)
            names |= {name: name for name in (_PAIR if split else (_JOINT,))}
    missing = [name for name in names if name not in snapshot.files]
    if missing:
        raise FetchError(
            f"{snapshot.repository} at {snapshot.commit[:12]} has no {', '.join(missing)}: it is "
            "not laid out as it was when this version was made. Another --revision may be."
        )
    return [Wanted(snapshot, remote, local) for remote, local in names.items()]


def weights_of(gathered: Path, file: Wanted) -> list[Wanted]:
    """The files beside a graph that hold its weights."""
    if not file.local.endswith(".onnx"):
        return []
    further = []
    for name in read_ports(gathered / file.local).weights:
        remote, local = (f"{path.rpartition('/')[0]}/{name}" for path in (file.remote, file.local))
        remote = remote.removeprefix("/")
        try:
            msgspec.convert(local, type=FileName)
        except msgspec.ValidationError:
            raise FetchError(f"{file.remote} wants its weights from {name!r}: refused.") from None
        if remote not in file.snapshot.files:
            raise FetchError(f"{file.snapshot.repository} lacks {remote}, which its graph needs.")
        further.append(Wanted(file.snapshot, remote, local))
    return further
