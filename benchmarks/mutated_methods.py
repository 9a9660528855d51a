"""Whether the simulations of the test suite fail on methods that are known to be wrong.

    python -m benchmarks.mutated_methods [--only WORD]    # a table: each wrong method, and the tests that fail on it
    python -m benchmarks.mutated_methods --times          # processor seconds of each simulation, and of all

Each wrong method replaces the right one wherever it is imported, and the simulations that should notice run with it.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib
import io
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special

from benchmarks.trust_labels_and_runs import published
from vqaft.evaluation import Estimate, Interval, LabelAudit
from vqaft.evaluation import statistics as right
from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_robust_error

STATISTICS = "vqaft.evaluation.statistics"
TESTS = Path(__file__).resolve().parent.parent / "tests"
SIMULATIONS = (
    "evaluation/statistics/test_coverage.py",
    "evaluation/statistics/test_win_loss.py::test_looking_ten_times_stays_below_the_level",
    "evaluation/statistics/test_win_loss.py::test_looks_at_uneven_images_stay_below_the_level",
    "evaluation/statistics/test_win_loss.py::test_four_scorers_are_corrected",
    "evaluation/statistics/test_win_loss.py::test_mid_p_keeps_its_level_and_finds_more",
    "evaluation/statistics/test_win_loss.py::test_a_promised_gain_is_found_four_times_in_five",
    "evaluation/statistics/test_win_loss.py::test_a_detectable_gain_is_found_four_times_in_five",
    "evaluation/statistics/test_agreement.py::test_intervals_of_kappa_cover_where_resampled_labels_do_not",
    "evaluation/statistics/test_prediction_powered.py::test_intervals_cover_and_are_narrower_than_people_alone",
    "evaluation/statistics/test_prediction_powered.py::test_few_and_clustered_labels_cover",
    "evaluation/test_compare_runs.py::test_intervals_of_several_runs_cover",
    "evaluation/test_compare_runs.py::test_the_noise_of_answers_counts_once",
    "evaluation/test_compare_runs.py::test_one_run_borrows_the_others_variance",
    "evaluation/test_audit_labels.py::test_the_ceiling_holds_the_truth",
    "data/splits/test_power.py::test_simulated_tests_see_the_gain_as_often_as_said",
)
"""Every simulation of the suite, below `tests`."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A wrong method.

    Attributes:
        name: What is wrong.
        place: The right method, as module and attribute, "module:name" or "module:Class.name".
        wrong: What replaces it.
        tests: Words of the names of the tests that should fail.
    """

    name: str
    place: str
    wrong: Any
    tests: str


def spread_seen(clusters: ClusterSums, *, confidence: float = 0.95, **_: Any) -> Interval:
    """Compute a normal interval from the spread that is seen."""
    error = cluster_robust_error(clusters)
    half = float(special.ndtri((1 + confidence) / 2)) * (0.0 if np.isnan(error) else error)
    return Interval(low=clusters.mean - half, high=clusters.mean + half, confidence=confidence)


def rows_for_images(values: Any, codes: Any) -> ClusterSums:
    """Take every question for an image of its own."""
    summed: ClusterSums = right_of("cluster_sums")(values, np.arange(len(codes)))
    return summed


def without_an_image_more(clusters: ClusterSums, *, extra: float, **settings: Any) -> Interval:
    """Resample what was seen only."""
    interval: Interval = right_of("bounded_mean_interval")(clusters, extra=1e-9 * extra, **settings)
    return interval


def wins_for_images(steps: Any) -> float:
    """Count won and lost questions as if each had an image of its own."""
    return right.mcnemar_exact(int(steps[steps > 0].sum()), int(-steps[steps < 0].sum()))


def without_certificate(clusters: ClusterSums, *, whole_image: bool = False, **settings: Any) -> Interval:
    """Certify by the spread that is seen."""
    return spread_seen(clusters, **settings) if whole_image else right_of("difference_interval")(clusters, **settings)


def one_look_only(differences: Any, codes: Any, **_: Any) -> float:
    """Compute the p-value of a test made once."""
    sums = right_of("cluster_sums")(differences, codes).sums
    return right.mcnemar_exact(int((sums > 0).sum()), int((sums < 0).sum()))


def by_the_image(differences: Any, codes: Any, **_: Any) -> float:
    """Bet on the mean of images, though that of questions is meant."""
    clusters = right_of("cluster_sums")(differences, codes)
    same = ClusterSums(sums=clusters.sums / clusters.sizes, sizes=np.ones(len(clusters.sums)), squares=0.0)
    return float(right_of("always_valid_p")(same.sums, np.arange(len(same.sums))))


def all_of_the_table_left_out(won: int, lost: int) -> float:
    """Leave out the whole probability of the table seen."""
    fewer = min(won, lost)
    return 2 * float(special.bdtr(fewer - 1, won + lost, 0.5)) if fewer else 0.0


def percentiles(statistic: Callable[[Any], Any], tables: Any, *, resamples: int, seed: int, **_: Any) -> Interval:
    """Take quantiles of resampled labels."""
    m = len(tables)
    weights = np.random.default_rng(seed).multinomial(m, np.full(m, 1 / m), size=resamples).astype(float)
    low, high = np.nanquantile(statistic(np.tensordot(weights, tables, axes=1)), [0.025, 0.975])
    return Interval(low=float(low), high=float(high))


def predictions_alone(truth: Any, predicted: Any, codes: Any, **_: Any) -> Estimate:
    """Take predictions for true values."""
    clusters = right_of("cluster_sums")(np.where(np.isnan(truth), predicted, truth), codes)
    return Estimate(value=clusters.mean, interval=spread_seen(clusters))


def as_published(truth: Any, predicted: Any, *_: Any, **__: Any) -> Estimate:
    """Compute a normal interval from however few labels."""
    return Estimate(value=None, interval=published(truth, predicted))


def all_looks_alike(_self: LabelAudit, checked: Mapping[str, bool], **_: Any) -> Estimate:
    """Pool the looks at doubts and at other labels, though doubts are looked at more often."""
    wrong = right.clopper_pearson(sum(checked.values()), len(checked))
    return Estimate(value=None, interval=Interval(low=1 - wrong.high, high=1 - wrong.low))


def noise_twice(values: Any, codes: Any) -> Any:
    """Leave the noise of single answers in both variances."""
    return dataclasses.replace(right_of("_run_spread")(values, codes), noise=0.0)


def one_run_is_certain(values: Any, codes: Any, spreads: Sequence[Any]) -> tuple[int, Any]:
    """Take a single run for one that would always come out the same."""
    if len(values) > 1:
        return len(values), right_of("_run_spread")(values, codes)
    return 1, dataclasses.replace(spreads[0], variance=0.0, noise=0.0)


def runs_left_out(value: float, parts: Sequence[tuple[float, int]], **settings: Any) -> Any:
    """Leave the variance between runs out."""
    return right_of("_interval")(value, parts[:1], **settings)


def without_losses(base: Any, tuned: Any, clusters: ClusterSums, **settings: Any) -> float | None:
    """Take a model that gains to lose nothing."""
    won = dataclasses.replace(clusters, sums=np.maximum(clusters.sums, 0), squares=max(0.1, clusters.sums.sum()))
    gain: float | None = right_of("detectable_gain")(base, np.maximum(base, tuned), won, **settings)
    return gain


MUTATIONS = (
    Mutation(name="interval by the spread seen", place=f"{STATISTICS}.clustered_mean:bounded_mean_interval",
             wrong=spread_seen, tests="graded_means or differences_cover or whole_margin"),
    Mutation(name="no worst-case image", place=f"{STATISTICS}.clustered_mean:bounded_mean_interval",
             wrong=without_an_image_more, tests="graded_means or differences_cover or whole_margin"),
    Mutation(name="questions taken for images", place=f"{STATISTICS}.clusters:cluster_sums",
             wrong=rows_for_images, tests="clustered_shares or verdicts_on_equal"),
    Mutation(name="sign flips of questions", place=f"{STATISTICS}.paired_tests:sign_flip_exact",
             wrong=wins_for_images, tests="verdicts_on_equal"),
    Mutation(name="certificates by the spread seen", place=f"{STATISTICS}.clustered_mean:difference_interval",
             wrong=without_certificate, tests="whole_margin"),
    Mutation(name="no correction for several scorers", place=f"{STATISTICS}.paired_tests:holm",
             wrong=list, tests="four_scorers"),
    Mutation(name="a test made once, at every look", place=f"{STATISTICS}.paired_tests:always_valid_p",
             wrong=one_look_only, tests="looking_ten"),
    Mutation(name="looks at means of images", place=f"{STATISTICS}.paired_tests:always_valid_p",
             wrong=by_the_image, tests="uneven_images_stay"),
    Mutation(name="mid-p without the table seen", place=f"{STATISTICS}.paired_tests:mcnemar_mid_p",
             wrong=all_of_the_table_left_out, tests="mid_p"),
    Mutation(name="mid-p as the exact test", place=f"{STATISTICS}.paired_tests:mcnemar_mid_p",
             wrong=right.mcnemar_exact, tests="mid_p"),
    Mutation(name="power without images", place="vqaft.data.splits.power:Power.design_effect",
             wrong=property(lambda _: 1.0), tests="promised_gain or gain_as_often"),
    Mutation(name="detectable without losses", place="vqaft.evaluation.slice_comparison:detectable_gain",
             wrong=without_losses, tests="detectable_gain"),
    Mutation(name="kappa by percentiles", place=f"{STATISTICS}.agreement:agreement_interval",
             wrong=percentiles, tests="kappa_cover"),
    Mutation(name="predictions taken for truth", place=f"{STATISTICS}.prediction_powered:prediction_powered_mean",
             wrong=predictions_alone, tests="narrower_than_people"),
    Mutation(name="normal interval from five labels", place=f"{STATISTICS}.prediction_powered:prediction_powered_mean",
             wrong=as_published, tests="few_and_clustered"),
    Mutation(name="runs: noise counted twice", place="vqaft.evaluation.compare_runs:_run_spread",
             wrong=noise_twice, tests="counts_once"),
    Mutation(name="runs: one run is certain", place="vqaft.evaluation.compare_runs:_own_or_borrowed",
             wrong=one_run_is_certain, tests="one_run_borrows"),
    Mutation(name="runs: variance between them left out", place="vqaft.evaluation.compare_runs:_interval",
             wrong=runs_left_out, tests="several_runs_cover"),
    Mutation(name="label audit: all looks alike", place="vqaft.evaluation.label_audit:LabelAudit.ceiling",
             wrong=all_looks_alike, tests="ceiling_holds"),
)  # fmt: skip

_RIGHT: dict[str, Any] = {}


def right_of(name: str) -> Any:
    """Return the method that a wrong one stands for, or leans on."""
    return _RIGHT[name] if name in _RIGHT else getattr(right, name)


class Mutate:
    """A plugin of pytest that swaps a method before the tests run, and notes what fails and how long each takes."""

    def __init__(self, mutation: Mutation | None) -> None:
        self.mutation = mutation
        self.failed: list[str] = []
        self.seconds: dict[str, float] = {}
        self.ran = 0
        self._undo: list[tuple[Any, str, Any]] = []

    def pytest_collection_finish(self) -> None:
        """Replace the method wherever it is imported."""
        if self.mutation is None:
            return
        module, _, name = self.mutation.place.partition(":")
        owner: Any = importlib.import_module(module)
        *classes, last = name.split(".")
        for one in classes:
            owner = getattr(owner, one)
        old = vars(owner)[last]
        _RIGHT[last] = old
        everywhere = [] if classes or not callable(old) else [vars(one) for one in list(sys.modules.values())]
        places = [(owner, last)] if classes or not callable(old) else []
        for namespace in everywhere:
            places += [(namespace, key) for key, value in list(namespace.items()) if value is old and key != "_RIGHT"]
        for place, key in places:
            self._set(place, key, self.mutation.wrong)
            self._undo.append((place, key, old))

    def undo(self) -> None:
        """Put the right method back."""
        for place, key, old in self._undo:
            self._set(place, key, old)
        _RIGHT.clear()

    @staticmethod
    def _set(place: Any, key: str, value: Any) -> None:
        if isinstance(place, dict):
            place[key] = value
        else:
            setattr(place, key, value)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Measure the processor time of a test."""
        started = time.process_time()
        self.ran += 1
        try:
            return (yield)
        except Exception:
            self.failed.append(item.name)
            raise
        finally:
            self.seconds[item.name] = time.process_time() - started


