"""The pieces of an E-step put together, so that forms can be held against each other."""

from __future__ import annotations

import numpy as np

from gaussmix.components.noise import Noise
from gaussmix.components.parameters import Parameters
from gaussmix.estep import (
    Expectation,
    NaturalForm,
    Posterior,
    WhitenedForm,
    choose_form,
)
from gaussmix.rows.folds import Workspace


def parameters_of(weights, means, covariances, background=None):
    """Parameters of one mixture, with a background of this log of weight times density."""
    box = None
    if background is not None:
        d = means.shape[1]
        edge = np.exp((np.log(0.5) - background) / d)
        box = Noise(0.5, np.zeros(d), np.full(d, edge), np.eye(d))
    return Parameters.of_one(weights, means, covariances, box)


def of_mixture(mixture, background=None):
    return parameters_of(mixture.weights, mixture.means, mixture.covariances, background)


class Step:
    """A form, and the posterior of the parameters that it is of."""

    def __init__(self, form, parameters, known=None):
        self.form, self.parameters, self.known = form, parameters, known

    @property
    def dtype(self):
        return self.form.dtype

    @property
    def fold(self):
        return Expectation(self.form, Posterior.of([self.parameters]), self.known)

    def over(self, source):
        """Statistics of the rows of a source."""
        fold = self.fold
        return fold.statistics(source.reduce(fold))

    def log_joint(self, rows):
        out = np.empty((self.form.n_components, len(rows)), self.form.dtype)
        self.form.joint(rows, out, Workspace())
        return out


def natural(parameters, moment, center, dtype=np.float64, kind=NaturalForm):
    return Step(kind.of(parameters, moment, center, dtype), parameters)


def whitened(parameters, moment):
    return Step(WhitenedForm(parameters, moment), parameters)


def chosen(parameters, *given, **options):
    return Step(choose_form(parameters, *given, **options), parameters)
