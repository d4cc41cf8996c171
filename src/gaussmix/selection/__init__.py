"""Model choice: which family, and how many components.

`search` fits every cell of the table family x n_components; a `Criterion` gives each
cell a number; `GaussianMixtureIC` (of `gaussmix.estimators`, which needs scikit-learn) is the
estimator around both.
"""

from .cells import Cell, best_cell, describe_skipped
from .criteria import Criterion, get_criterion, list_criteria
from .search import choose_families, search
from .table import ResultsTable

__all__ = [
    "Cell",
    "Criterion",
    "ResultsTable",
    "best_cell",
    "choose_families",
    "describe_skipped",
    "get_criterion",
    "list_criteria",
    "search",
]
