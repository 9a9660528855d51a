"""Refusals in words: replies that decline to answer instead of answering."""

# ruff: noqa: RUF001 - the patterns hold letters and signs of several scripts

from __future__ import annotations

import re

_CANNOT = (
    r"(?:can(?:no|'|’)?t|can not|could(?:n['’]t| not)|(?:am|['’]m|is|was|are) (?:not able|unable)|won['’]t|will not|"
    r"(?:do not|don['’]t) have the (?:ability|capability)|lack the ability|unable|not able|must decline|decline)"
)
_LOOK = r"(?:see|view|access|open|display|load|process|analy[sz]e|interpret|examine|look at|perceive|receive)"
_SERVE = (
    r"(?:help|assist|comply|answer|respond|provide|identify|describe|discuss|recogni[sz]e|offer|give|fulfil+|share|"
    r"disclose|do (?:that|this)|continue|proceed|engage|complete|support|comment)"
)
_DECIDE = r"(?:tell|determine|say|make out|confirm|verify|judge|read|decide|detect|distinguish)"
_PICTURE = r"(?:image|picture|photo(?:graph)?|attachment|file|scan|screenshot|visual|diagram)s?"
_SORRY = (
    r"(?:i['’]?m\s(?:so |very |really |truly )?sorry|i am (?:so |very )?sorry|sorry|i apologi[sz]e|(?:my )?apologies|"
    r"unfortunately|i regret)"
)
_GIVEN = r"(?:provided|attached|uploaded|included|supplied|shared|given|found|available|sent|visible to me|present)"
_SENT = r"(?:provide|attach|upload|include|share|send)(?:d|ed|nt|ched)?"
_HAVE_NOT = r"(?:(?:have|did) not|(?:have|did)n['’]t)"

_ENGLISH = rf"""
# inability: "I can't help with that", "I am unable to view images"
\bi(?: (?:simply|really|just|currently|also))? ?{_CANNOT}(?: to)?(?: (?:directly|actually|currently|really))?
     (?:{_SERVE}|{_LOOK})\b
^\W*(?:unable|not able) to (?:{_SERVE}|{_LOOK}|{_DECIDE})\b
^\W*as an? (?:ai|artificial|language|large|text|virtual)\b[^.!?\n]{{0,80}}\b(?:not|n['’]t|unable|cannot)\b
# an apology: "I'm sorry, but I can't determine that"
{_SORRY}\b[^.!?\n]{{0,60}}\b{_CANNOT}\b
^{_SORRY}[,. ]+(?:but )?(?:i|this|that|there|no|the {_PICTURE})\b
    [^.!?\n]{{0,40}}\b(?:{_CANNOT}|not|n['’]t|no)\b
# a missing image: "No image was provided", "You haven't attached a picture", "The image did not load"
\bno {_PICTURE} (?:(?:was|were|is|are|has been|have been|could be|appears to be|seems to be) )?(?:\w+ )?{_GIVEN}
\bthere (?:is|was|are)(?: no|n['’]t an?| not an?) {_PICTURE}(?: \w+){{0,2}}?
     (?:{_GIVEN}|for me|to (?:look|analy|view|see|describe))
\bi (?:do not|don['’]t|cannot|can['’]t) (?:see|have|find|detect)
     (?:an?|any|the|your|access to (?:the|any|your)) (?:\w+ )?{_PICTURE}\b
\byou {_HAVE_NOT} (?:\w+ )?{_SENT} (?:an?|any|the|your) (?:\w+ )?{_PICTURE}\b
\bthe {_PICTURE} (?:{_HAVE_NOT}|has not|hasn['’]t|does not|doesn['’]t|failed to|could not|couldn['’]t|cannot|can['’]t)
     (?:be |appear to be )?(?:load|upload|attach|come through|open|display|view|access|process)
\b(?:please|could you|can you|you need to|i(?:['’]d| would)? need(?: you)? to|go ahead and)(?: please)?
     (?:provide|upload|attach|share|send|supply|re-?upload)\b[^.!?\n]{{0,50}}\b(?:{_PICTURE}|details|information)\b
# policy
\b(?:against|violates?) (?:my|our|the) (?:\w+ )?(?:guidelines|policy|policies|rules|principles|programming)\b
"""
_OTHERS = r"""
# German
\b(?:kann|darf) (?:ich|das|dies|dabei)\b[^.!?\n]{0,60}\b(?:nicht|kein\w*)\b
    [^.!?\n]{0,60}\b(?:sehen|erkennen|helfen|beantworten|anzeigen|öffnen|beschreiben)
\bich (?:kann|darf)\b[^.!?\n]{0,40}\b(?:nicht|kein\w*)\b
    [^.!?\n]{0,50}\b(?:sehen|erkennen|helfen|beantworten|anzeigen|öffnen|beschreiben)
\bkein bild (?:\w+ ){0,3}(?:hochgeladen|angehängt|vorhanden|übermittelt|bereitgestellt)
# French
\bje ne (?:peux|puis|suis)\b[^.!?\n]{0,40}(?:voir|aider|répondre|identifier|décrire|accéder|analyser|ouvrir)
\b(?:désolée?|je m['’]excuse)\b[^.!?\n]{0,60}\b(?:pas|impossible)\b
aucune image (?:n['’]a été )?(?:fournie|jointe)
# Spanish, Italian, Portuguese
\bno (?:puedo|me es posible|soy capaz de)\b
    [^.!?\n]{0,30}(?:ver|ayudar|responder|identificar|describir|acceder|analizar|abrir|procesar)
\blo siento\b[^.!?\n]{0,60}\bno\b
ninguna imagen (?:fue |ha sido )?(?:proporcionada|adjuntada)
\bnon posso\b[^.!?\n]{0,30}(?:vedere|aiutare|aiutar|rispondere|identificare)
\bmi dispiace\b[^.!?\n]{0,60}\bnon\b
\bnão (?:posso|consigo)\b[^.!?\n]{0,30}(?:ver|ajudar|responder|identificar|acessar)
\b(?:desculpe|lamento)\b[^.!?\n]{0,60}\bnão\b
# Russian
\bя не (?:могу|вижу|в состоянии)\b[^.!?\n]{0,40}(?:изображен|картин|помо|ответ|увид|просмотр|определ|фото)
(?:к сожалению|извините|простите)[^.!?\n]{0,60}\bне\b
# Chinese, Japanese, Korean
(?:抱歉|对不起|對不起|很遗憾|不好意思)[^。！？\n]{0,40}(?:无法|無法|不能|没有|沒有|不可以)
我(?:无法|無法|不能|没办法)(?:查看|看到|看见|回答|帮|提供|识别|访问|打开|處理|处理|分析)
(?:没有|未)(?:提供|上传|收到|附上)[^。\n]{0,6}(?:图片|图像|照片)
(?:申し訳|すみません|ごめんなさい|恐れ入り)[^。\n]{0,60}(?:できません|できない|ません|かねます)
画像(?:を|が|は)[^。\n]{0,20}(?:見ることができません|見えません|表示できません|確認できません|ありません|添付されて)
(?:죄송|미안)[^.\n]{0,60}(?:없습니다|수 없|못)
# Hindi, Arabic
(?:क्षमा करें|माफ़ करें|माफ करें|मुझे खेद)[^।\n]{0,60}(?:नहीं|असमर्थ)
मैं [^।\n]{0,40}(?:देख नहीं सकत|नहीं देख सकत|मदद नहीं)
(?:آسف|عذرا|عذرًا|أعتذر|للأسف)[^.\n]{0,60}(?:لا |لم |ليس)
لا (?:أستطيع|يمكنني)[^.\n]{0,30}(?:رؤية|مساعد|الإجابة|عرض|فتح)
"""


