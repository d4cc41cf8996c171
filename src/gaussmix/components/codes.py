"""teigen's codes: a family and how degrees of freedom are estimated, in four letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .families import get_family, list_families

if TYPE_CHECKING:
    from .families import Family

__all__ = ["family_of_code"]

# Its letters for volume, orientation, shape and degrees of freedom: constrained, unconstrained,
# identity; in its other code volume, shape, orientation and degrees of freedom, as mclust.
_LETTERS = {"C": "E", "U": "V", "I": "I"}
_DOFS = {"E": "equal", "V": "free"}
_UNIVARIATE = "UNIV"


def family_of_code(given: Any) -> tuple[Family, str] | None:
    """Return the family of a code, and how degrees of freedom are estimated; None if it is none.

    Andrews, Wickins, Boers & McNicholas (2018), table 1.

    Examples
    --------
    >>> from gaussmix.components.codes import family_of_code
    >>> family_of_code("UCUC"), family_of_code("VVEE"), family_of_code("univUC")
    ((VVE, 'equal'), (VVE, 'equal'), (V, 'equal'))
    >>> family_of_code("VVV") is None
    True
    """
    if not isinstance(given, str):
        return None
    code = given.upper()
    if code.startswith(_UNIVARIATE) and len(code) == 6:
        letters = "".join(_LETTERS.get(letter, "?") for letter in code[4:])
        name, dof = letters[0], letters[1]
    elif len(code) == 4 and set(code) <= set(_LETTERS):
        volume, orientation, shape, dof = (_LETTERS[letter] for letter in code)
        name = volume + shape + orientation
    elif len(code) == 4 and set(code) <= {"E", "V", "I"}:
        name, dof = code[:3], code[3]
    else:
        return None
    if dof not in _DOFS or name not in [family.name for family in list_families()]:
        return None
    return get_family(name), _DOFS[dof]
