"""E-steps: forms do the products, the posterior what stands between them.

`choose_form` picks the form that is fast where it is accurate enough; `Expectation` is the
fold that a pass over the rows runs.
"""

from .choice import choose_form
from .expectation import Expectation, expectation
from .form import Form
from .natural import NaturalForm
from .posterior import Posterior
from .softmax import most_probable
from .whitened import WhitenedForm

__all__ = [
    "Expectation",
    "Form",
    "NaturalForm",
    "Posterior",
    "WhitenedForm",
    "choose_form",
    "expectation",
    "most_probable",
]
