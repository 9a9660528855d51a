"""Pages of PDF files, frames of DICOM and TIFF files, and other kinds that only the user's own files may have."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from vqaft.check import check_records
from vqaft.data import DatasetSplitter, VQAExample, load_file, load_saved, save_examples
from vqaft.errors import ImageError
from vqaft.images import (
    ImageEncoder,
    InputLimits,
    decode_data_url,
    image_sha256,
    inspect_data_url,
    pages_of,
    perceptual_hash,
)
from vqaft.records import MessageBuilder


def pixels(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.fixture
def report(tmp_path: Path) -> Path:
    pages = []
    for number in range(3):
        page = Image.new("RGB", (360, 480), "white")
        ImageDraw.Draw(page).rectangle((30 + 90 * number, 60, 110 + 90 * number, 420), fill=(200, 60 * number, 0))
        pages.append(page)
    pages[0].save(tmp_path / "report.pdf", save_all=True, append_images=pages[1:], resolution=72)
    return tmp_path / "report.pdf"


def test_pages_of_a_pdf_are_different_images(report: Path) -> None:
    sources = pages_of(report)
    assert sources == tuple(f"{report}#page={number}" for number in (1, 2, 3))
    encoder = ImageEncoder(accepted=InputLimits(dpi=72))
    images = [encoder.encode(source) for source in sources]
    assert {(image.mime, image.width, image.height) for image in images} == {("image/png", 360, 480)}
    assert np.abs(pixels(images[2].data)[240, 250] - np.array([200, 120, 0])).max() <= 2
    assert len({image.sha256 for image in images}) == len({image_sha256(source) for source in sources}) == 3
    assert len({perceptual_hash(source) for source in sources}) == 3
    assert ImageEncoder().encode(sources[0]).width == 1000
    assert ImageEncoder(max_side=100).encode(sources[0]).height == 100


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("report.pdf", r"has 3 pages. Name one, e\.g\. .report\.pdf#page=1"),
        ("report.pdf#page=4", "has 3 pages, and no number 4"),
        ("no.pdf#page=1", "is not there"),
    ],
)
def test_pages_that_are_not_there(report: Path, name: str, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        ImageEncoder().encode(str(report.parent / name))


def test_a_page_is_bounded_before_it_is_rendered(report: Path) -> None:
    with pytest.raises(ImageError, match="pixels, more than 1000"):
        ImageEncoder(accepted=InputLimits(max_pixels=1000)).encode(f"{report}#page=1")


def test_pages_go_the_whole_way(report: Path) -> None:
    table = report.with_name("qa.csv")
    rows = [f"r{number},report.pdf#page={number},Which column?,{number}" for number in (1, 2, 3)]
    table.write_text("\n".join(["id,image,question,answer", *rows]), encoding="utf-8")
    examples = list(load_file(table))
    split = DatasetSplitter(train=2, validation=0, test=1).split(examples)
    assert (len(split.train), len(split.test)) == (2, 1)
    again = list(load_saved(save_examples(report.with_name("x.jsonl"), examples)))
    assert again == examples
    moved = list(load_saved(save_examples(report.parent / "other" / "x.jsonl", examples)))
    assert [image_sha256(example.image) for example in moved] == [image_sha256(example.image) for example in examples]
    found = [*MessageBuilder(few_shot=examples[:1]).records(examples[1:])]
    assert not [problem for problem in check_records(found).errors if problem.line is not None]


def test_a_file_whose_name_looks_like_a_page_is_that_file(tmp_path: Path) -> None:
    path = tmp_path / "odd.png#page=2"
    Image.new("RGB", (5, 4)).save(path, "PNG")
    assert ImageEncoder().encode(str(path)).width == 5


def test_pictures_of_a_tiff(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (8, 8), color) for color in ("red", "lime")]
    pictures[0].save(tmp_path / "scan.tif", save_all=True, append_images=pictures[1:])
    first, second = (ImageEncoder().encode(source) for source in pages_of(tmp_path / "scan.tif"))
    assert tuple(pixels(first.data)[0, 0]), tuple(pixels(second.data)[0, 0]) == ((255, 0, 0), (0, 255, 0))
    with pytest.raises(ImageError, match="has 2 pictures, and no number 3"):
        ImageEncoder().encode(f"{tmp_path / 'scan.tif'}#page=3")


def dicom(path: Path, values: np.ndarray[Any, Any], **header: Any) -> Path:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.PatientName = "Doe^Jane"
    frames = values if values.ndim == 3 else values[None]
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    for name, value in header.items():
        setattr(dataset, name, value)
    dataset.PixelData = frames.astype(np.uint16).tobytes()
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path


SHIFTED = {"RescaleSlope": 1, "RescaleIntercept": -1000}
RAMP = np.tile(np.array([0, 100, 200, 300, 400, 1000], dtype=np.uint16), (6, 1))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({}, [0, 26, 51, 76, 102, 255]),
        ({"WindowCenter": 200.5, "WindowWidth": 201}, [0, 0, 127, 255, 255, 255]),
        ({"WindowCenter": -799.5, "WindowWidth": 201, **SHIFTED}, [0, 0, 128, 255, 255, 255]),
        ({"PhotometricInterpretation": "MONOCHROME1"}, [255, 229, 204, 179, 153, 0]),
    ],
)
def test_dicom_is_shown_through_its_window(tmp_path: Path, header: dict[str, Any], expected: list[int]) -> None:
    image = ImageEncoder().encode(dicom(tmp_path / "a.dcm", RAMP, **header))
    assert np.abs(pixels(image.data)[2, :, 0].astype(int) - expected).max() <= 1


def test_nothing_of_a_patient_is_written(tmp_path: Path) -> None:
    path = dicom(tmp_path / "a.dcm", RAMP)
    example = VQAExample(id="1", image=path, question="Is it sharp?", answers=("yes",))
    assert b"Doe" in path.read_bytes()
    assert b"Doe" not in ImageEncoder().encode(path).data
    assert b"Doe" not in MessageBuilder().record(example).to_json()
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ImageError, match="cannot be decoded") as caught:
        ImageEncoder().encode(broken)
    assert "Doe" not in str(caught.value)


def test_frames_of_a_dicom_file(tmp_path: Path) -> None:
    path = dicom(tmp_path / "a.dcm", np.stack([RAMP, RAMP[:, ::-1]]))
    first, second = (pixels(ImageEncoder().encode(source).data)[0, :, 0] for source in pages_of(path))
    assert first.tolist() == second[::-1].tolist()
    with pytest.raises(ImageError, match="has 2 frames"):
        ImageEncoder().encode(path)


@pytest.mark.parametrize("name", ["a.jp2", "a.j2k", "a.ppm", "a.pgm", "a.pbm"])
def test_jpeg_2000_and_pnm(tmp_path: Path, name: str) -> None:
    mode = {"a.pgm": "L", "a.pbm": "1"}.get(name, "RGB")
    Image.new(mode, (12, 8), 255 if mode != "RGB" else (255, 255, 255)).save(tmp_path / name)
    image = ImageEncoder().encode(tmp_path / name)
    assert (image.mime, image.width, image.height) == ("image/png", 12, 8)
    assert pixels(image.data).min() >= 254


def test_fractions_of_a_tiff_are_scaled(tmp_path: Path) -> None:
    Image.fromarray(np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)).save(tmp_path / "f.tif")
    found = pixels(ImageEncoder().encode(tmp_path / "f.tif").data)[..., 0]
    assert found.ravel().tolist() == list(range(256))


KINDS: dict[str, Callable[[Path], Path]] = {
    "PDF": lambda folder: save(Image.new("RGB", (8, 8)), folder / "a.pdf"),
    "DICOM": lambda folder: dicom(folder / "a.dcm", RAMP),
    "JPEG2000": lambda folder: save(Image.new("RGB", (8, 8)), folder / "a.jp2"),
    "PNM": lambda folder: save(Image.new("RGB", (8, 8)), folder / "a.ppm"),
}


def save(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_from_elsewhere_is_no_document(tmp_path: Path, kind: str) -> None:
    data = KINDS[kind](tmp_path).read_bytes()
    assert ImageEncoder().encode(data).width
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    with pytest.raises(ImageError, match=f"is {kind}, which is read from files of your own alone"):
        ImageEncoder().encode(url)
    with pytest.raises(ImageError, match="files of your own alone"):
        ImageEncoder(accepted=InputLimits(fetch=lambda _: data)).encode("https://example.org/a.png")
    for gate in (lambda: decode_data_url(url), lambda: inspect_data_url(url, InputLimits())):
        with pytest.raises(ImageError):
            gate()


@pytest.mark.parametrize("wrong", [{"dpi": 0}, {"max_bytes": -1}, {"max_pixels": 1.5}, {"fetch": "yes"}])
def test_limits_are_valid_by_construction(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        InputLimits(**wrong)
