"""Many questions at once: answers in order, nothing lost where the run has to stop."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vqaft.data import VQAExample
from vqaft.errors import ServiceError
from vqaft.inference.asking import Asker
from vqaft.inference.journal import Journal
from vqaft.inference.prediction import Prediction
from vqaft.inference.predictions import Predictions
from vqaft.parallel import ordered_map


@dataclass(frozen=True, kw_only=True)
class Question:
    """One model to be asked about one example.

    Attributes:
        asker: Asks the model.
        example: What to ask about.
    """

    asker: Asker
    example: VQAExample


def run(
    questions: Sequence[Question], *, workers: int, journal: Journal | None, label: str, progress: bool
) -> list[Prediction]:
    """Ask all questions, many at once.

    Args:
        questions: What to ask, in the order in which they are begun.
        workers: How many requests at once.
        journal: Where answers are kept.
        label: What the progress bar is called.
        progress: Whether to show one.

    Returns:
        The predictions, in the order of the questions.

    Raises:
        ServiceError: If no further request can succeed; with the answers until then as `partial`.
        KeyboardInterrupt: After the requests under way were waited for.
    """
    from tqdm.auto import tqdm

    stop = threading.Event()
    finished: dict[int, Prediction] = {}
    troubles: list[BaseException] = []

    def ask(number: int) -> Prediction:
        question = questions[number]
        try:
            finished[number] = question.asker.ask(question.example, journal=journal, stop=stop)
        except BaseException as error:
            troubles.append(error)
            stop.set()
            raise
        return finished[number]

    with tqdm(total=len(questions), desc=label, unit="answer", disable=not progress) as bar:
        shown = _Shown(bar, questions)
        try:
            for prediction in ordered_map(ask, range(len(questions)), workers=workers, window=8 * workers, stop=stop):
                shown.add(prediction)
        except Exception:  # noqa: BLE001 - raised again, as the one that came first
            # Questions that were merely stopped may stand before the one whose trouble stopped them.
            raise _with_partial(troubles[0], finished) from None
        except KeyboardInterrupt:
            kept = f"{len(finished)} answers are in {journal.path}; r" if journal else "R"
            bar.write(f"Stopped. {kept}un the same again to go on.")
            raise
    return [finished[number] for number in range(len(questions))]


def _with_partial(error: BaseException, finished: Mapping[int, Prediction]) -> BaseException:
    if isinstance(error, ServiceError):
        error.partial = Predictions(finished[number] for number in sorted(finished))
    return error


class _Shown:
    """Failures, tokens and dollars beside the progress bar."""

    def __init__(self, bar: Any, questions: Sequence[Question]) -> None:
        self._bar = bar
        self._askers = [question.asker for question in questions[:1]]  # all questions of a run share one service
        self._counts: Counter[str] = Counter()

    def add(self, prediction: Prediction) -> None:
        if prediction.failure is not None:
            self._counts[prediction.failure.kind] += 1
        self._counts["tokens"] += (prediction.prompt_tokens or 0) + (prediction.completion_tokens or 0)
        shown: dict[str, Any] = {name: count for name, count in self._counts.items() if count}
        for asker in self._askers:
            if asker.spent_dollars is not None:
                shown["spent"] = f"${asker.spent_dollars:,.2f}"
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()
