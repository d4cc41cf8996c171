"""
Handwriting: groups of digits, and new ones
===========================================

Images of digits, in twenty principal components. The means of the components look like digits;
rows that are
drawn from the mixture do, too.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from gaussmix import GaussianMixture

digits = load_digits()
pca = PCA(20, random_state=0).fit(digits.data)
model = GaussianMixture(20, covariance_type="VEE", random_state=0).fit(pca.transform(digits.data))
drawn, _ = model.sample(20)

figure, axes = plt.subplots(4, 10, figsize=(9, 4))
images = pca.inverse_transform(np.vstack([model.means_, drawn])).reshape(-1, 8, 8)
for ax, image in zip(axes.flat, images, strict=True):
    ax.imshow(image, cmap="gray_r")
    ax.set_axis_off()
axes[0, 0].set_title("means", loc="left")
axes[2, 0].set_title("new ones", loc="left")
