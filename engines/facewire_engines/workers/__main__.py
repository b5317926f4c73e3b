"""Print the CosyVoice worker, to be saved where CosyVoice is installed.

python -m facewire_engines.workers > cosyvoice_worker.py
"""

import sys

from facewire_engines.workers.source import worker_source

if __name__ == "__main__":
    sys.stdout.write(worker_source())
