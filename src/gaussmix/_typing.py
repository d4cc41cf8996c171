"""Names for the types that appear everywhere."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: A float64 array; shapes are given in docstrings.
Array: TypeAlias = NDArray[np.float64]
#: An array of any dtype.
AnyArray: TypeAlias = NDArray[Any]
