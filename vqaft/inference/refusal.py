"""Refusals in words: replies that decline to answer instead of answering."""

# ruff: noqa: RUF001 - the patterns hold letters and signs of several scripts

from __future__ import annotations

import re

_CANNOT = (
    r"(?:can(?:no|'|’)?t|can not|could(?:n['’]t| not)|(?:am|['’]m|is|was|are) (?:not able|unable)|won['’]t|will not|"
    r"(?:do not|don['’]t) have the (?:ability|capability)|lack the ability|unable|not able|must decline|decline)"
)
_LOOK = r"(?:view|access|open|display|load|process|analy[sz]e|interpret|examine|look at|receive)"
_SERVE = (
    r"(?:help|assist|comply|answer|respond|provide|describe|discuss|offer|give|fulfil+|share|"
    r"disclose|do (?:that|this)|continue|proceed|engage|complete|support|comment)"
)
_DECIDE = r"(?:tell|determine|say|make out|confirm|verify|judge|read|decide|distinguish)"
_PICTURE = r"(?:image|picture|photo(?:graph)?|attachment|file|scan|screenshot|visual|diagram)s?"
_PERSON = r"(?:person|people|individual|human|someone|man|woman|face)s?"
# "I cannot see the image" and "I cannot identify people" refuse; "I cannot see a dog" answers.
_PERCEIVE = (
    rf"(?:(?:see|perceive|detect|find) (?:(?:an?|any|the|your|this|that|these|those|actual) ){{0,2}}(?:\w+ )?{_PICTURE}"
    rf"(?! of)\b|(?:see|perceive)(?= ?[.,!]|$)"
    rf"|(?:identify|recogni[sz]e)\b(?! (?:an?|any|evidence|signs?) (?!(?:\w+ )?(?:{_PERSON}|{_PICTURE}))))"
)
_SORRY = (
    r"(?:i['’]?m\s(?:so |very |really |truly )?sorry|i am (?:so |very )?sorry|sorry|i apologi[sz]e|(?:my )?apologies|"
    r"unfortunately|i regret)"
)
_GIVEN = r"(?:provided|attached|uploaded|included|supplied|shared|given|found|available|sent|visible to me|present)"
_SENT = r"(?:provide|attach|upload|include|share|send)(?:d|ed|nt|ched)?"
_HAVE_NOT = r"(?:(?:have|did) not|(?:have|did)n['’]t)"
_BARRED = r"(?:not|n['’]t) (?:something|possible|allowed|permitted|authori[sz]ed|comfortable|within|able)"

