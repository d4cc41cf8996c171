"""
Files larger than memory
========================

A folder of Parquet files goes where an array goes: rows are decoded part by part in each pass, by
several
threads, and never all held in memory.
"""

import tempfile
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from gaussmix import GaussianMixture, Mixture, plot, scan

truth = Mixture([0.6, 0.4], [[0, 0], [3, 2]], [[[1, 0.5], [0.5, 1]], [[0.5, 0], [0, 0.8]]])
folder = Path(tempfile.mkdtemp())
for i in range(5):
    rows, _ = truth.sample(50_000, random_state=i)
    parquet.write_table(pa.table({"x": rows[:, 0], "y": rows[:, 1]}), folder / f"{i}.parquet")

found = scan(folder)
print(found)
model = GaussianMixture(2, random_state=0).fit(found)
print(model.means_.round(2).tolist())

# %%
ax = plot.density_contours(model)
plot.ellipses(model, ax=ax)
