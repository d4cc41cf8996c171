"""
Colours of a picture
====================

The pixels of a photograph as rows of three numbers: a mixture of eight colours, each pixel drawn
in the mean
of its component. Means and covariances are estimated from all pixels.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_sample_image

from gaussmix import GaussianMixture

picture = load_sample_image("china.jpg")[::2, ::2] / 255.0
pixels = picture.reshape(-1, 3)
model = GaussianMixture(8, random_state=0, dtype="float32").fit(pixels)
flat = model.means_[model.predict(pixels)].reshape(picture.shape)

figure, axes = plt.subplots(1, 2, figsize=(10, 3.6))
for ax, shown, title in zip(
    axes, (picture, flat), ("the picture", "eight components"), strict=True
):
    ax.imshow(shown)
    ax.set_title(title)
    ax.set_axis_off()
