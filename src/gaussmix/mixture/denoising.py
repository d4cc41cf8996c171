"""The true values of rows, given what was measured of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..estep.measured import choose_measured_form
from ..estep.softmax import normalise
from ..rows.measurement import unpacked

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.parameters import Parameters
    from ..estep import Posterior
    from ..rows.folds import Workspace
    from ..rows.measurement import Measurement

__all__ = ["Denoiser"]


class Denoiser:
    """Means and covariances of what was measured, under one mixture."""

    def __init__(
        self, parameters: Parameters, measurement: Measurement, posterior: Posterior
    ) -> None:
        moment = parameters.covariances.moment
        self.form = choose_measured_form(parameters, measurement, moment)
        self.measurement, self.posterior = measurement, posterior
        d = parameters.n_features
        #: Of what `block` returns.
        self.width = d + d * (d + 1) // 2
        self.bytes_per_row = self.form.bytes_per_row + 8 * 4 * d * (d + 1)

    def block(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return means and lower triangles of covariances (B, d + d (d + 1) / 2) of rows (B, D)."""
        form, read = self.form, self.measurement.read(rows)
        k, d = form.n_components, form.n_features
        shares: Array = workspace.array("joint", k + self.posterior.n_others, len(rows))
        form.joint(rows, shares[:k], workspace)
        shares[k:] = self.posterior.joint_of_others()
        normalise(shares)
        origin = form.means[0]
        mean, square = np.zeros((len(rows), d)), np.zeros((len(rows), d, d))
        for own, share in enumerate(shares[:k]):
            offsets, left = form.expected(own, read)
            offsets = offsets + (form.means[own] - origin)
            mean += share[:, None] * offsets
            square += share[:, None, None] * (left + offsets[:, :, None] * offsets[:, None, :])
        if len(shares) > k:  # the background tells nothing that was not measured
            values, share = read.values - origin, shares[-1]
            offsets = np.where(np.isnan(values), mean, values)
            errors = unpacked(np.broadcast_to(read.errors, (len(rows), read.errors.shape[1])), d)
            errors = np.where(np.isfinite(errors), errors, 0.0)
            mean += share[:, None] * offsets
            square += share[:, None, None] * (errors + offsets[:, :, None] * offsets[:, None, :])
        square -= mean[:, :, None] * mean[:, None, :]
        return np.hstack([origin + mean, square[(slice(None), *np.tril_indices(d))]])
