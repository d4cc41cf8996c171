"""What there is to know of a mixture, for people and in numbers; see `Summary`."""

from .value import FitFacts, NearlyChosen, Summary, summarise_mixture

__all__ = ["FitFacts", "NearlyChosen", "Summary", "summarise_mixture"]
