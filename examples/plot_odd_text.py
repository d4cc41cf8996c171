"""
A text file as it comes
=======================

Lines of metadata above the table, decimal commas, semicolons, a question mark for missing values:
a file of
an instrument. What was guessed is told; what cannot be known is asked for.
"""

import tempfile
from pathlib import Path

import numpy as np

from gaussmix import GaussianMixture, plot, scan

rng = np.random.default_rng(0)
rows = rng.normal(size=(300, 2)) + np.where(rng.random((300, 1)) < 0.4, 4.0, 0.0)
lines = [f"{a:.3f};{b:.2f};sample {i}".replace(".", ",") for i, (a, b) in enumerate(rows)]
lines[7] = "?;0,25;sample 7"
path = Path(tempfile.mkdtemp()) / "instrument.csv"
path.write_text("Instrument: X200\nOperator: N. N.\nph;mass;note\n" + "\n".join(lines) + "\n")

found = scan(path, missing_values=["?"])
print(found.names, found.notes, found.left_out, sep="\n")
X, _ = found.read()
X = X[~np.isnan(X).any(axis=1)]
model = GaussianMixture(2, random_state=0).fit(X)

# %%
plot.scatter(X, model.predict(X), names=found.names)
