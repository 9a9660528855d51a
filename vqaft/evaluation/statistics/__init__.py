"""The statistics behind the verdict, as functions of arrays."""

from vqaft.evaluation.statistics.agreement import (
    Metric,
    agreement_interval,
    coincidences,
    krippendorff_alpha,
    weighted_kappa,
)
from vqaft.evaluation.statistics.clustered_mean import (
    bounded_mean_interval,
    clopper_pearson,
    difference_interval,
    is_binary,
    mean_interval,
)
from vqaft.evaluation.statistics.clusters import (
    ClusterSums,
    cluster_codes,
    cluster_robust_error,
    cluster_robust_interval,
    cluster_sums,
)
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.statistics.paired_tests import (
    WinLoss,
    always_valid_p,
    difference_test,
    holm,
    mcnemar_exact,
    mcnemar_mid_p,
    sign_flip_exact,
    whole_steps,
    win_loss,
)
from vqaft.evaluation.statistics.prediction_powered import prediction_powered_mean

__all__ = [
    "ClusterSums",
    "Estimate",
    "Interval",
    "Metric",
    "WinLoss",
    "agreement_interval",
    "always_valid_p",
    "bounded_mean_interval",
    "clopper_pearson",
    "cluster_codes",
    "cluster_robust_error",
    "cluster_robust_interval",
    "cluster_sums",
    "coincidences",
    "difference_interval",
    "difference_test",
    "holm",
    "is_binary",
    "krippendorff_alpha",
    "mcnemar_exact",
    "mcnemar_mid_p",
    "mean_interval",
    "prediction_powered_mean",
    "sign_flip_exact",
    "weighted_kappa",
    "whole_steps",
    "win_loss",
]
