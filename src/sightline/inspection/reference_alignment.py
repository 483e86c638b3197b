"""Where a photo's pixels lie on a reference's: an affine map, found coarse to fine.

Turn and scale come from the Fourier-Mellin transform (Reddy and Chatterji 1996,
doi:10.1109/83.506761), the shift from phase correlation, and the rest from the inverse
compositional algorithm on an image pyramid (Baker and Matthews 2004,
doi:10.1023/B:VISI.0000011205.11775.fd).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

SIDES = (128, 256, 512, 1024)
"""Long sides of the pyramid's levels, in pixels; the first alone is searched for turn and scale."""
ENOUGH = 0.5
"""Correlation below which two pictures don't show the same thing in the same place."""
_ROUNDS = (12, 10, 6, 4)
_SCALES = (0.7, 1.4)
_SMALL_TURN = np.radians(3)
_REFINED = 3
_EPSILON = 1e-6


class Pyramid:
    """A picture in grey at every size that alignment needs, made once.

    Sizes are shares of one `side`, so that two pyramids of one side differ in scale by the map
    between them and nothing else.
    """

    def __init__(self, image: Image.Image, side: int) -> None:
        self.side = side
        self._grey = image.convert("L")
        self._levels: dict[int, Floats] = {}

    def at(self, side: int) -> Floats:
        """The picture in grey, float32 (height, width), its long side about `side` pixels."""
        if side not in self._levels:
            ratio = side / max(self._grey.size)
            size = [max(8, round(edge * ratio)) for edge in self._grey.size]
            small = self._grey.resize((size[0], size[1]), Image.Resampling.BOX)
            self._levels[side] = np.asarray(small, dtype=np.float32)
        return self._levels[side]

    @cached_property
    def spectrum(self) -> Floats:
        """The log-polar spectrum of the smallest level: turns and scales are shifts of it."""
        return _log_polar(np.abs(np.fft.fftshift(np.fft.fft2(_edges(self.at(SIDES[0]))))))


def pyramid_of(image: Image.Image) -> Pyramid:
    """The pyramid of a picture by itself: its own long side is the unit."""
    return Pyramid(image, max(image.size))