def run(mutation: Mutation | None) -> Mutate:
    """Run the simulations that a mutation concerns; all of them without one."""
    plugin = Mutate(mutation)
    tests = [str(TESTS / one) for one in SIMULATIONS]
    chosen = ["-k", mutation.tests] if mutation else []
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = pytest.main(["-q", "-p", "no:cacheprovider", "--tb=line", *chosen, *tests], plugins=[plugin])
    plugin.undo()
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        raise SystemExit(output.getvalue())
    return plugin


def main() -> None:
    """Print the table in Markdown; end with status 1 where a wrong method passes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--times", action="store_true")
    options = parser.parse_args()
    if options.times:
        seconds = run(None).seconds
        print("| simulation | processor seconds |\n|---|---|")
        for name, spent in sorted(seconds.items(), key=lambda one: -one[1]):
            print(f"| `{name}` | {spent:.1f} |")
        print(f"| all | {sum(seconds.values()):.1f} |")
        return
    print("| wrong method | simulations that run with it | that fail |\n|---|---|---|")
    passed = 0
    for mutation in MUTATIONS:
        if options.only not in mutation.name:
            continue
        found = run(mutation)
        passed += not found.failed
        print(f"| {mutation.name} | {found.ran} | {', '.join(found.failed) or '**none**'} |", flush=True)
    raise SystemExit(int(passed > 0))


if __name__ == "__main__":
    main()
