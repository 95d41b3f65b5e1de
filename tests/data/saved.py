"""Files of parameters between fenchel and the Python package `safetensors`, for tests/save.rs.

    pip install safetensors==0.8.0 numpy==2.4.6
    python3 tests/data/saved.py

Writes python.safetensors, which the test reads, and reads fenchel.safetensors, which the test compares with what the crate writes, byte
for byte.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

HERE = Path(__file__).parent
KNOWN = {
    "0": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]], np.float32),
    "1": np.array([[-1.0, np.inf, 1e-45]], np.float32),
}

save_file(KNOWN, HERE / "python.safetensors", {"made by": f"safetensors {version('safetensors')} for Python"})

found = load_file(HERE / "fenchel.safetensors")
assert found.keys() == KNOWN.keys(), found.keys()
for name, expected in KNOWN.items():
    assert found[name].dtype == expected.dtype and np.array_equal(found[name], expected), name
with safe_open(HERE / "fenchel.safetensors", "numpy") as file:
    print("fenchel.safetensors reads well; its notes are", file.metadata())
