"""Labeling at a real server: by forms, and by the keyboard in a real browser."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.chromium import Browser
from tests.workbench.answered import write_project
from tests.workbench.axe import violations
from tests.workbench.running import RunningWorkbench
from vqaft.data import load_file
from vqaft.evaluation import Comparison, HumanVerdicts, RecordedJudge, calibrate
from vqaft.testing import QuickEngine
from vqaft.workbench.folder import ProjectFolder

HOSTILE = "<script>pwned=1</script>\"'&<img src=x onerror=pwned=1>\u202e"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    write_project(folder)
    (folder / "judged.json").write_bytes((folder / "comparison.json").read_bytes())
    (folder / "hostile").mkdir()
    write_project(folder / "hostile", question=HOSTILE, answers=[HOSTILE, "pink", "navy", "pink", "white", "x"])
    return folder


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[RunningWorkbench]:
    engines = {"quick": QuickEngine()}
    with RunningWorkbench.started(tmp_path_factory.mktemp("bench"), engines=engines, project=project) as running:
        yield running


def address(project: Path, name: str, person: str, **others: str) -> str:
    ids = {file.name: file.id for file in ProjectFolder(project).files()}
    more = "".join(f"&{key}={ids[other]}" for key, other in others.items())
    return f"/workbench/label/rate?answers={ids[name]}&person={person}{more}"


def opened(page: httpx.Client, place: str) -> str:
    """Return a page once its files are read."""
    for _ in range(600):
        answer = page.get(place, follow_redirects=True)
        assert answer.status_code == httpx.codes.OK, answer.text
        if "data-reload" not in answer.text:
            return answer.text
    raise AssertionError(answer.text)


def say(page: httpx.Client, place: str, verdict: str, **fields: str) -> str:
    key = re.findall(r'name="key" value="(\w+)"', opened(page, place))[0]
    answer = page.post(place, data={"key": key, "verdict": verdict, **fields})
    assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
    return answer.headers["location"]


def test_files_are_chosen(page: httpx.Client) -> None:
    text = page.get("/workbench/label").text
    for name in ("comparison.json (comparison)", "base.json (evaluation)", "base-predictions.jsonl (predictions)"):
        assert name in text


def test_the_judge_is_silent_until_the_person_has_spoken(page: httpx.Client, project: Path) -> None:
    place = address(project, "comparison.json", "Quiet")
    before = opened(page, place)
    for said in ("judge&#39;s reason", "Both models answer", "small-tuned", "does not say"):
        assert said not in before
    after = opened(page, say(page, place, "Wrong"))
    assert "You said: Wrong" in after
    assert "judge&#39;s reason for pink" in after
    assert "✓ as you" in after
    assert "Both models answer &#39;pink&#39;." in after
    assert after.count("judge&#39;s reason") == 1  # of the answer that has its verdict
    again = opened(page, f"{place}&at=1")
    assert 'aria-pressed="true"' in again
    assert "judge&#39;s reason for pink" in again


def test_verdicts_calibrate_the_judge_and_correct_the_labels(page: httpx.Client, project: Path) -> None:
    place = address(project, "judged.json", "Ann")
    verdicts = {"pink": ("wrong-label", "pink"), "navy": ("Wrong", ""), "x": ("unsure", "")}
    following = place
    for _ in range(8):
        (answer,) = re.findall(r"A model's answer</dt><dd class=\"given\">(.*?)</dd>", opened(page, following))
        verdict, corrected = verdicts.get(answer, ("Right", ""))
        following = say(page, following, verdict, corrected=corrected)
    end = opened(page, following)
    assert "Everything has a verdict" in end
    assert "2 of 6 labels that were looked at are wrong" in end
    path = project / "labels-judged-Ann.jsonl"
    ratings = HumanVerdicts.read(path).ratings
    rows = Comparison.read(project / "comparison.json").rows
    sides = [side for row in rows for side in (row.base, row.tuned)]
    judge = RecordedJudge.of(sides, "judge", levels=("Right", "Wrong"))
    found = calibrate(judge, ratings)
    assert found.confusion == ((4, 0), (1, 0))  # "navy" is wrong, and right by the judge
    assert f"{found.agreement.value:.1%}".replace("%", " %") in end
    labels = {example.metadata["verdict"]["example_id"]: example.answer for example in load_file(path)}
    assert (labels["id-1"], labels["id-3"], labels["id-0"]) == ("pink", "pink", "red")
    say(page, address(project, "judged.json", "Ben") + "&at=3", "Right")
    assert "People among themselves" in page.get(following.replace("=Ann", "=Ben")).text


def test_a_verdict_is_taken_back(page: httpx.Client, project: Path) -> None:
    place = address(project, "base.json", "Undo")
    opened(page, place)
    say(page, place, "Right")
    path = project / "labels-base-Undo.jsonl"
    assert path.exists()
    back = page.post(place, data={"verdict": "undo"})
    assert back.headers["location"].endswith("&at=1")
    assert not path.exists()
    assert page.post(place, data={"verdict": "undo"}).status_code == httpx.codes.SEE_OTHER


def test_pictures_are_pixels_alone(page: httpx.Client, project: Path) -> None:
    text = opened(page, address(project, "comparison.json", "Pic"))
    (source,) = {html.unescape(found) for found in re.findall(r'<img src="([^"]+)"', text)}
    picture = page.get(source)
    assert picture.headers["content-type"] == "image/webp"
    tag = {"if-none-match": picture.headers["etag"]}
    assert page.get(source, headers=tag).status_code == httpx.codes.NOT_MODIFIED
    for odd in ("image=7", "image=x", "image=-1", "key=none"):
        name = odd.partition("=")[0]
        assert page.get(re.sub(rf"{name}=\w+", odd, source)).status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("answers=none&person=a", 404),
        ("answers=../x&person=a", 404),
        ("person=a", 404),
        ("answers={test.jsonl}&person=a", 404),
        ("answers={base.json}&person=../a", 400),
        ("answers={base.json}&person=", 400),
        ("answers={comparison.json}&second={base.json}&person=a", 400),
        ("answers={base.json}&examples=none&person=a", 404),
    ],
)
def test_odd_addresses_are_refused(page: httpx.Client, project: Path, query: str, status: int) -> None:
    for file in ProjectFolder(project).files():
        query = query.replace(f"{{{file.name}}}", file.id)
    for path in ("rate", "agreement", "picture"):
        assert page.get(f"/workbench/label/{path}?{query}").status_code == status


def test_odd_verdicts_change_nothing(page: httpx.Client, project: Path) -> None:
    place = address(project, "base.json", "Odd")
    opened(page, place)
    assert page.post(place, data={"verdict": "Right", "key": "none"}).status_code == httpx.codes.NOT_FOUND
    key = re.findall(r'name="key" value="(\w+)"', page.get(place).text)[0]
    assert page.post(place, data={"verdict": "perhaps", "key": key}).status_code == httpx.codes.BAD_REQUEST
    evil = {"origin": "http://evil.example"}
    answer = page.post(place, data={"verdict": "Right", "key": key}, headers=evil)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert not (project / "labels-base-Odd.jsonl").exists()


def press(browser: Browser, key: str) -> None:
    """Press a key, and wait for the page that it leads to."""
    browser.events.clear()
    text = {"text": key} if len(key) == 1 else {}
    browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
    browser.call("Input.dispatchKeyEvent", type="keyUp", key=key)
    browser.loaded()


def shown(browser: Browser) -> str:
    return str(browser.run("document.querySelector('.answer dd').textContent"))


def test_one_key_a_verdict(signed_in: Browser, bench: RunningWorkbench, page: httpx.Client, project: Path) -> None:
    place = address(project, "comparison.json", "Keys")
    opened(page, place)
    path = project / "labels-comparison-Keys.jsonl"
    signed_in.open(bench.url + place)
    assert shown(signed_in) == "pink"
    press(signed_in, "2")
    assert [verdict.level for verdict in HumanVerdicts.read(path)] == ["Wrong"]
    assert "You said: Wrong" in signed_in.run("document.querySelector('.last').textContent")
    press(signed_in, "ArrowLeft")
    assert signed_in.run("document.querySelector('[aria-pressed=true]').textContent").strip().endswith("Wrong")
    press(signed_in, "ArrowRight")
    for key in "ev1":  # keys in the field are text
        signed_in.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
    assert signed_in.run("document.activeElement.id + ':' + document.activeElement.value") == "corrected:v1"
    press(signed_in, "Enter")
    assert [verdict.corrected for verdict in HumanVerdicts.read(path)] == [None, "v1"]
    press(signed_in, "0")
    press(signed_in, "u")
    assert len(HumanVerdicts.read(path)) == 2
    assert signed_in.complaints == []


def test_hostile_answers_are_text_on_a_dark_phone(
    signed_in: Browser, bench: RunningWorkbench, page: httpx.Client, project: Path
) -> None:
    place = address(project, "hostile/comparison.json", "Phone")
    opened(page, place)
    say(page, place, "wrong-label", corrected=HOSTILE)
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    signed_in.call("Emulation.setEmulatedMedia", features=[dark])
    for path in ("/workbench/label", place, f"{place}&at=1", place.replace("/rate?", "/agreement?")):
        signed_in.open(bench.url + path, width=360, height=740)
        assert signed_in.run("document.documentElement.scrollWidth <= innerWidth"), path
        assert signed_in.run("typeof window.pwned") == "undefined"
        assert violations(signed_in) == [], path
        assert signed_in.complaints == []
        assert all(request.startswith(bench.url) for request in signed_in.requests)
