"""Decoding at a smaller size: the same picture in the same place."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from vqaft.images import ImageEncoder
from vqaft.images.codec import Codec


@pytest.mark.parametrize("codec", ["pillow", "fast"])
@pytest.mark.parametrize("size", [(200, 150), (201, 151), (499, 333), (77, 400)])
@pytest.mark.parametrize("max_side", [20, 37, 60])
def test_scaled_decoding_does_not_move_the_picture(
    codec: Codec, size: tuple[int, int], max_side: int, picture: Callable[..., Image.Image]
) -> None:
    if codec == "fast":
        pytest.importorskip("pyvips", reason="needs the extra fast")
    whole, buffer = picture(*size), io.BytesIO()
    whole.save(buffer, "JPEG", quality=95, subsampling=0)
    made = ImageEncoder(codec=codec, max_side=max_side, format="png").encode(buffer.getvalue())
    shown = np.asarray(Image.open(io.BytesIO(made.data)), dtype=int)
    expected = np.asarray(whole.resize((made.width, made.height), Image.Resampling.BICUBIC), dtype=int)
    # Written as PNG, so that what is left is the decoding. Taking the rounded size for the picture gives up to 2.8.
    assert np.abs(shown - expected).mean() < 1.2