_ENGLISH = rf"""
# inability: "I can't help with that", "I am unable to view images"
\bi(?: (?:simply|really|just|currently|also))? ?{_CANNOT}(?: to)?(?: (?:directly|actually|currently|really))?
     (?:(?:{_SERVE}|{_LOOK})\b|{_PERCEIVE})
^\W*(?:unable|not able) to (?:(?:{_SERVE}|{_LOOK}|{_DECIDE})\b|{_PERCEIVE})
^\W*as an? (?:ai|artificial|language|large|text|virtual)\b[^.!?\n]{{0,80}}\b(?:not|n['’]t|unable|cannot)\b
# an apology: "I'm sorry, but I can't determine that"; "Sorry, there is no dog" is an answer
{_SORRY}\b[^.!?\n]{{0,60}}\b{_CANNOT}\b(?! (?:to )?(?:see|find|spot|detect|be)\b)
{_SORRY}\b[^.!?\n]{{0,60}}\b{_CANNOT}(?: to)? {_PERCEIVE}
^{_SORRY}[,. ]+(?:but )?(?:i|this|that|it)\b[^.!?\n]{{0,40}}\b{_BARRED}\b
^{_SORRY}[,. ]+(?:but )?i (?:do not|don['’]t) (?:have|feel|process|support|assist|provide|identify|do|discuss)\b
^{_SORRY}[,. ]+(?:but )?(?:no|there (?:is|was) no) {_PICTURE}\b
^{_SORRY}[,. ]+(?:but )?the {_PICTURE}\b[^.!?\n]{{0,20}}\b(?:not|n['’]t)
     (?:\w+ )?(?:{_GIVEN}|load|come|upload|open|display|attach|accessible|readable)
# a missing image: "No image was provided", "You haven't attached a picture", "The image did not load"
\bno {_PICTURE} (?:(?:was|were|is|are|has been|have been|could be|appears to be|seems to be) )?(?:\w+ )?{_GIVEN}
\bthere (?:is|was|are)(?: no|n['’]t an?| not an?) {_PICTURE}(?: \w+){{0,2}}?
     (?:{_GIVEN}|for me|to (?:look|analy|view|see|describe))
\bi (?:do not|don['’]t|cannot|can['’]t) (?:see|have|find|detect)
     (?:an?|any|the|your|access to (?:the|any|your)) (?:\w+ )?{_PICTURE}\b(?! of)
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
    [^.!?\n]{0,60}\b(?:helfen|beantworten|anzeigen|öffnen|beschreiben)
\bich (?:kann|darf)\b[^.!?\n]{0,40}\b(?:nicht|kein\w*)\b
    [^.!?\n]{0,50}\b(?:helfen|beantworten|anzeigen|öffnen|beschreiben)
\b(?:ich kann|kann ich)(?: leider)? (?:(?:das|dieses|ihr|dein|die|keine?|den|diese)\s)+
    (?:\w+ )?(?:bild\w*|foto\w*|datei\w*|grafik\w*|anhang\w*|person\w*)\b[^.!?\n]{0,20}
    \b(?:sehen|erkennen|identifizieren)
\bkein bild (?:\w+ ){0,3}(?:hochgeladen|angehängt|vorhanden|übermittelt|bereitgestellt)
# French
\bje ne (?:peux|puis|suis|parviens|vois)\b[^.!?\n]{0,30}
    (?:voir|vois|pas) (?:(?:l['’]|d['’]|cette |votre |vos |la |les |des |de |aucune |à )+)(?:image|photo|fichier|pièce)
\bje ne vois (?:pas )?(?:l['’]|d['’]|cette |votre |aucune )(?:image|photo|fichier)
\bje ne (?:peux|puis|suis)\b[^.!?\n]{0,40}(?:aider|répondre|identifier|décrire|accéder|analyser|ouvrir)
\b(?:désolée?|je m['’]excuse)\b[^.!?\n]{0,60}\b(?:(?:peux|puis|suis|pouvons|parviens) pas|impossible|pas possible)
aucune image (?:n['’]a été )?(?:fournie|jointe)
# Spanish, Italian, Portuguese
\bno (?:puedo|me es posible|soy capaz de|logro|veo) (?:ver )?(?:(?:la|las|una|ninguna|esta|su|tu) )?
    (?:imagen|imágenes|foto|archivo)
\bno (?:puedo|me es posible|soy capaz de)\b[^.!?\n]{0,30}(?:ayudar|responder|describir|acceder|analizar|abrir|procesar)
\bno (?:puedo|me es posible|soy capaz de) identificar (?:a|quién|personas|la persona)\b
\blo siento\b[^.!?\n]{0,60}\bno (?:puedo|podemos|es posible|me es|soy|tengo|estoy|logro)
ninguna imagen (?:fue |ha sido )?(?:proporcionada|adjuntada)
\bnon (?:posso|riesco a|sono in grado di|vedo) (?:vedere )?(?:l['’]|le |la |alcuna |nessuna |un['’])?
    (?:immagin|foto|file)
\bnon (?:posso|riesco|sono in grado)\b[^.!?\n]{0,30}(?:aiut|rispondere|identificare|aprire|analizzare|visualizzare)
\bmi dispiace\b[^.!?\n]{0,60}\bnon (?:posso|riesco|sono in grado|è possibile|mi è)
\bnão (?:posso|consigo|vejo) (?:ver )?(?:(?:a|as|nenhuma|esta|essa|sua) )?(?:imagem|imagens|foto|arquivo)
\bnão (?:posso|consigo)\b[^.!?\n]{0,30}(?:ajudar|responder|identificar|acessar|abrir|analisar)
\b(?:desculpe|lamento|sinto muito)\b[^.!?\n]{0,60}\bnão (?:posso|consigo|é possível|sou|estou|tenho)
# Russian
\bя не (?:могу|вижу|в состоянии)(?: (?:у?видеть|просмотреть|открыть|посмотреть))?
    (?: (?:это|ваше|ваш\w*|никак\w+|само|сам\w*|приложенн\w+))? (?:изображени|картинк|фото)
\bя не (?:могу|в состоянии)\b[^.!?\n]{0,40}(?:помо|ответ|просмотр|определить лич|опозна)
(?:к сожалению|извините|простите)[^.!?\n]{0,60}\bне (?:могу|смогу|можем|имею|удалось|получится|в состоянии|способ)
# Chinese, Japanese, Korean
(?:抱歉|对不起|對不起|很遗憾|不好意思)[^。！？\n]{0,40}(?:无法|無法|不能|不可以|没有(?:看到|收到|能力|权限|提供|上传))
我(?:无法|無法|不能|没办法)(?:回答|帮|提供|识别|访问|打开|處理|处理|分析)
我(?:无法|無法|不能|没办法|没有|看不到)(?:查看|看到|看见)?[^。，在]{0,8}(?:图|圖|照片|影像)(?![片像]?[中里裡上内])
(?:没有|未)(?:提供|上传|收到|附上)[^。\n]{0,6}(?:图片|图像|照片)
(?:申し訳|すみません|ごめんなさい|恐れ入り)[^。\n]{0,60}(?:できません|できない|かねます|いただけません)
画像(?:を|が|は)(?:見|確認|表示|開|読み込|閲覧|認識|拝見|添付|提供|届)[^。\n]{0,14}(?:ません|ない)
画像(?:が|は)ありません
(?:죄송|미안)[^.\n]{0,60}(?:수 없|수가 없|못 |못합|못하|어렵)
(?:이미지|사진|그림|파일)(?:를|을)?\s?(?:직접\s)?(?:볼|확인할|열|분석할|처리할|인식할) 수(?:가)? 없
# Hindi, Arabic
(?:क्षमा करें|माफ़ करें|माफ करें|माफ़ कीजिए|मुझे खेद)[^।\n]{0,60}(?:नहीं[^।\n]{0,12}सकत|सकत[^।\n]{0,8}नहीं|असमर्थ)
मैं [^।\n]{0,40}(?:मदद नहीं|(?:छवि|तस्वीर|चित्र|फ़ोटो|फोटो)(?: को)? (?:देख नहीं सकत|नहीं देख सकत))
(?:آسف|عذرا|عذرًا|عذراً|أعتذر|للأسف)[^.\n]{0,60}(?:لا (?:أستطيع|يمكن|أقدر|استطيع)|لم أتمكن|لست|غير قادر|ليس (?:لدي|ب))
لا (?:أستطيع|يمكنني)[^.\n]{0,20}(?:مساعد|الإجابة|(?:رؤية|عرض|فتح) (?:أي |هذه |تلك )?(?:ال)?(?:صور|ملف))
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
    rf"\b{_CANNOT}(?: to)?(?: \w+)? (?:see|perceive|{_LOOK})\b[^.!?\n]{{0,30}}\b{_PICTURE}\b|\bno {_PICTURE}\b|"
    rf"\bas an? ai\b|"
    rf"{_PICTURE} (?:was|were|is|has been) not\b",
    re.IGNORECASE,
)
_SENTENCES_READ = 2
_CHARACTERS_READ = 1500
_HINTS = (
    *("n't", "not", "no ", "able", "sorry", "apolog", "please", "you ", "ahead", "agains", "violate", "declin", "lack"),
    *("kein", "nicht", "je ne", "aucune", "no puedo", "no me", "lo siento", "non posso", "mi dispiace", "desculpe"),
    *("lamento", "ninguna", "no soy", "need", "failed", "regret", "unfortunate", "no logro", "no veo", "non riesco"),
    *("non sono", "non vedo", "sinto"),
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
