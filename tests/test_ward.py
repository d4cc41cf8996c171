"""Ward's clusters of many data sets: those of SciPy for each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, ward

from gaussmix.starts.ward import ward_of_many


@pytest.mark.parametrize("shape", [(60, 40, 1), (60, 33, 3), (3, 50, 2)])
@pytest.mark.parametrize("loops", [True, False])
def test_clusters_are_those_of_each_data_set_alone(shape, loops, monkeypatch):
    if not loops:
        monkeypatch.setattr("gaussmix.starts.ward._loops", lambda: None)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=shape) + 3 * rng.integers(3, size=(*shape[:2], 1))
    sizes = [1, 2, 3, 7, shape[1]]
    for k, labels in zip(sizes, ward_of_many(rows, sizes, 2), strict=True):
        for own, x in zip(labels, rows, strict=True):
            expected = fcluster(ward(x), k, "maxclust")
            pairs = {*zip(own.tolist(), expected.tolist(), strict=True)}
            assert len(pairs) == len({*own.tolist()}) == k
            assert own[np.sort(np.unique(own, return_index=True)[1])].tolist() == [*range(k)]


def test_rows_that_are_equal_are_cut_into_as_many_clusters():
    assert len(np.unique(ward_of_many(np.ones((60, 9, 2)), [3])[0, 0])) == 3
