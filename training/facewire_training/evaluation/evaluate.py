"""`facewire bench quality`, for those who train: the same command, options and output.

python -m facewire_training.evaluation.evaluate --data DIR
"""

import sys

from facewire_cli.__main__ import main as facewire

if __name__ == "__main__":
    sys.argv[1:1] = ["bench", "quality"]
    facewire()
