"""Named cases of one client against a running service, and what attention is, in double precision and plain numpy.

A script defines functions under @case and ends with run(); each prints one line, `ok NAME` or `FAILED NAME: why`.
"""

import asyncio
import inspect
import sys
import traceback

import numpy as np

CASES = []
SHAPE = (2, 5, 4)  # heads, n, d


def case(function):
    CASES.append(function)
    return function


def run():
    url = sys.argv[1]
    failed = 0
    for function in CASES:
        name = function.__name__
        try:
            outcome = function(url)
            if inspect.isawaitable(outcome):
                asyncio.run(outcome)
            print(f"ok {name}", flush=True)
        except Exception as error:  # every case is told of, whatever it raises
            failed += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"FAILED {name}: {type(error).__name__} {error} (line {where.lineno})".replace("\n", " "), flush=True)
    sys.exit(1 if failed else 0)


def operands(dtype=np.float32, seed=7):
    """query, key and value of two heads, rounded to dtype."""
    random = np.random.default_rng(seed)
    return [random.standard_normal(SHAPE).astype(dtype) for _ in range(3)]


def attention(query, key, value):
    """Softmax of query·key / d, in double precision."""
    query, key, value = (one.astype(np.float64) for one in (query, key, value))
    scores = query @ key.swapaxes(-1, -2) / query.shape[-1]
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    total = weights.sum(-1, keepdims=True)
    return weights / total @ value, (np.log(total) + scores.max(-1, keepdims=True))[..., 0]


def composition(q1, q2, q3, v3):
    """path(3): two lookups in a row, from the definition."""
    q1, q2, q3, v3 = (one.astype(np.float64) for one in (q1, q2, q3, v3))
    d = q1.shape[-1]
    first = np.einsum("hid,hjd->hij", q1, q2)[:, :, :, None]
    second = np.einsum("hjd,hkd->hjk", q2, q3)[:, None]
    weights = np.exp((first + second) / d)
    return np.einsum("hijk,hkd->hid", weights, v3) / weights.sum((2, 3))[..., None]


# math.md §8.4, R/2 (t-1) 4e-7 (1 + max|score|), with values below 4 and scores below 6; halves add half a unit in the last place.
FLOAT32 = 4 * 2 * 4e-7 * 7
HALF_UNIT = {"FP16": 4 * 2.0**-11, "BF16": 4 * 2.0**-8, "FP32": 0.0, "FP64": 0.0}


def near(given, expected, datatype="FP32"):
    tolerance = FLOAT32 + HALF_UNIT[datatype]
    given = np.asarray(given, dtype=np.float64)
    assert given.shape == expected.shape, f"shape {given.shape}, expected {expected.shape}"
    worst = np.abs(given - expected).max()
    assert worst <= tolerance, f"off by {worst:.3g}, more than {tolerance:.3g}"


def refusal(call, error, *words):
    """What `call` raises; its message has to say every word."""
    try:
        call()
    except error as raised:
        for word in words:
            assert word in str(raised), f"{raised} does not say {word}"
        return raised
    raise AssertionError("nothing was raised")
