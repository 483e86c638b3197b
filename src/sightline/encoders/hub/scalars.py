"""The two numbers that make a probability of a cosine, out of the makers' weights file.

ONNX exports of SigLIP leave them out. A safetensors file begins with the length of a JSON header
that says where each tensor is (https://huggingface.co/docs/safetensors), so three small reads of a
file of gigabytes are enough.
"""

import json
import math
import struct

from sightline.encoders.hub.client import Hub, Snapshot
from sightline.encoders.spec import Calibration
from sightline.errors import FetchError

_LONGEST_HEADER = 1 << 24
_FORMATS = {"F32": "<f", "F64": "<d"}


def read_calibration(hub: Hub, snapshot: Snapshot, file: str) -> Calibration:
    """Scale (e to the learned power) and bias of σ(scale · cosine + bias).

    Raises:
        FetchError: the file can't be read, or holds no such numbers.
    """
    (length,) = struct.unpack("<Q", hub.read_range(snapshot, file, 0, 8))
    if length > _LONGEST_HEADER:
        raise FetchError(f"{file} of {snapshot.repository} is no safetensors file.")
    try:
        header = json.loads(hub.read_range(snapshot, file, 8, length))
        numbers = {}
        for name in ("logit_scale", "logit_bias"):
            start, stop = header[name]["data_offsets"]
            data = hub.read_range(snapshot, file, 8 + length + start, stop - start)
            (numbers[name],) = struct.unpack(_FORMATS[header[name]["dtype"]], data)
    except (ValueError, KeyError, TypeError, struct.error):
        raise FetchError(
            f"{file} of {snapshot.repository} holds no logit_scale and logit_bias."
        ) from None
    return Calibration(
        scale=math.exp(numbers["logit_scale"]),
        bias=numbers["logit_bias"],
        source=f"learned by its makers: {snapshot.repository}@{snapshot.commit[:12]}",
    )
