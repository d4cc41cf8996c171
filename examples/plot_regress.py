"""
A curve, its noise, and what is not known
=========================================

A mixture of inputs and targets gives a distribution for each row: here the middle and nine tenths
of it. Where one input is missing, the other still says something.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import MixtureRegressor

rng = np.random.default_rng(0)
x = rng.uniform(0, 10, 800)
other = 0.3 * x + rng.standard_normal(800)
y = np.sin(x) + (0.05 + 0.04 * x) * rng.standard_normal(800)
model = MixtureRegressor(8, random_state=0).fit(np.column_stack([x, other]), y)

line = np.linspace(0, 10, 300)
whole = np.column_stack([line, 0.3 * line])
missing = np.column_stack([np.full(300, np.nan), 0.3 * line])
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
for ax, inputs, title in zip(axes, (whole, missing), ("both known", "x missing"), strict=True):
    low, middle, high = model.predict_quantiles(inputs, [0.05, 0.5, 0.95]).T
    ax.plot(x, y, ".", color="0.6", markersize=3)
    ax.fill_between(line, low, high, alpha=0.3)
    ax.plot(line, middle)
    ax.set(title=title, xlabel="x")
