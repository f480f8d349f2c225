"""The arrays of this room: one element or row for each node, in the order of the fleet."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

# Indices of nodes in a fleet.
Rows: TypeAlias = NDArray[np.intp]
