"""A sweep over polynomials: how long each takes as n grows, what the service says it should, and a plot of it.

    pip install ./clients/python
    python examples/sweep/sweep.py [URL [LARGEST N [FILE]]]

The cells between `# %%` run one by one in Jupyter, VS Code or Spyder; nothing but the client and numpy is needed.
"""

# %% What is compared: mechanisms whose exact cost grows like n^2, n^3 and n^3 with other constants.
import math
import pathlib
import sys

import numpy as np
from polyattention import Client, PolyAttentionError

URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
LARGEST = int(sys.argv[2]) if len(sys.argv) > 2 else 1024
FILE = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else "sweep.svg")
D = 32
RUNS = 3
POLYNOMIALS = {
    "self": "x1*x2",
    "path(3)": "x1*x2 + x2*x3",
    "star(3), weighted": "x1*x2 + 0.5*x1*x3",
    "strassen": "x1*x2 + x1*x3 + x2*x3",
    "tensor(3)": "x1*x2*x3",
}
SIZES = [n for n in (2**k for k in range(5, 16)) if n <= LARGEST]


# %% One point: random tokens, the best of a few runs, the time in the kernels alone.
def draw(n, variables, rng):
    return [rng.standard_normal((n, D), dtype=np.float32) for _ in range(variables)]


def milliseconds(client, polynomial, n):
    """Compute time of a request; None where the service refuses it as too long for a request."""
    variables = max(int(part[0]) for part in polynomial.split("x")[1:])
    rng = np.random.default_rng(n)
    q, v = draw(n, variables, rng), draw(n, variables - 1, rng)
    try:
        return min(client.attention(polynomial, q=q, v=v).timing.compute_ms for _ in range(RUNS))
    except PolyAttentionError as error:
        if error.code == "cost_exceeds_limit":
            return None
        raise


# %% The sweep. The service prices a request without tensors, so what would take too long is left out before it is sent.
def sweep(client):
    """name -> (exponent that the planner states, [(n, ms)])."""
    curves = {}
    for name, polynomial in POLYNOMIALS.items():
        analysis = client.analyze(polynomial, n=LARGEST, d=D)
        points = []
        for n in SIZES:
            if client.analyze(polynomial, n=n, d=D).plan.estimated_ms > 2000:
                break
            ms = milliseconds(client, polynomial, n)
            if ms is None:
                break
            points.append((n, ms))
        curves[name] = (analysis.exponent, points)
        print(f"{name:18} n^{analysis.exponent:<4g}", " ".join(f"{n}: {ms:.3g} ms" for n, ms in points))
    return curves


# %% The slope between the two largest sizes says what is seen of the exponent.
def slope(points):
    (n0, ms0), (n1, ms1) = points[-2:]
    return math.log(max(ms1, 1e-6) / max(ms0, 1e-6)) / math.log(n1 / n0)


# %% The plot: logarithmic both ways, where n^e is a straight line of slope e.
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00"]
WIDTH, HEIGHT, MARGIN, LEGEND = 640, 420, 50, 190


def plot(curves):
    """The curves as an SVG document."""
    points = [point for _, found in curves.values() for point in found]
    low, high = min(ms for _, ms in points), max(ms for _, ms in points)
    first, last = min(n for n, _ in points), max(n for n, _ in points)

    def x(n):
        return MARGIN + (WIDTH - MARGIN - LEGEND) * math.log(n / first) / max(math.log(last / first), 1e-9)

    def y(ms):
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * math.log(ms / low) / max(math.log(high / low), 1e-9)

    parts = [f'<text x="{MARGIN}" y="20">compute time in ms against n, d = {D}; slope seen (stated)</text>']
    for n in sorted({n for n, _ in points}):
        parts.append(f'<text x="{x(n):.1f}" y="{HEIGHT - 20}" text-anchor="middle">{n}</text>')
        parts.append(f'<line x1="{x(n):.1f}" y1="{y(low):.1f}" x2="{x(n):.1f}" y2="{y(high):.1f}" stroke="#ddd"/>')
    for ms in (10.0**k for k in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)):
        parts.append(f'<text x="{MARGIN - 6}" y="{y(ms):.1f}" text-anchor="end">{ms:g}</text>')
        parts.append(f'<line x1="{MARGIN}" y1="{y(ms):.1f}" x2="{WIDTH - LEGEND}" y2="{y(ms):.1f}" stroke="#ddd"/>')
    for row, ((name, (exponent, found)), colour) in enumerate(zip(curves.items(), COLOURS, strict=True)):
        line = " ".join(f"{x(n):.1f},{y(ms):.1f}" for n, ms in found)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        seen = f"{slope(found):.1f} ({exponent:g})" if len(found) > 1 else f"({exponent:g})"
        parts.append(f'<text x="{WIDTH - LEGEND + 10}" y="{MARGIN + 20 * row}" fill="{colour}">{name}: {seen}</text>')
    style = f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12"'
    background = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {style}>', background, *parts, "</svg>"])


# %% All of it. In a notebook, `IPython.display.SVG(filename=FILE)` shows the file.
with Client(URL) as client:
    curves = sweep(client)
FILE.write_text(plot(curves))
print(f"the plot is in {FILE}")
