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
    grid = np.stack(np.meshgrid(np.arange(4.0), np.arange(3.0)), axis=-1).reshape(12, 2)
    for rows in (np.ones((12, 2)), grid, np.repeat(grid[::2], 2, axis=0)):
        for n_sets in (1, 60):  # with SciPy, and in compiled loops
            for size in (1, 2, 5, 11, 12):
                labels = ward_of_many(np.tile(rows, (n_sets, 1, 1)), [size])[0]
                assert (labels == labels[0]).all()
                assert len(np.unique(labels[0])) == size
