"""The estimator's ``partial_fit``: blocks of a stream in, the same attributes out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ..exceptions import DataError, ParameterError
from ..fitting.known import known_labels
from ..fitting.stepwise import get_stepwise
from ..fitting.stream import Stream
from ..rows import MemorySource
from ..rows.arrowstream import whole
from ..rows.errors import Errors
from ..rows.measured import MeasuredSource
from .rows import open_rows
from .settings import settings_of, warn_of_target

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..em.keeper import Keeper
    from ..em.result import Callback, FitResult
    from ..rows import Source
    from .settings import Settings

__all__ = ["PartialFit"]


class PartialFit:
    """What an estimator needs besides ``fit`` to follow a stream."""

    stepwise: Any
    # Between two calls; None after ``fit``.
    _streams: Stream | None = None

    def partial_fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        known: Any = None,
        Xerr: Any = None,
        projection: Any = None,
    ) -> Self:
        """Take one block of a stream: one step of stepwise EM for each `batch_rows` rows.

        The first blocks wait until there are enough rows for a fit to start from; after
        ``fit`` the stream goes on from its result.  ``fit`` begins anew.

        Parameters
        ----------
        X : array-like or dataframe (m, d)
            Rows to come after those seen; one is enough.
        y : ignored
        sample_weight, known : array-like (m,), optional
            As for `fit`.
        Xerr, projection : array-like, optional
            How the rows of this block were measured, as for `fit`; others may be otherwise.

        Notes
        -----
        Attributes and answers are float32 where the first block is (and the block asked
        about); see ``predict_proba``.
        ``lower_bound_`` is then the mean log-density of rows before they were learnt from,
        forgotten as the statistics are; ``history_`` has it for the last 1000 blocks.
        See `Stepwise` for the options and the method.
        """
        settings, stepwise = self._settings(), get_stepwise(self.stepwise)
        n_components = settings.model.n_components
        warn_of_target(y, n_components)
        before = self.__dict__.copy()
        try:
            stream = self._stream(settings)
            errors = Errors(Xerr, projection)
            source = self._block(X, sample_weight, errors, reset=stream.n_rows == 0)
            labels = known_labels(known, source.n_rows, n_components)
            begin = partial(self._run, settings)
            stream.add(source, labels, settings.model, settings.options, stepwise, begin)
        except BaseException:
            self._restore(before)
            raise
        self._streams = stream
        result = stream.result()
        if result is not None:
            self._keep(result, stream)
            self._warn()
        return self

    @property
    def n_samples_seen_(self) -> int:
        """Rows that the mixture has learnt from, by ``fit`` and ``partial_fit``."""
        self._require_fitted()
        return self.__dict__["result_"].n_rows

    def _settings(self) -> Settings:
        """Return the estimator's parameters as objects; raise ParameterError if they cannot be."""
        return settings_of(self)

    def _reached(self) -> FitResult | None:
        """Return the last fit, as the loop left it."""
        return self.__dict__.get("result_")

    def _stream(self, settings: Settings) -> Stream:
        """Return the stream that goes on, from the last fit if need be."""
        stream = self._streams
        if stream is None:
            result = self._reached()
            if result is None or result.statistics is None:
                return Stream(settings.model)
            stream = Stream(result.model, result)
        (k, family), (set_k, set_family) = (
            (model.n_components, model.family) for model in (stream.model, settings.model)
        )
        if (k, family.name) != (set_k, set_family.name):
            raise ParameterError(
                f"partial_fit: goes on with {k} components of the family {family.name}, but "
                f"n_components={set_k} and covariance_type={set_family.name!r} are set; set them "
                "back, or begin anew with fit or clone"
            )
        now, before = settings.model.density, stream.model.density
        if now.rule != before.rule:
            raise ParameterError(
                f"partial_fit: goes on with {before!r}, but {now!r} is set; set it back, or begin "
                "anew with fit or clone"
            )
        return stream

    def _block(self, X: Any, sample_weight: Any, errors: Errors, *, reset: bool) -> Source:
        X = whole(X)
        source = open_rows(self, X, sample_weight, reset=reset, fewest=1, errors=errors)
        inner = source.inner if isinstance(source, MeasuredSource) else source
        if not isinstance(inner, MemorySource):
            raise DataError(
                "X: partial_fit takes one block of rows in memory; call it for each block in turn"
            )
        return source

    def _require_fitted(self) -> None:
        stream = self._streams
        if stream is not None and not hasattr(self, "mixture_"):
            raise NotFittedError(
                f"this {type(self).__name__} has seen {stream.n_rows} rows, and starts with "
                f"{stream.awaited}: call partial_fit with more, or set "
                "stepwise=Stepwise(batch_rows=...)"
            )
        check_is_fitted(self)

    if TYPE_CHECKING:  # the estimator's own

        def _run(
            self,
            settings: Settings,
            source: Source,
            known: AnyArray | None,
            callback: Callback | None = None,
            keeper: Keeper | None = None,
        ) -> FitResult: ...

        def _keep(self, result: FitResult, stream: Stream | None = None) -> None: ...

        def _restore(self, before: dict[str, Any]) -> None: ...

        def _warn(self) -> None: ...
