"""Views of a photo: itself, its mirror image, and five crops of three quarters of its sides.

How a photo's vector changes from view to view says which directions of the space are about framing
and not about what is shown, and that is worth knowing where there is one photo of a thing. (CLIP's
few-shot adapters average over such views too: Zhang et al. 2021, arXiv:2111.03930, section 4.1.)
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sightline.photos.read import PixelRecipe, decode

VIEWS = 7
_CROP = 0.75


def seven_views(data: bytes, recipe: PixelRecipe) -> npt.NDArray[np.uint8]:
    """uint8 (7, size, size, 3) from a file's bytes; the first is the photo as a library sees it.

    Raises:
        NotAPhoto, BrokenPhoto, PhotoTooLarge: the bytes can't be used.
    """
    size = recipe.size
    plain = decode(data, recipe)[1]
    # Cut from a larger square: each crop is then the resize of its part of the photo, and no more.
    large = decode(data, replace(recipe, size=round(size / _CROP)))[1]
    last = len(large) - size
    corners = ((last // 2, last // 2), (0, 0), (0, last), (last, 0), (last, last))
    crops = [large[y : y + size, x : x + size] for y, x in corners]
    return np.stack([plain, plain[:, ::-1], *crops])
