"""What is written on pictures: titles, names of features and groups, legends."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ..mixture.bic import bic
from ._given import fit_of
from ._style import pyplot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from ..mixture.mixture import Mixture

__all__ = [
    "described",
    "entitle",
    "entry",
    "feature_names",
    "fitted",
    "label_axes",
    "legend",
    "legend_entries",
    "legend_size",
    "name_axis",
    "number",
    "plain",
    "say",
    "thinned",
    "whole_numbers",
    "written",
]

# Of a letter, in sizes of the font: most are narrower.
_LETTER = 0.53
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
# matplotlib leaves names out of legends that begin with a line: nothing is put before it.
_NOTHING = "\N{WORD JOINER}"
_UNNAMED = "feature "
# Of more entries a legend hides the picture: it goes beside it.
_MOST_INSIDE = 10
# Of more entries nobody finds one.
_MOST_NAMED = 60
# Entries below each other beside the axes.
_COLUMN = 21
# Letters that a name has at least.
_LEAST_LETTERS = 12
# Area of a point in a legend at least.
_LEAST_MARKER = 25.0
# Shares of the figure's width that a legend may take, in the axes or beside them.
_INSIDE, _BESIDE = 0.5, 0.5


# -- names ----------------------------------------------------------------------------


def fitted(name: Any, letters: int, lines: int = 1) -> str:
    """Return a name in so many letters a line: wrapped, then cut in its middle.

    What tells long names apart is often their ends.

    Examples
    --------
    >>> fitted("petal length (cm)", 20)
    'petal length (cm)'
    >>> fitted("concentration of nitrogen dioxide at 12:00", 20)
    'concentrat…at 12:00'
    """
    text, letters = plain(name), max(letters, 4)
    kept, shown = letters * lines, text
    while not _fits(shown, letters, lines):
        kept -= 1
        shown = text[: (kept + 1) // 2].rstrip() + _ELLIPSIS + text[-(kept // 2) :].lstrip()
    return "\n".join(textwrap.wrap(shown, letters)) if lines > 1 else shown


def _fits(text: str, letters: int, lines: int) -> bool:
    if lines == 1:
        return len(text) <= letters
    found = textwrap.wrap(text, letters)
    return len(found) <= lines


def entry(name: Any) -> str:
    """Return a name that legends show, whatever it begins with."""
    text = plain(name)
    return _NOTHING + text if text.startswith("_") else text


def plain(name: Any) -> str:
    """Return a name on one line; one that is empty as what it is."""
    return " ".join(str(name).split()) or "(empty)"


def feature_names(mixture: Mixture) -> list[str]:
    """Return the names of all features, or what those without are called."""
    return list(mixture.feature_names or _numbered(mixture.n_features))


def _numbered(n_features: int) -> list[str]:
    return [f"{_UNNAMED}{j}" for j in range(n_features)] if n_features > 1 else ["value"]


def label_axes(ax: Axes, names: Sequence[str] | None, columns: Any, n_features: int) -> None:
    """Write the names of one or two features, of `columns`, on axes that have none yet."""
    all_names = _numbered(n_features) if names is None else names
    chosen = [all_names[int(j)] for j in np.atleast_1d(columns)]
    for which, name in zip("xy", chosen, strict=False):
        if _is_free(getattr(ax, f"get_{which}label")()):
            name_axis(ax, which, name)


def say(ax: Axes, *, title: str | None = None, **names: str) -> None:
    """Write a title, and what the axes `x` and `y` show, where nobody has written anything."""
    if title is not None and not ax.get_title():
        ax.set_title(title, fontsize="medium")
    for which, name in names.items():
        if not getattr(ax, f"get_{which}label")():
            getattr(ax, f"set_{which}label")(name)


def whole_numbers(ax: Axes, which: str) -> None:
    """Write numbers as they are, without what is to be added to them all."""
    from matplotlib.ticker import ScalarFormatter

    form = getattr(ax, f"{which}axis").get_major_formatter()
    if isinstance(form, ScalarFormatter):  # those of a logarithmic scale do that always
        form.set_useOffset(False)


def name_axis(ax: Axes, which: str, name: str, lines: int = 2) -> None:
    """Write what an axis shows, in no more room than it has."""
    label = getattr(ax, f"{which}axis").label
    inches = (ax.bbox.width if which == "x" else ax.bbox.height) / written(ax).dpi
    named = ax.get_legend()
    if which == "x" and named is not None and named.get_bbox_to_anchor().width == 0:  # beside
        inches *= _BESIDE  # the rest is the legend's
    label.set_parse_math(False)  # a name with two dollars is no formula
    label.set_text(fitted(name, int(72 * inches / (_LETTER * label.get_size())), lines))


def _is_free(label: str) -> bool:
    """Whether nobody has said what an axis shows."""
    return label in ("", "value") or (
        label.startswith(_UNNAMED) and label[len(_UNNAMED) :].isdigit()
    )


# -- titles ---------------------------------------------------------------------------


def entitle(ax: Axes, given: Any, mixture: Mixture) -> None:
    """Write above a picture that is alone in its figure which model it is of."""
    if len(written(ax).axes) == 1 and not ax.get_title():
        ax.set_title(described(given, mixture), fontsize="medium")


def described(given: Any, mixture: Mixture) -> str:
    """Return family, number of components, and BIC if it is known."""
    count = mixture.n_components
    words = [f"{count} component{'' if count == 1 else 's'}"]
    words[0] += "" if mixture.noise is None else " and noise"
    given = fit_of(given)
    fit = next(filter(None, (getattr(given, name, None) for name in ("result_", "fit"))), given)
    family = getattr(fit, "family", None)
    if family is not None:
        words.insert(0, str(getattr(family, "name", family)))
        value = bic(fit.log_likelihood, fit.n_parameters, fit.n) if _has_figures(fit) else np.nan
        if np.isfinite(value):
            words.append(f"BIC {number(value, 2)}")
    return ", ".join(words)


def number(value: float, digits: int) -> str:
    """Write a number with so many digits behind the point, unless it is huge."""
    return f"{value:.{digits}f}" if abs(value) < 1e8 else f"{value:.6g}"


def _has_figures(fit: Any) -> bool:
    """Whether the likelihood is that of all rows: of a stream it is not known."""
    return bool(getattr(fit, "trace", None) or getattr(fit, "history", None))


def written(ax: Axes) -> Any:
    """Return the figure, of axes in a part of one the whole."""
    figure: Any = ax.figure
    while getattr(figure, "figure", figure) is not figure:
        figure = figure.figure
    return figure


# -- legends --------------------------------------------------------------------------


def thinned(n_shown: int, n_rows: int) -> str | None:
    """Return what a picture says of rows that it leaves out, if it does."""
    return None if n_shown == n_rows else f"{n_shown:,} of {n_rows:,} rows"


def legend(
    ax: Axes,
    markerscale: float = 1.5,
    note: str | None = None,
    *,
    most_inside: int = _MOST_INSIDE,
    loc: str = "best",
) -> None:
    """Name what is drawn: in the axes where it is little, beside them where there is room.

    That is where they are at most so many.  `note` stands above the names; one that is there stays.
    """
    from matplotlib.collections import PathCollection

    handles, names = legend_entries(ax)
    before = ax.get_legend()
    if note is None and before is not None:
        note = before.get_title().get_text() or None
    if not names and note is None:
        return
    style: dict[str, Any] = {"markerscale": markerscale, "framealpha": 0.8, "edgecolor": "none"}
    style["loc"] = loc
    inches, size, ncols = written(ax).get_figwidth(), legend_size(), 1
    share = _INSIDE
    if len(names) <= 1:  # what little is known to be there is not worth a place in the middle
        style["loc"] = "upper left"
    if len(names) > most_inside:
        ncols, share = -(-len(names) // _COLUMN), _BESIDE
        size *= 0.83 if ncols == 1 else 0.7
        style |= {"columnspacing": 0.8}
        # Only a layout that looks at legends makes room beside the axes.
        if written(ax).get_layout_engine() is not None:
            style |= {"ncols": ncols, "loc": "upper left", "bbox_to_anchor": (1, 1)}
        elif most_inside > 0:
            ncols = max(2, ncols)
            style |= {"ncols": ncols}
        else:
            style |= {"loc": "upper left", "bbox_to_anchor": (1, 1)}
    letters = int(72 * share * inches / ncols / (_LETTER * size)) - 5  # those are of the marker
    letters = max(letters, _LEAST_LETTERS)
    style["fontsize"] = size
    made = ax.legend(handles, [fitted(name, letters) for name in names], title=note, **style)
    for text in (*made.get_texts(), made.get_title()):
        text.set_parse_math(False)
    made.get_title().set_fontsize(0.83 * legend_size())
    if markerscale > 1:  # of many rows points are too small to tell their colour
        for handle in made.legend_handles:
            if isinstance(handle, PathCollection):
                handle.set_sizes(np.maximum(handle.get_sizes(), _LEAST_MARKER))


def legend_size() -> float:
    """Return how large names in legends are, in points, by the style in use."""
    from matplotlib.font_manager import FontProperties

    return float(FontProperties(size=pyplot().rcParams["legend.fontsize"]).get_size_in_points())


def legend_entries(ax: Axes, before: Sequence[Any] = ()) -> tuple[list[Any], list[str]]:
    """Return handles and names of a legend; of very many, how many more there are.

    `before` are handles that stand before those of the axes.
    """
    handles, names = ax.get_legend_handles_labels()
    handles = [*before, *handles]
    names = [*(str(handle.get_label()) for handle in before), *names]
    more = len(names) - _MOST_NAMED
    if more > 0:
        from matplotlib.lines import Line2D

        handles = [*handles[:_MOST_NAMED], Line2D([], [], linestyle="none")]
        names = [*names[:_MOST_NAMED], f"and {more} more"]
    return handles, names
