"""Make the pictures of notebooks/README.md: one figure of each notebook, small.

    python notebooks/make_images.py

Executes the notebooks, which takes a few minutes, and writes notebooks/images/*.png.
"""

import base64
import io
from pathlib import Path

from make_html import executed
from PIL import Image

FOLDER = Path(__file__).parent
WIDTH = 480  # pixels

# A notebook's name and the start of the figure's cell.
FIGURES = {
    "1_convolution": "boxes = []",
    "2_graph": "ran = names_run(train_op)",
    "3_tf2": "l1a = tf.nn.relu",
    "4_backward": "shown = [",
    "5_diff": "fig, ax = plt.subplots(figsize=(7, 3)",
    "6_look_inside": "filters = np.moveaxis(",
    "7_when": "names = [",
    "8_build": 'with Graph().as_default() as g:\n    x = placeholder("float")\n    y',
    "9_elsewhere": "import matplotlib.pyplot as plt",
    "10_distributed": "PLACES = {",
}


def figure(name: str, start: str) -> Image.Image:
    """Execute a notebook and return the first figure of the cell that begins with ``start``."""
    notebook = executed(FOLDER / f"{name}.ipynb")
    cell = next(cell for cell in notebook.cells if cell.source.startswith(start))
    png = next(out.data["image/png"] for out in cell.outputs if "image/png" in out.get("data", {}))
    return Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")


def main() -> None:
    (FOLDER / "images").mkdir(exist_ok=True)
    for name, start in FIGURES.items():
        image = figure(name, start)
        image.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
        image.quantize(64).save(FOLDER / "images" / f"{name}.png", optimize=True)
        print(f"images/{name}.png: {image.width}x{image.height}", flush=True)


if __name__ == "__main__":
    main()
