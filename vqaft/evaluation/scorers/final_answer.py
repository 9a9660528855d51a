"""The final answer of a reply that explains or reasons first."""

# ruff: noqa: RUF001 - signs and words of several scripts

from __future__ import annotations

import json
import re
from itertools import pairwise

_TAGS = re.compile("</?answer>", re.IGNORECASE)
_FENCE = re.compile(r"^```\w*\n(.*)\n?```$", re.DOTALL)
_LABELS = (
    r"answer|conclusion|antwort|réponse|reponse|respuesta|risposta|resposta|ответ|उत्तर|जवाब|الإجابة|الجواب|答案|回答|答え|"
    r"正解|정답|답"
)
_LINKS = r"[:：]|\b(?:is|are|was|would be|should be|must be|will be|lautet|ist|est|es|è|é)\b|是|为|為|は|[-–—=](?=\s)"
# A label, what may stand around it, and a link; bounded repetitions keep the time linear.
_MARK = re.compile(rf"(?:{_LABELS})[*_\s\])]{{0,4}}(?:{_LINKS})[*_:：\s]{{0,8}}(?=\S)", re.IGNORECASE)
_HEADING = re.compile(
    rf"^[#*_\s]{{1,8}}(?:the\s)?(?:final\s)?(?:{_LABELS})[*_:：\s]{{0,6}}\n+\s*(?=\S)", re.IGNORECASE | re.MULTILINE
)
_BEFORE = re.compile(
    r"(?:^|[\n.!?*#>,;:：。！？(\[]|[^\x00-\x7f])\s{0,4}[*_#]{0,6}\s{0,2}(?:(?:and|so|therefore|thus|hence)\W{1,3})?"
    r""
    r"(?:(?:the|my|our|die|la|le|el|mein\w*|ma|mi|final|correct|right|best|short|finale|richtige|correcta|bonne)\s{1,3})"
    r"{0,3}$",
    re.IGNORECASE,
)
_REACH = 48  # characters that _BEFORE can span
_HINT = re.compile(rf"{_LABELS}|boxed|[{{`]", re.IGNORECASE)
_RETRACTION = re.compile(
    r"(?:^|[.!?\n]\s*)(?:\W{0,3})(?:(?:but|no|oh|hmm)\W{1,3})?"
    r"(?:wait|actually|correction|on (?:a )?closer|looking (?:again|closer)|scratch that|let me correct|i mean|"
    r"on second thought|in fact|rather|sorry)\b",
    re.IGNORECASE,
)


def final_answer(text: str) -> str:
    r"""Return the final answer of a reply, without the reasoning before it.

    It is what stands in the last `\boxed{…}`, in the last `<answer>…</answer>`, in the field "answer" of a JSON object,
    under the last heading "Answer", or behind the last "Answer:", "Conclusion:", "the final answer is" and the like
    (in several languages), to the end of that line. A later sentence that takes it back ("Wait, …", "Actually, …") is
    part of it. Where there is nothing of the kind, the whole text is the answer.

    Args:
        text: What the model said.
    """
    if _HINT.search(text) is None:
        return text
    return _boxed(text) or _field(text) or _tagged(text) or _marked(text)


def _boxed(text: str) -> str:
    place = text.rfind("\\boxed{")
    if place < 0:
        return ""
    start = place + len("\\boxed{")
    depth = 1
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if not depth:
            return _unwrapped(text[start:end])
    return ""


def _unwrapped(latex: str) -> str:
    inner = re.fullmatch(r"\s*\\(?:text|textbf|mathrm|mathbf)\s*\{(.*)\}\s*", latex, re.DOTALL)
    latex = inner[1] if inner else latex
    return re.sub(r"\\d?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", latex).replace("\\%", "%").strip()


def _field(text: str) -> str:
    body = text.strip()
    fence = _FENCE.match(body)
    body = fence[1].strip() if fence else body
    if not (body.startswith("{") and body.endswith("}")):
        return ""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    values = [content[name] for name in ("final_answer", "answer") if name in content]
    return str(values[0]).strip() if values and isinstance(values[0], str | int | float) else ""


def _tagged(text: str) -> str:
    if "<" not in text:
        return ""
    for opening, closing in reversed(list(pairwise(_TAGS.finditer(text)))):
        if closing[0].startswith("</") and not opening[0].startswith("</"):
            return text[opening.end() : closing.start()].strip()
    return ""


def _marked(text: str) -> str:
    ends = [heading.end() for heading in _HEADING.finditer(text)]
    for mark in _MARK.finditer(text):
        place = mark.start()
        before = text[:place] if place <= _REACH else f"…{text[place - _REACH : place]}"
        if not place or _BEFORE.search(before):
            ends.append(mark.end())
    if not ends:
        return text
    line, _, rest = text[max(ends) :].partition("\n")
    answer = line.strip().strip("*_`\"'").strip()
    taken_back = _RETRACTION.search(f"\n{rest}")
    return f"{answer}\n{rest[max(0, taken_back.start() - 1) :].strip()}" if taken_back and answer else answer or text
