"""uint8 pixels → what a graph takes that does not normalise them itself."""

import numpy as np
import numpy.typing as npt

from sightline.encoders.spec import ImageSpec


def graph_pixels(
    pixels: npt.NDArray[np.uint8], image: ImageSpec
) -> npt.NDArray[np.uint8] | npt.NDArray[np.float32]:
    """The image graph's input.

    Args:
        pixels: uint8 (n, size, size, 3), RGB.

    Returns:
        The same, or float32 (n, 3, size, size) of (v / 255 - mean) / std.
    """
    if image.tensor == "uint8_nhwc":
        return pixels
    # One multiplication and one addition instead of two divisions and a subtraction.
    std = np.asarray(image.std, dtype=np.float32)
    mean = np.asarray(image.mean, dtype=np.float32)
    scaled = pixels * (1 / (255 * std)) - mean / std
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)
