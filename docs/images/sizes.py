"""Draw docs/images/sizes.png: what `gaussmix sizes` draws, in few colours.

python docs/images/sizes.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image


def main() -> None:
    """Draw it, and keep few colours."""
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "gaussmix", "sizes", "--out", folder], check=True)
        image = Image.open(Path(folder) / "sizes.png").convert("RGB")
        few = image.quantize(128, dither=Image.Dither.NONE)
        few.save(Path(__file__).with_name("sizes.png"), optimize=True)


if __name__ == "__main__":
    main()
