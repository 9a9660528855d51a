"""Take the pictures of the docs: `python docs/screenshots.py [NAME …]` from the repository, with Chromium installed.

Runs the blocks of the tutorial in a temporary folder, then opens what they left: the report, and the server's workbench
on the very files and jobs. Every picture is reduced to a palette, so that none is larger than 80 kB.
"""

from __future__ import annotations

import base64
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from tests.chromium import Browser, started_browser
from vqaft.engines import EmbeddedEngine
from vqaft.report import plot
from vqaft.server import Served
from vqaft.testing import ThreadServer
from vqaft.workbench import Workbench

DOCS = Path(__file__).resolve().parent
MAX_BYTES = 80_000
COLORS = (192, 128, 96, 64, 48, 32)
SMALL, WIDE = (1000, 640), (1200, 760)
STEPS = "30"


def main(wanted: list[str]) -> None:
    """Take the pictures that are named, or all."""
    with tempfile.TemporaryDirectory(prefix="shapes-") as place:
        folder = Path(place)
        os.chdir(folder)
        values = run_tutorial(folder)
        with started_browser() as browser:
            for name, take in PICTURES.items():
                if not wanted or name in wanted:
                    take(browser, folder, values, DOCS / "images" / f"{name}.png")
                    sys.stdout.write(f"{name}.png {(DOCS / 'images' / f'{name}.png').stat().st_size:,} bytes\n")


def run_tutorial(folder: Path) -> dict[str, Any]:
    """Run the tutorial's blocks in a folder, with a server whose state stays there; return what they defined."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    page = folder / "tutorial.md"
    page.write_text(text.replace("LocalServer()", 'LocalServer(folder="server")'), encoding="utf-8")
    document = Sybil(parsers=[PythonCodeBlockParser()]).parse(page)
    for example in document.examples():
        example.evaluate()
    document.namespace["comparison"].write("comparison.json")  # for the pages on which people label answers
    document.namespace["split"].save("split")
    return document.namespace


def keep(png: bytes, path: Path) -> None:
    """Write a picture with as many colors as fit into the bound."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for colors in COLORS:
        file = io.BytesIO()
        image.quantize(colors, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() <= MAX_BYTES:
            break
    else:
        raise SystemExit(f"{path.name} has {file.tell():,} bytes, above {MAX_BYTES:,}: take a smaller part")
    path.write_bytes(file.getvalue())


def shoot(browser: Browser, path: Path) -> None:
    """Take what the browser shows."""
    keep(browser.screenshot(path.with_suffix(".taken")).read_bytes(), path)
    path.with_suffix(".taken").unlink()


def take_examples(browser: Browser, folder: Path, values: dict[str, Any], path: Path) -> None:
    """Take what `show` shows in a notebook."""
    page = folder / "examples.html"
    html = values["grid"]._repr_html_()
    page.write_text(
        f"<!doctype html><meta charset=utf-8><body style='font:14px system-ui;margin:16px'>{html}", encoding="utf-8"
    )
    browser.open(page, width=SMALL[0], height=520)
    shoot(browser, path)


def take_training(_: Browser, folder: Path, values: dict[str, Any], path: Path) -> None:
    """Take the curves of the training."""
    plot(values["metrics"]).savefig(folder / "training.png", dpi=110)
    keep((folder / "training.png").read_bytes(), path)


def take_report(browser: Browser, folder: Path, _: dict[str, Any], path: Path) -> None:
    """Take the head of the report."""
    browser.open(folder / "report.html", width=SMALL[0], height=SMALL[1])
    shoot(browser, path)


def take_report_examples(browser: Browser, folder: Path, _: dict[str, Any], path: Path) -> None:
    """Take the first examples of the report."""
    browser.open(folder / "report.html", width=SMALL[0], height=SMALL[1])
    browser.run(
        "[...document.querySelectorAll('h2')].find(h => /^(Examples|Won)/.test(h.textContent)).scrollIntoView()"
    )
    settle(browser, "h2")
    shoot(browser, path)


@contextmanager
def workbench(folder: Path) -> Iterator[str]:
    """Serve the workbench on the tutorial's server folder and files; yield a link that signs in."""
    made: list[Workbench] = []

    def wrap(served: Served) -> Workbench:
        made.append(Workbench(served, project=folder))
        return made[0]

    with ThreadServer(folder / "server", engines={"embedded-vqa": EmbeddedEngine()}, wrap=wrap) as server:
        yield made[0].login_url(server.base_url)


def workbench_page(place: str, *, go: str = "", act: str = "", until: str = "main") -> Callable[..., None]:
    """Return how to take a page of the workbench.

    Args:
        place: Its path.
        go: An expression that leads to another page, e.g. a click on a link.
        act: An expression that changes the page; `PICTURE` in it is an image as a data URL.
        until: A selector of what is waited for.
    """

    def take(browser: Browser, folder: Path, _: dict[str, Any], path: Path) -> None:
        picture = base64.b64encode(next((folder / "my_images" / "images").glob("*.png")).read_bytes()).decode()
        with workbench(folder) as link:
            browser.open(link, width=WIDE[0], height=WIDE[1])
            settle(browser, "main")
            browser.open(link.split("/#")[0] + place, width=WIDE[0], height=WIDE[1])
            if go:
                browser.events.clear()
                browser.run(go)
                browser.loaded()
            if act:
                browser.run(act.replace("PICTURE", f"data:image/png;base64,{picture}"))
            settle(browser, until)
            shoot(browser, path)

    return take


def settle(browser: Browser, selector: str) -> None:
    """Wait until something is on the page, 100 seconds at most, and a second longer."""
    for _ in range(100):
        if browser.run(f"new Promise(done => setTimeout(() => done(!!document.querySelector({selector!r})), 1000))"):
            return


ASK = """(async () => {
    const bytes = await (await fetch("PICTURE").catch(() => null))?.blob();
    const blob = bytes || await new Promise(done => {
        const image = new Image();
        image.onload = () => {
            const canvas = Object.assign(document.createElement("canvas"), {width: image.width, height: image.height});
            canvas.getContext("2d").drawImage(image, 0, 0);
            canvas.toBlob(done);
        };
        image.src = "PICTURE";
    });
    const chosen = new DataTransfer();
    chosen.items.add(new File([blob], "picture.png", {type: "image/png"}));
    const input = document.querySelector("#image");
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", {bubbles: true}));
    document.querySelector("#question").value = "what shape is in the image?";
    document.querySelector("#ask").requestSubmit();
    for (const _ of Array(100)) {  // the first answer includes loading the models; the second one is shown
        await new Promise(done => setTimeout(done, 1000));
        if (document.querySelector("#answers article")) break;
    }
    document.querySelector("#answers article")?.remove();
    document.querySelector("#ask").requestSubmit();
})()"""

PICTURES = {
    "tutorial_examples": take_examples,
    "tutorial_training": take_training,
    "report": take_report,
    "report_examples": take_report_examples,
    "workbench_jobs": workbench_page("/workbench/jobs"),
    "workbench_job": workbench_page("/workbench/jobs", go="document.querySelector('a[id^=to-ftjob]').click()"),
    "workbench_file": workbench_page(
        "/workbench/files",
        go="[...document.querySelectorAll('main a')].find(a => /^train/.test(a.textContent)).click()",
    ),
    "workbench_try": workbench_page("/workbench/try", act=ASK, until="#answers article + article"),
    "workbench_label": workbench_page(
        "/workbench/label", go="document.querySelector('form.panel').requestSubmit()", until="main form"
    ),
}

if __name__ == "__main__":
    main(sys.argv[1:])
