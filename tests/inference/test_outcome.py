"""What counts as an answer: reasoning removed once, refusals and cut-off reasoning as failures."""

# ruff: noqa: RUF001 - replies in several scripts

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, Evaluator, ExactMatch
from vqaft.inference import ChatReply, Failure, Prediction, Predictor, is_refusal, outcome_of_text, split_reasoning
from vqaft.records import MessageBuilder
from vqaft.testing import ScriptedBackend

REASONED = [
    ("<think></think>cat", "cat", ""),
    ("<think>\n\n</think>\n\ncat", "cat", ""),
    ("<think>a dog?</think>cat", "cat", "a dog?"),
    ("<THINKING>a dog?</THINKING> cat", "cat", "a dog?"),
    ("a dog? no.</think>cat", "cat", "a dog? no."),
    ("<think>a<think>b</think>c</think>cat", "cat", "abc"),
    ("<think>a</think>cat<think>b</think>", "cat", "ab"),
    ("[THINK]a dog[/THINK]cat", "cat", "a dog"),
    ("◁think▷a dog◁/think▷cat", "cat", "a dog"),
    ("<|begin_of_thought|>a dog<|end_of_thought|>cat", "cat", "a dog"),
    (
        "<|channel|>analysis<|message|>a dog<|end|><|start|>assistant<|channel|>final<|message|>cat<|return|>",
        "cat",
        "a dog",
    ),
    ("<think>a dog", None, "a dog"),
    ("<|channel|>analysis<|message|>a dog", None, "a dog"),
    ("I <b>think</b> it is a cat", "I <b>think</b> it is a cat", ""),
    ("x < y", "x < y", ""),
]


@pytest.mark.parametrize(("text", "answer", "reasoning"), REASONED)
def test_reasoning_is_split_from_the_answer(text: str, answer: str | None, reasoning: str) -> None:
    assert split_reasoning(text) == (answer, reasoning)


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "cat", " ", "<reasoning>", "[THINK]", "[/THINK]"]), max_size=12)
)
def test_splitting_again_finds_nothing_more(parts: list[str]) -> None:
    answer, _ = split_reasoning("".join(parts))
    assert answer is None or split_reasoning(answer) == (answer, "")


REFUSALS = [
    "No image was provided.",
    "I'm sorry, but I can't help with that.",
    "I’m sorry, I can’t assist with identifying people.",
    "Sorry, I cannot view the picture.",
    "As an AI language model, I am not able to see images.",
    "Unable to process the image.",
    "I don't see any image attached to your message.",
    "It looks like you haven't uploaded a photo.",
    "There is no image attached.",
    "The image did not load.",
    "Please upload the image so that I can answer.",
    "I won't answer that.",
    "That would be against my guidelines.",
    "I'm unable to see the picture, but my guess is a cat.",
    "Das kann ich leider nicht beantworten.",
    "Ich kann kein Bild sehen.",
    "Je ne peux pas répondre à cette question.",
    "Lo siento, no puedo ayudar con eso.",
    "Mi dispiace, non posso rispondere.",
    "Desculpe, não posso ver a imagem.",
    "Извините, я не могу ответить.",
    "抱歉，我无法回答这个问题。",
    "申し訳ありませんが、お答えできません。",
    "죄송하지만 이미지를 볼 수 없습니다.",
    "क्षमा करें, मैं छवि नहीं देख सकता।",
    "آسف، لا أستطيع رؤية الصورة.",
    "I can't identify people.",
    "Ich kann leider keine Personen identifizieren.",
    "Je ne vois aucune image.",
    "No logro ver la foto.",
    "Non riesco a vedere l'immagine.",
    "Não consigo ver a foto.",
    "Я не вижу изображение.",
    "我看不到图片。",
    "画像が表示されていません。",
    "사진을 확인할 수 없습니다.",
    "मैं यह छवि नहीं देख सकता।",
]
ANSWERS = [
    "No",
    "No, there is no picture on the wall.",
    "I do not know.",
    "I can't tell.",
    "There is no way to know.",
    "unanswerable",
    "The dog is unable to open the door.",
    "The man cannot see the car.",
    "The sign says: sorry, we are closed",
    "I can't identify the person, but the shirt is red.",
    "The image shows no dog.",
    "Not visible",
    "no photo",
    "cat",
    "I cannot see a dog in the image.",
    "I cannot identify any fracture in this image.",
    "Sorry, there is no dog.",
    "Sorry, that is not a dog.",
    "Ich kann auf dem Bild keinen Hund sehen.",
    "Es tut mir leid, da ist kein Hund.",
    "Je ne peux pas voir de chien dans l'image.",
    "Désolé, il n'y a pas de chien.",
    "No puedo ver un perro en la imagen.",
    "Mi dispiace, non c'è un cane.",
    "Desculpe, não há cachorro.",
    "Я не вижу собаки на изображении.",
    "抱歉，图中没有狗。",
    "我没有在图片中看到狗。",
    "申し訳ありませんが、赤です。",
    "画像は犬ではありません。",
    "죄송하지만 개는 없습니다.",
    "이미지에서 개를 볼 수 없습니다.",
    "क्षमा करें, कोई कुत्ता नहीं है।",
    "عذراً، لا يوجد كلب.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_a_failure(text: str) -> None:
    outcome = outcome_of_text(text)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.partial) == ("refused", text)


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_is_no_refusal(text: str) -> None:
    assert not is_refusal(text)
    assert outcome_of_text(text) == text


@given(st.text())
def test_the_outcome_of_an_answer_is_itself(text: str) -> None:
    outcome = outcome_of_text(text)
    assert isinstance(outcome, Failure) or outcome_of_text(outcome) == outcome


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<think>it may be", "truncated"),
        ("<think>it may be</think> ", "empty"),
        ("I cannot help with that.", "refused"),
        ("<think>no image?</think>No image was attached.", "refused"),
    ],
)
def test_a_predictor_and_an_evaluator_see_the_same_failure(text: str, kind: str) -> None:
    example = VQAExample(id="1", image=b"x", question="Is it a cat?", answers=("no",))
    backend = ScriptedBackend([ChatReply(text=text, finish_reason="stop")])
    (made,) = Predictor(backend, Plain(), model="m", progress=False).predict([example])
    assert made.failure is not None
    assert made.failure.kind == kind
    foreign = Prediction(example_id="1", model="m", answer=text)
    (row,) = Evaluator({"exact": ExactMatch()}, progress=False).evaluate([example], [foreign]).rows
    assert (row.status, row.scores, row.failure and row.failure.kind) == ("failed", {}, kind)


def test_a_refusal_is_an_answer_where_it_is_the_truth() -> None:
    example = VQAExample(id="1", image=b"x", question="?", answers=("No image was provided.",))
    said = Prediction(example_id="1", model="m", answer="No image was provided.")
    (row,) = Evaluator({"exact": ExactMatch()}, progress=False).evaluate([example], [said]).rows
    assert row.value("exact") == 1


def test_no_scorer_sees_reasoning() -> None:
    example = VQAExample(id="1", image=b"x", question="?", answers=("cat",))
    assert AnsweredExample(example=example, answer="<think>dog</think>cat").answer == "cat"
    assert AnsweredExample(example=example, answer="<think>\n\n</think>\n\ncat").answer == "cat"
    assert AnsweredExample(example=example, answer="<think>cat").answer == ""


class Plain:
    """The question as the only message."""

    def request_json(self, example: VQAExample) -> bytes:
        return MessageBuilder().request_json(VQAExample(id=example.id, image=PNG, question=example.question))


PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)
