"""How often verdicts are false, and how often a gain is found: tests, certificates, looks while waiting, power.

    python -m benchmarks.trust_verdicts [--runs 1000] [--only verdicts|certificates|alarms|power]

Two models that are equally accurate are called different; a tuned model that loses exactly the margin is certified as
not worse; four scorers are looked at; one looks ten times while answers come in; a gain is found that `detectable`, or
`power` with the true correlations, says is found four times in five.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.trust_intervals import Sample, chances, differences, image_sizes, sums_of
from vqaft.data import Power
from vqaft.evaluation.slice_comparison import detectable_gain
from vqaft.evaluation.statistics.clustered_mean import difference_interval
from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_sums
from vqaft.evaluation.statistics.paired_tests import always_valid_p, holm, mcnemar_exact, mcnemar_mid_p, sign_flip_exact

Floats = NDArray[np.float64]
RESAMPLES = 1000
COMPARISONS, QUANTILES = 200, np.linspace(0.05, 0.95, 10)
LOOKS = 10
MARGIN = 0.05
Draw = Callable[..., Sample]


def found(clusters: ClusterSums, seed: int, resamples: int = RESAMPLES) -> bool:
    """Whether vqaft would call the two models different."""
    steps = np.rint(clusters.sums).astype(np.int64)
    if sign_flip_exact(steps) > 0.05:
        return False
    return 0 not in difference_interval(clusters, resamples=resamples, seed=seed)


def certified(clusters: ClusterSums, margin: float, seed: int) -> tuple[bool, bool]:
    """Whether a loss below the margin, and a difference below it, are certified."""
    interval = difference_interval(clusters, confidence=0.9, resamples=RESAMPLES, seed=seed, whole_image=True)
    return interval.low > -margin, interval.low > -margin and interval.high < margin


def pair(images: int, icc: float, base: float, tuned: float, *, rng: np.random.Generator, runs: int) -> Sample:
    """Two models with images of 1 to 20 questions."""
    return differences(rng, runs, images, "1-20", icc, base, tuned)


def unswappable(rng: np.random.Generator, runs: int, images: int) -> Sample:
    """Equal accuracy; the tuned model gains on images with up to 3 questions and loses on larger ones."""
    sizes = image_sizes(rng, runs, images, "1-20")
    many = image_sizes(np.random.default_rng(1), 1, 200_000, "1-20")
    small = many <= 3
    loss = 0.2 * many[small].sum() / many[~small].sum()

    def values(part: slice) -> Floats:
        shift = np.where(sizes[part] <= 3, 0.2, -loss)[..., None]
        one, two = rng.random((2, *shift.shape[:2], int(sizes.max())))
        return np.asarray((two < 0.5 + shift).astype(np.float64) - (one < 0.5))

    return sums_of(values, sizes, 0.0)


def uneven_luck(rng: np.random.Generator, runs: int, images: int, loss: float = 0.0) -> Sample:
    """The base model is right on 9 of 10 everywhere; the tuned one all right on some images and all wrong on others."""
    sizes = image_sizes(rng, runs, images, "1-20")
    after = chances(0.9 - loss, 0.5, rng.random(sizes.shape))

    def values(part: slice) -> Floats:
        one, two = rng.random((2, *after[part].shape, int(sizes.max())))
        return np.asarray((two < after[part][..., None]).astype(np.float64) - (one < 0.9))

    return sums_of(values, sizes, -loss)


def false_verdicts(runs: int) -> Iterator[str]:
    """Verdicts on models that are equally accurate."""
    cases: list[tuple[str, Draw]] = []
    for images in (10, 20, 50, 200):
        cases += [
            (f"swappable, {images} images, icc 0.6", partial(pair, images, 0.6, 0.8, 0.8)),
            (f"gains on small, losses on large images, {images}", partial(unswappable, images=images)),
            (f"one model even, one uneven, {images} images", partial(uneven_luck, images=images)),
        ]
    for name, draw in cases:
        sample = draw(rng=np.random.default_rng(7), runs=runs)
        tests = np.mean([sign_flip_exact(np.rint(one).astype(np.int64)) <= 0.05 for one in sample.sums])
        verdicts = np.mean([found(sample.clusters(run), run) for run in range(runs)])
        yield f"| equal models: {name} | {tests:.3f} | {verdicts:.3f} |"


def false_certificates(runs: int) -> Iterator[str]:
    """Certificates at a true difference of exactly the margin."""
    cases: list[tuple[str, Draw]] = []
    for images in (10, 20, 50, 200):
        for base, tuned, icc in ((0.98, 0.93, 0.6), (0.95, 0.9, 0.2), (1.0, 0.95, 0.6), (0.95, 1.0, 0.2)):
            name = f"{base:g} to {tuned:g}, {images} images, icc {icc:g}"
            cases.append((name, partial(pair, images, icc, base, tuned)))
        cases.append((f"one even, one uneven, {images} images", partial(uneven_luck, images=images, loss=MARGIN)))
    for name, draw in cases:
        sample = draw(rng=np.random.default_rng(8), runs=runs)
        answers = [certified(sample.clusters(run), MARGIN, run) for run in range(runs)]
        share = np.mean([both if sample.truth > 0 else low for low, both in answers])
        yield f"| {name} | {share:.3f} |"


def several_scorers(runs: int) -> str:
    """Four independent scorers on equal models, with and without the correction."""
    rng = np.random.default_rng(9)
    plain = corrected = 0
    for _ in range(runs):
        p_values = []
        for _ in range(4):
            discordant = rng.binomial(200, 0.3)
            won = rng.binomial(discordant, 0.5)
            p_values.append(mcnemar_exact(int(won), int(discordant - won)))
        plain += min(p_values) <= 0.05
        corrected += min(holm(p_values)) <= 0.05
    return f"| four scorers, at least one false verdict | {plain / runs:.3f} | {corrected / runs:.3f} |"


def looking_while_waiting(runs: int) -> str:
    """Equal models, looked at after every 50 of 500 answers."""
    rng = np.random.default_rng(10)
    usual = valid = 0
    for _ in range(runs):
        differences_ = (rng.random(500) < 0.5).astype(np.float64) - (rng.random(500) < 0.5)
        looks = [differences_[: 50 * (look + 1)] for look in range(LOOKS)]
        usual += any(mcnemar_exact(int((one > 0).sum()), int((one < 0).sum())) <= 0.05 for one in looks)
        valid += any(always_valid_p(one, np.arange(len(one))) <= 0.05 for one in looks)
    return f"| ten looks, stopping at the first p below .05 | {usual / runs:.3f} | {valid / runs:.3f} |"


def looking_at_uneven_images(runs: int) -> str:
    """Equally many right answers, won on images with one question and lost on those with eight; four looks at 200."""
    rng = np.random.default_rng(15)
    usual = valid = 0
    for _ in range(runs):
        sizes = np.where(rng.random(200) < 0.8, 1, 8)
        codes = np.repeat(np.arange(200), sizes)
        shift = np.where(sizes == 1, 0.2, -0.1)[codes]
        values = (rng.random(len(codes)) < 0.5 + shift).astype(np.float64) - (rng.random(len(codes)) < 0.5)
        looks = [codes < images for images in (50, 100, 150, 200)]
        steps = [np.bincount(codes[seen], weights=values[seen]).astype(np.int64) for seen in looks]
        usual += any(sign_flip_exact(one) <= 0.05 for one in steps)
        valid += any(always_valid_p(values[seen], codes[seen]) <= 0.05 for seen in looks)
    return f"| four looks, won on small and lost on large images | {usual / runs:.3f} | {valid / runs:.3f} |"


def mid_p(runs: int) -> Iterator[str]:
    """Exact McNemar and its mid-p: false alarms, and gains of 10 points on 50 examples that are found."""
    rng = np.random.default_rng(11)
    for name, base, tuned in (("equal, 0.8", 0.8, 0.8), ("0.8 to 0.9", 0.8, 0.9)):
        exact = mid = 0
        for _ in range(runs):
            won = rng.binomial(50, (1 - base) * tuned)
            lost = rng.binomial(50 - won, base * (1 - tuned) / (1 - (1 - base) * tuned))
            exact += mcnemar_exact(int(won), int(lost)) <= 0.05
            mid += mcnemar_mid_p(int(won), int(lost)) <= 0.05
        yield f"| {name}, 50 examples: exact McNemar, mid-p | {exact / runs:.3f} | {mid / runs:.3f} |"


def rate(images: int, layout: str, icc: float, base: float, gain: float, runs: int, seed: int = 12) -> float:
    """How often a true gain is found."""
    sample = differences(np.random.default_rng(seed), runs, images, layout, icc, base, min(1.0, base + gain))
    return float(np.mean([sample.sums[run].sum() > 0 and found(sample.clusters(run), run, 500) for run in range(runs)]))


def oracle(images: int, layout: str, icc: float, base: float) -> float | None:
    """The gain that `power` promises, given the true correlations, from 20,000 images."""
    gain: float | None = 0.1
    for _ in range(4):
        if gain is None:
            return None
        tuned = min(1.0, base + gain)
        sample = differences(np.random.default_rng(13), 1, 20_000, layout, icc, base, tuned)
        clusters = sample.clusters(0)
        n = clusters.sizes.sum()
        before, after = base * (1 - base), max(1e-9, tuned * (1 - tuned))
        noise = clusters.squares / n - clusters.mean**2
        size = float(clusters.sizes @ clusters.sizes / n)
        gain = Power(
            pairs=round(images * clusters.mean_size),
            clusters=images,
            cluster_size=size,
            accuracy=base,
            icc=(clusters.design_effect - 1) / (size - 1) if size > 1 else 0.0,
            correlation=min(1.0, (before + after - noise) / (2 * (before * after) ** 0.5)),
        ).detectable_gain
    return gain


def promised(images: int, layout: str, icc: float, base: float) -> list[float]:
    """What `detectable` says in 200 comparisons whose true gain is 3 points."""
    rng = np.random.default_rng(14)
    gains = []
    for _ in range(COMPARISONS):
        sizes = image_sizes(rng, 1, images, layout)[0]
        codes = np.repeat(np.arange(images), sizes)
        luck = rng.random(images)
        other = np.where(rng.random(images) < 0.6, luck, rng.random(images))
        one = rng.random(len(codes))
        two = np.where(rng.random(len(codes)) < 0.6, one, rng.random(len(codes)))
        before = (one < chances(base, icc, luck)[codes]).astype(np.float64)
        after = (two < chances(base + 0.03, icc, other)[codes]).astype(np.float64)
        change = after - before
        clusters = cluster_sums(np.asarray(change), codes)
        gain = detectable_gain(before, after, clusters)
        gains += [] if gain is None else [gain]
    return gains


def power_lines(runs: int) -> Iterator[str]:
    """Promised and found, for `power` and for `detectable`."""
    for images in (50, 75, 100, 200, 500):
        for layout, icc, base in (("one", 0.0, 0.5), ("one", 0.0, 0.8), ("1-20", 0.2, 0.6), ("1-20", 0.5, 0.7)):
            gain = oracle(images, layout, icc, base)
            planned = "too few images" if gain is None else f"{rate(images, layout, icc, base, gain, 2 * runs):.3f}"
            said = promised(images, layout, icc, base)
            tried = np.quantile(said, QUANTILES).tolist() if said else []
            seen = [rate(images, layout, icc, base, one, runs // 5, seed) for seed, one in enumerate(tried, start=20)]
            shown = f"{np.mean(seen):.3f}" if seen else "too few images"
            points = "–" if gain is None else f"{100 * gain:.1f}"
            what = f"{images} images, {layout} question(s), icc {icc:g}, base {base:g}"
            yield f"| {what} | {points} | {planned} | {shown} |"


def tables(runs: int) -> dict[str, tuple[str, Iterator[str]]]:
    """The head and the rows of each table."""

    def alarms() -> Iterator[str]:
        yield several_scorers(runs)
        yield looking_while_waiting(runs)
        yield looking_at_uneven_images(runs)
        yield from mid_p(4 * runs)

    return {
        "verdicts": ("| false verdicts | test alone | test and interval |\n|---|---|---|", false_verdicts(runs)),
        "certificates": (
            "| a loss (or gain) of exactly the margin, 5 points | certified |\n|---|---|",
            false_certificates(runs),
        ),
        "alarms": ("| false alarms | as usual | vqaft |\n|---|---|---|", alarms()),
        "power": (
            "| power | gain, points | found, by `power` | found, by `detectable` |\n|---|---|---|---|",
            power_lines(runs),
        ),
    }


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--only", choices=("verdicts", "certificates", "alarms", "power"))
    options = parser.parse_args()
    for name, (head, rows) in tables(options.runs).items():
        if options.only in {None, name}:
            print(head, *rows, "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
