"""How long each fault lasts, and how many pods are created meanwhile: BERTH_SOAK=1 makes both large."""

import os

IS_LONG = os.environ.get("BERTH_SOAK") == "1"
PODS = int(os.environ.get("PODS", "10000" if IS_LONG else "100"))
# A fault begins when this part of the pods is there, and ends when that part is.
BEGIN, END = 0.2, 0.8
TEST_SECONDS = 3600 if IS_LONG else 120
# What creating takes at least where it is short.
SHORT_SECONDS = 3.0
# Between two looks at what many pods became.
LOOK_SECONDS = 1.0 if IS_LONG else 0.1