def _forms(table: str) -> list[str]:
    """Read a table of patterns: one a line, lines that are indented by four go on, the next blank is part of it."""
    lines = [line for line in table.splitlines() if line and not line.startswith("#")]
    return "\n".join(lines).replace("\n    ", "").split("\n")


_REFUSAL = re.compile("|".join(f"(?:{form})" for form in _forms(_ENGLISH) + _forms(_OTHERS)), re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।])|\n+")
_ANSWER_FOLLOWS = re.compile(
    r"\b(?:but|however|although|though|still|nevertheless)\b[^.!?]{0,60}\b(?:appears?|seems?|looks?|is|are|would|guess|"
    r"think|believe|answer)\b|\b(?:the|my|final) answer\b|\banswer\s*:",
    re.IGNORECASE,
)
_BLIND = re.compile(
    rf"\b{_CANNOT}(?: to)?(?: \w+)? {_LOOK}\b[^.!?\n]{{0,30}}\b{_PICTURE}\b|\bno {_PICTURE}\b|\bas an? ai\b|"
    rf"{_PICTURE} (?:was|were|is|has been) not\b",
    re.IGNORECASE,
)
_SENTENCES_READ = 2
_CHARACTERS_READ = 1500
_HINTS = (
    *("n't", "not", "no ", "able", "sorry", "apolog", "please", "you ", "ahead", "agains", "violate", "declin", "lack"),
    *("kein", "nicht", "je ne", "aucune", "no puedo", "no me", "lo siento", "non posso", "mi dispiace", "desculpe"),
    *("lamento", "ninguna", "no soy", "need", "failed", "regret", "unfortunate"),
)
"""What stands in every refusal in ASCII; a look that costs little."""
_SHORTEST = 3  # words: no refusal in a script with blanks is shorter


def _may_refuse(lowered: str) -> bool:
    return any(hint in lowered for hint in _HINTS)


def is_refusal(text: str) -> bool:
    """Return whether a reply declines to answer.

    A refusal says in its first two sentences that the model cannot see the image, may not or will not help, or asks for
    the image ("I'm sorry, I can't help with that.", "No image was provided."). That something is not known or not
    visible ("I do not know.", "I can't tell.") is an answer, which scorers find wrong. A reply that goes on to answer
    ("I can't identify people, but the shirt is red.") is no refusal, unless the model has not seen the image.
    Recognized in English, German, French, Spanish, Italian, Portuguese, Russian, Chinese, Japanese, Korean, Hindi and
    Arabic.

    Args:
        text: The answer, without reasoning.
    """
    opening = text[:_CHARACTERS_READ].strip()
    if opening.isascii() and (opening.count(" ") < _SHORTEST - 1 or not _may_refuse(opening.lower())):
        return False
    sentences = [part for part in _SENTENCE_END.split(opening) if part.strip()]
    first = " ".join(sentences[:_SENTENCES_READ])
    if _REFUSAL.search(first) is None:
        return False
    return _ANSWER_FOLLOWS.search(opening) is None or _BLIND.search(first) is not None
