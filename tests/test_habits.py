"""What users of scikit-learn expect, beyond what its `check_estimator` looks at."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gaussmix import GaussianMixture, GaussianMixtureIC

IRIS, SPECIES = load_iris(return_X_y=True)
# Every third row's species, numbered backwards: no order of means would give these by itself.
KNOWN = np.where(np.arange(150) % 3, -1, 2 - SPECIES)

both = pytest.mark.parametrize(
    "model",
    [
        GaussianMixture(3, random_state=0),
        GaussianMixtureIC([2, 3], families=["EEE", "VVV"], random_state=0),
    ],
    ids=["one", "search"],
)


# -- known labels are metadata -------------------------------------------------------------


@pytest.fixture
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@both
@pytest.mark.usefixtures("_routing")
def test_known_labels_are_routed_through_a_pipeline(model):
    asked = clone(model).set_fit_request(known=True)
    piped = make_pipeline(StandardScaler(), asked).fit(IRIS, SPECIES, known=KNOWN)
    scaled = StandardScaler().fit_transform(IRIS)
    alone = clone(model).fit(scaled, known=KNOWN)
    assert piped[-1].mixture_ == alone.mixture_
    assert piped[-1].mixture_ != clone(model).fit(scaled).mixture_
    np.testing.assert_array_equal(
        clone(piped).fit_predict(IRIS, known=KNOWN), alone.predict(scaled)
    )
    with pytest.raises(TypeError, match="known"):
        make_pipeline(StandardScaler(), model.set_fit_request(known=False)).fit(IRIS, known=KNOWN)


@pytest.mark.usefixtures("_routing")
def test_a_search_gives_each_fold_the_labels_of_its_rows():
    seen = []

    class Watched(GaussianMixture):
        def fit(self, X, y=None, sample_weight=None, *, known=None):
            seen.append((X, known))
            return super().fit(X, y, sample_weight, known=known)

    search = GridSearchCV(
        Watched(random_state=0).set_fit_request(known=True),
        {"n_components": [3], "covariance_type": ["full", "tied"]},
        cv=KFold(3, shuffle=True, random_state=0),
        error_score="raise",
    ).fit(IRIS, known=KNOWN)
    labelled = {(*row, label) for row, label in zip(IRIS.tolist(), KNOWN, strict=True)}
    assert [len(known) for _, known in seen] == [100] * 6 + [150]
    for X, known in seen:
        assert {(*row, label) for row, label in zip(X.tolist(), known, strict=True)} <= labelled
    assert (search.predict(IRIS) == 2 - SPECIES).mean() > 0.9
