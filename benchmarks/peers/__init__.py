"""The libraries that benchmarks compare, each behind an adapter; see `base.Peer`."""

from __future__ import annotations

from .base import Case, Outcome, Parameters, Peer, UnsupportedError
from .gmmx import GMMX
from .like_scikit_learn import Gaussmix, GaussmixNumPy, ScikitLearn
from .onedal import OneDAL
from .outside import Armadillo, Mclust
from .with_torch import TGMM, Pomegranate, TorchGMM

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Gaussmix(),
        GaussmixNumPy(),
        ScikitLearn(),
        GMMX(),
        TorchGMM(),
        TGMM(),
        Pomegranate(),
        Armadillo(),
        Mclust(),
        OneDAL(),
    )
}

__all__ = ["PEERS", "Case", "Outcome", "Parameters", "Peer", "UnsupportedError"]