@dataclass(frozen=True, eq=False)
class Alignment:
    """The affine map from a reference's points to a photo's, and how well it explains the photo.

    `matrix` is float64 (2, 3), for points in shares of the long side, (0, 0) the left upper corner;
    `correlation` is that of the two pictures in grey where they overlap, -1 to 1.
    """

    matrix: Matrix
    correlation: float

    def warp(
        self,
        image: Image.Image,
        size: tuple[int, int],
        fill: int | tuple[int, int, int] = 0,
    ) -> Image.Image:
        """The photo as it lies on the reference, at the reference's `size`.

        Args:
            image: the photo in any size; it is sampled at the scale of its long side.
        """
        side = max(size)
        # Averaged down to the wanted scale first: sampling alone would let detail alias.
        if max(image.size) > 1.5 * side:
            ratio = side / max(image.size)
            image = image.resize(
                (max(1, round(image.width * ratio)), max(1, round(image.height * ratio))),
                Image.Resampling.BOX,
            )
        linear = self.matrix[:, :2] * (max(image.size) / side)
        shift = self.matrix[:, 2] * max(image.size)
        data = (*linear[0], shift[0], *linear[1], shift[1])
        return image.transform(
            size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR, fillcolor=fill
        )

    def inside(self, size: tuple[int, int], photo: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """Which pixels of the reference, at `size`, the photo (of shape `photo`) shows at all."""
        down, across = np.mgrid[: size[1], : size[0]].astype(np.float32) + 0.5
        side = max(size)
        x, y = self._photo_points(across / side, down / side)
        margin = 1.0 / side
        width, height = photo[0] / max(photo), photo[1] / max(photo)
        return np.asarray(
            (x >= margin) & (y >= margin) & (x <= width - margin) & (y <= height - margin)
        )

    def to_photo(self, x: float, y: float) -> tuple[float, float]:
        """A point of the reference on the photo, both in shares of the long side."""
        found = self._photo_points(np.float64(x), np.float64(y))
        return float(found[0]), float(found[1])

    def _photo_points(
        self, x: npt.NDArray[np.floating] | np.float64, y: npt.NDArray[np.floating] | np.float64
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        (a, b, c), (d, e, f) = self.matrix
        return np.asarray(a * x + b * y + c), np.asarray(d * x + e * y + f)


IDENTITY: Matrix = np.eye(3)[:2]


def align(
    photo: Pyramid, reference: Pyramid, finest: int = SIDES[-1], start: Alignment | None = None
) -> Alignment:
    """The map under which a photo agrees best with a reference.

    Where nothing agrees, the best guess is given back, with its low correlation.

    Args:
        finest: the last level that is looked at.
        start: a map found at a coarser level, instead of a search.
    """
    best = start or _searched(photo, reference)
    for side, rounds in zip(SIDES[1:], _ROUNDS[1:], strict=True):
        too_fine = side > finest or side > 1.5 * min(photo.side, reference.side)
        if best.correlation < ENOUGH or too_fine:
            break
        best = _better(photo, reference, best.matrix, side, rounds)
    return best


def _searched(photo: Pyramid, reference: Pyramid) -> Alignment:
    """The best guess at the coarsest level; the most likely ones are refined before they are
    compared, because a guess may be right and yet a few pixels off.
    """
    side = SIDES[0]
    guesses = [_correlated(photo, reference, matrix, side) for matrix in _guesses(photo, reference)]
    guesses.sort(key=lambda found: -found.correlation)
    refined = [
        _better(photo, reference, guess.matrix, side, _ROUNDS[0]) for guess in guesses[:_REFINED]
    ]
    return max(refined, key=lambda found: found.correlation)


def _better(
    photo: Pyramid, reference: Pyramid, matrix: Matrix, side: int, rounds: int
) -> Alignment:
    """A map, refined at one level if that makes the pictures agree better."""
    here = _correlated(photo, reference, matrix, side)
    found = _refined(photo.at(side), reference.at(side), matrix, rounds)
    there = _correlated(photo, reference, found, side)
    return max(here, there, key=lambda found: found.correlation)


def _guesses(photo: Pyramid, reference: Pyramid) -> list[Matrix]:
    """As it lies; shifted; and turned and scaled as the spectra say, then shifted."""
    side = SIDES[0]
    found = [IDENTITY]
    # A spectrum's own grain hides a turn by a few degrees.
    turns = [(0.0, 1.0), (_SMALL_TURN, 1.0), (-_SMALL_TURN, 1.0)]
    angle, scale = _turn_and_scale(photo.spectrum, reference.spectrum)
    if _SCALES[0] < scale < _SCALES[1]:
        # A spectrum is the same upside down: both halves of the circle are tried.
        turns += [(angle, scale), (angle + np.pi, scale)]
    middle = np.array(reference.at(side).shape[::-1]) / (2 * max(reference.at(side).shape))
    for angle, scale in turns:
        cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
        linear = np.array([[cosine, -sine], [sine, cosine]])
        centre = np.array(photo.at(side).shape[::-1]) / (2 * max(photo.at(side).shape))
        turned = np.column_stack([linear, centre - linear @ middle])
        seen = _sampled(photo.at(side), turned, reference.at(side).shape)[0]
        shift = _shift(seen, reference.at(side)) / side
        found.append(np.column_stack([linear, turned[:, 2] + linear @ shift]))
    return found


def _correlated(photo: Pyramid, reference: Pyramid, matrix: Matrix, side: int) -> Alignment:
    target = reference.at(side)
    seen, known = _sampled(photo.at(side), matrix, target.shape)
    if known.mean() < 0.5:
        return Alignment(matrix, -1.0)
    ours, theirs = seen[known] - seen[known].mean(), target[known] - target[known].mean()
    scale = float(np.sqrt((ours**2).sum() * (theirs**2).sum()))
    flat = scale < _EPSILON * ours.size
    return Alignment(matrix, 0.0 if flat else float((ours * theirs).sum()) / scale)


def _refined(photo: Floats, reference: Floats, matrix: Matrix, rounds: int) -> Matrix:
    """Inverse compositional steps: the reference's gradients, and so the normal equations, stay."""
    height, width = reference.shape
    side = max(reference.shape)
    down, across = (np.mgrid[:height, :width].astype(np.float32) + 0.5) / side
    along_y, along_x = np.gradient(reference)
    steepest = np.stack(
        [along_x * across, along_x * down, along_x, along_y * across, along_y * down, along_y]
    )
    steepest = (steepest * side).reshape(6, -1)
    current = np.vstack([matrix, [0, 0, 1]])
    for _ in range(rounds):
        seen, known = _sampled(photo, current[:2], reference.shape)
        if known.mean() < 0.5:
            return matrix
        gain = reference[known].std() / max(float(seen[known].std()), _EPSILON)
        error = (seen - seen[known].mean()) * gain - (reference - reference[known].mean())
        # A defect is no reason to shift the rest (Huber's weights).
        spread = float(np.median(np.abs(error[known]))) * 1.48 + 1
        weight = known * np.minimum(1, 2 * spread / np.maximum(np.abs(error), _EPSILON))
        weighted = steepest * weight.ravel()
        normal = weighted @ steepest.T
        normal[np.diag_indices(6)] *= 1 + _EPSILON
        try:
            step = np.linalg.solve(normal, weighted @ error.ravel())
        except np.linalg.LinAlgError:  # a picture without structure fixes no map
            return matrix
        change = np.vstack([step.reshape(2, 3), [0, 0, 0]]) + np.eye(3)
        if not np.isfinite(change).all() or abs(np.linalg.det(change)) < 0.2:
            return matrix
        current = current @ np.linalg.inv(change)
        if np.abs(step).max() * side < 0.02:
            break
    return current[:2]


def _sampled(
    photo: Floats, matrix: Matrix, shape: tuple[int, ...]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The photo at the reference's pixels, and which of them it shows."""
    size = (shape[1], shape[0])
    alignment = Alignment(matrix, 0.0)
    known = alignment.inside(size, (photo.shape[1], photo.shape[0]))
    return np.asarray(alignment.warp(Image.fromarray(photo), size), dtype=np.float32), known


def _edges(grey: Floats) -> Floats:
    """How steep a picture is at each pixel, fading to 0 at its border, on a square."""
    along_y, along_x = np.gradient(grey)
    steep = np.hypot(along_x, along_y)
    faded = steep * np.outer(np.hanning(grey.shape[0]), np.hanning(grey.shape[1]))
    side = max(SIDES[0], *grey.shape)
    square = np.zeros((side, side), np.float32)
    square[: grey.shape[0], : grey.shape[1]] = faded
    return square


def _shift(photo: Floats, reference: Floats) -> npt.NDArray[np.float64]:
    """How far right and down the photo's content lies from the reference's, in pixels."""
    return _peak(_edges(photo), _edges(reference))[0]


def _peak(photo: Floats, reference: Floats) -> tuple[npt.NDArray[np.float64], float]:
    """Phase correlation: the shift (right, down) with the highest peak."""
    cross = np.fft.rfft2(photo) * np.conj(np.fft.rfft2(reference))
    surface = np.fft.irfft2(cross / np.maximum(np.abs(cross), _EPSILON), s=photo.shape)
    down, across = np.unravel_index(int(surface.argmax()), surface.shape)
    height, width = surface.shape
    shift = [
        across - width if across > width // 2 else across,
        down - height if down > height // 2 else down,
    ]
    return np.array(shift, dtype=np.float64), float(surface[down, across])


_ANGLES, _RADII = 180, 96


def _log_polar(spectrum: npt.NDArray[np.floating]) -> Floats:
    """Magnitudes on a grid of angles (half a circle) and logarithms of radii."""
    half = spectrum.shape[0] / 2
    radii = np.exp(np.linspace(np.log(3.0), np.log(half * 0.9), _RADII))
    angles = np.arange(_ANGLES) * np.pi / _ANGLES
    across = (half + radii * np.cos(angles)[:, None]).round().astype(int)
    down = (half + radii * np.sin(angles)[:, None]).round().astype(int)
    return np.asarray(np.log1p(spectrum[down, across]), dtype=np.float32)


def _turn_and_scale(photo: Floats, reference: Floats) -> tuple[float, float]:
    """Angle in radians and factor from the reference's axes to the photo's."""
    window = np.hanning(_RADII)[None]
    ours, theirs = ((one - one.mean()) * window for one in (photo, reference))
    shift, _ = _peak(ours.astype(np.float32), theirs.astype(np.float32))
    step = (np.log(SIDES[0] / 2 * 0.9) - np.log(3.0)) / (_RADII - 1)
    return float(shift[1] * np.pi / _ANGLES), float(np.exp(-shift[0] * step))
