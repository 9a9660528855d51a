"""Hostile examples: shared images, numbers and null words as answers, an EXIF turn, transparency."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from vqaft.data import VQAExample

ORIENTATION = 0x0112


def picture(seed: int, size: tuple[int, int] = (48, 32)) -> Image.Image:
    image = Image.new("RGB", size, (seed * 53 % 256, seed * 101 % 256, 90))
    ImageDraw.Draw(image).rectangle((4, 4, 10 + seed % 20, 12), fill=(250, 250, 250 - seed % 200))
    return image


def image_files(folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    turn = Image.Exif()
    turn[ORIENTATION] = 6
    picture(1).save(folder / "a.jpg", quality=90)
    picture(2).save(folder / "b.png")
    picture(3, (40, 80)).save(folder / "turned.jpg", exif=turn)
    picture(4).convert("RGBA").save(folder / "alpha.png")
    return {name: str(folder / name) for name in ("a.jpg", "b.png", "turned.jpg", "alpha.png")}


def examples(folder: Path) -> list[VQAExample]:
    files = image_files(folder)
    return [
        VQAExample(
            id="r0",
            image=files["a.jpg"],
            question="Which company?",
            answers=("BOOK TA .K (TAMAN DAYA) SDN BHD",),
            question_type="company",
            kind="open",
            group="shop-1",
            metadata={"page": 1, "tags": ["x", "y"]},
        ),
        VQAExample(id="r1", image=files["a.jpg"], question="What is the total?", answers=("9.00",), group="shop-1"),
        VQAExample(
            id="r2", image=files["b.png"], question="When?", answers=("25/12/2018", "25 Dec 2018"), question_type="date"
        ),
        VQAExample(id="r3", image=files["b.png"], question='A\n\t"q" é 漢字 🧾?', answers=("2018-12-25",)),
        VQAExample(id="r4", image=files["turned.jpg"], question="Is it paid? ", answers=("007",)),
        VQAExample(id="r5", image=files["alpha.png"], question="Above 5?", answers=("None",)),
    ]
