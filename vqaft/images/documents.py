"""Pages of PDF files and frames of DICOM and TIFF files as images.

`report.pdf#page=3` is the third page of a file. Documents are read from the user's own files alone, by the encoder and
by hashing: nothing that came over a network, in a record or in a request is rendered here.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.errors import ImageError, MissingExtraError, shown
from vqaft.images.decode import open_image
from vqaft.images.formats.read import sniff
from vqaft.images.source import ImageSource, InputLimits, is_web_address, located, read_source
from vqaft.typed import typed_call

DOCUMENTS = frozenset({"PDF", "DICOM"})
_OWN_FILES_ONLY = DOCUMENTS | {"JPEG2000", "PNM"}
_POINTS_PER_INCH = 72
_WHITE = 255
_BEYOND = 2.0**31
_PDFIUM = threading.Lock()  # the library is not thread-safe


def read_image(source: ImageSource, accepted: InputLimits) -> bytes | Image.Image:
    """Read an image as far as its bytes; a page of a document is rendered.

    Args:
        source: The image, in any of the forms of `ImageSource`.
        accepted: The limits for its bytes and pixels, and the resolution of pages.

    Returns:
        The bytes of an image file, or a PIL image for pixels and pages.

    Raises:
        ImageError: If it cannot be read, has no such page, or is a document that is not the user's own file.
        MissingExtraError: If the library for documents of its kind is not installed.
    """
    found = read_source(source, accepted)
    if not isinstance(found, bytes):
        return found
    kind, page = sniff(found), page_of(source)
    if kind in _OWN_FILES_ONLY and _came_from_elsewhere(source):
        raise ImageError(f"is {kind}, which is read from files of your own alone")
    return found if kind not in DOCUMENTS and page is None else _page(found, kind, page, accepted)


def page_of(source: ImageSource) -> int | None:
    """Return the page that a source names, from 1; None if it names none."""
    if isinstance(source, Mapping):
        path = source.get("path")
        return located(path)[1] if isinstance(path, str) else None
    return located(fspath(source))[1] if isinstance(source, str | PathLike) else None


@typed_call
def pages_of(path: str | PathLike[str]) -> tuple[str, ...]:
    """Return every page of a PDF file, frame of a DICOM file, or picture of a TIFF file as an image source.

    Args:
        path: The file, e.g. "report.pdf".

    Returns:
        "report.pdf#page=1", "report.pdf#page=2", and so on.

    Raises:
        ImageError: If the file cannot be read.
        MissingExtraError: If the library for it is not installed.
    """
    accepted = InputLimits()
    try:
        data = read_source(fspath(path), accepted)
        count = _count(data, accepted) if isinstance(data, bytes) else 1
    except MissingExtraError:
        raise
    except ImageError as error:
        error.path = error.path or fspath(path)
        raise
    except Exception as error:  # decoders fail in every way
        raise ImageError(f"cannot be read ({shown(str(error), 200)})", path=path) from error
    return tuple(f"{fspath(path)}#page={number}" for number in range(1, count + 1))


def _count(data: bytes, accepted: InputLimits) -> int:
    kind = sniff(data)
    if kind == "PDF":
        with _PDFIUM:
            return len(_opened_pdf(data))
    if kind == "DICOM":
        return _frames(_dataset(data))
    return int(getattr(open_image(data, accepted), "n_frames", 1))


def _came_from_elsewhere(source: ImageSource) -> bool:
    return is_web_address(source) or (isinstance(source, str) and source[:5].lower() == "data:")


def _page(data: bytes, kind: str | None, page: int | None, accepted: InputLimits) -> bytes | Image.Image:
    if kind == "PDF":
        with _PDFIUM:
            return _pdf_page(data, page, accepted)
    if kind == "DICOM":
        return _decoded(data, page, accepted)
    image = open_image(data, accepted)
    number = _checked(page, int(getattr(image, "n_frames", 1)), "pictures")
    if getattr(image, "n_frames", 1) == 1:
        return data
    image.seek(number)
    image.load()
    return image.copy()


def _checked(page: int | None, count: int, what: str) -> int:
    """Return the number of a page from 0; the only one if none is named."""
    if page is None and count == 1:
        return 0
    if page is None:
        raise ImageError(f"has {count} {what}", hint='Name one, e.g. "report.pdf#page=1"; pages_of(path) lists them.')
    if page > count:
        raise ImageError(f"has {count} {what}, and no number {page}")
    return page - 1


def _opened_pdf(data: bytes) -> Any:
    try:
        import pypdfium2
    except ImportError as error:
        raise MissingExtraError("pypdfium2", extra="pdf") from error
    return pypdfium2.PdfDocument(data)


def _pdf_page(data: bytes, page: int | None, accepted: InputLimits) -> Image.Image:
    document = _opened_pdf(data)
    try:
        shown = document[_checked(page, len(document), "pages")]
        scale = accepted.dpi / _POINTS_PER_INCH
        accepted.check_size(*(max(1, round(side * scale)) for side in shown.get_size()))
        image: Image.Image = shown.render(scale=scale, rev_byteorder=True).to_pil()
        return image.convert("RGB")
    finally:
        document.close()


def _dataset(data: bytes) -> Any:
    try:
        import pydicom
    except ImportError as error:
        raise MissingExtraError("pydicom", extra="dicom") from error
    return pydicom.dcmread(io.BytesIO(data))


def _frames(dataset: Any) -> int:
    if "Rows" not in dataset or "Columns" not in dataset:
        raise ImageError("is a DICOM file without an image")
    return int(dataset.get("NumberOfFrames") or 1)


def _decoded(data: bytes, page: int | None, accepted: InputLimits) -> Image.Image:
    try:
        return _dicom_frame(data, page, accepted)
    except (ImageError, MissingExtraError):
        raise
    except Exception as error:  # noqa: BLE001 - decoders fail in every way
        # Without the decoder's own words, which may quote the header: a patient's name, for instance.
        hint = "Compressed files need the libraries of: pip install 'vqaft[dicom]'."
        raise ImageError(f"is a DICOM file that cannot be decoded ({type(error).__name__})", hint=hint) from None


def _dicom_frame(data: bytes, page: int | None, accepted: InputLimits) -> Image.Image:
    """Decode one frame: modality and VOI transformation applied, colors as RGB, no overlay, nothing of the header."""
    from pydicom.pixels.processing import apply_color_lut
    from pydicom.pixels.utils import pixel_array

    dataset = _dataset(data)
    number = _checked(page, _frames(dataset), "frames")
    accepted.check_size(int(dataset.Columns), int(dataset.Rows))
    pixels = pixel_array(dataset, index=number)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, dataset)
    if pixels.ndim == 3:  # noqa: PLR2004 - height, width, color
        return Image.fromarray(_eight_bit(pixels, float(np.iinfo(pixels.dtype).max)))
    return Image.fromarray(_gray(pixels, dataset)).convert("RGB")


def _gray(pixels: NDArray[Any], dataset: Any) -> NDArray[np.uint8]:
    from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

    values = np.asarray(apply_modality_lut(pixels, dataset))
    shades = np.asarray(apply_voi_lut(values, dataset), dtype=np.float64)
    if "VOILUTSequence" in dataset:
        table = np.asarray(dataset.VOILUTSequence[0].LUTData)
        low, high = float(table.min()), float(table.max())
    elif "WindowWidth" in dataset:
        beyond = np.array([-_BEYOND, _BEYOND])  # any window: its darkest and its lightest value
        low, high = map(float, apply_voi_lut(beyond, dataset))
    else:
        low, high = float(shades.min()), float(shades.max())
    scaled = _eight_bit(shades - low, high - low)
    return _WHITE - scaled if dataset.PhotometricInterpretation == "MONOCHROME1" else scaled


def _eight_bit(values: NDArray[Any], full: float) -> NDArray[np.uint8]:
    if full <= 0:
        return np.zeros(values.shape, dtype=np.uint8)
    return np.rint(np.clip(values * (_WHITE / full), 0, _WHITE)).astype(np.uint8)
