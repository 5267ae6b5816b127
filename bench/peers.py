"""The same mathematics in PyTorch and numpy, one thread unless told: what the service's users would otherwise run.

Prints one JSON object: case -> {library: seconds, best of several; processor time where one thread runs}. bench/kernels.ts starts it in a virtual environment of its own.
Usage: peers.py <threads>; the environment must set OMP_NUM_THREADS and OPENBLAS_NUM_THREADS to the same number.
"""

import json
import sys
import time

import numpy as np

try:
    import torch
    import torch.nn.functional as F
except Exception as error:  # reported, not hidden: the table then lacks its columns
    torch = None
    reason = str(error).splitlines()[0]

threads = int(sys.argv[1])
results = {}
rng = np.random.default_rng(1)


def best(body, budget=1.5, least=2):
    body()
    times = []
    end = time.perf_counter() + budget
    clock = time.process_time if threads == 1 else time.perf_counter
    while len(times) < least or time.perf_counter() < end:
        start = clock()
        body()
        times.append(clock() - start)
    return min(times)


def record(case, library, seconds):
    results.setdefault(case, {})[library] = seconds


def draw(*shape):
    return (rng.random(shape, dtype=np.float32) * 2 - 1).astype(np.float32)


def softmax_numpy(scores, values):
    """(u, L) of one attention call."""
    top = scores.max(axis=1, keepdims=True)
    weights = np.exp(scores - top)
    total = weights.sum(axis=1, keepdims=True)
    return weights @ values / total, (top + np.log(total))[:, 0]


def softmax_torch(scores, values):
    total = torch.logsumexp(scores, dim=1)
    return torch.softmax(scores, dim=1) @ values, total


def attend_cases():
    for n in (1024, 2048, 4096, 8192):
        q, k, v = (torch.from_numpy(draw(1, 1, n, 64)) for _ in range(3))
        record(f"attend n={n} d=64", "torch sdpa", best(lambda: F.scaled_dot_product_attention(q, k, v)))
    for d in (64, 128):
        q, k, v = (torch.from_numpy(draw(1, 1, 4096, d)) for _ in range(3))
        record(f"attend causal n=4096 d={d}", "torch sdpa", best(lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True)))
        if d == 128:
            record("attend n=4096 d=128", "torch sdpa", best(lambda: F.scaled_dot_product_attention(q, k, v)))
    q, k = (torch.from_numpy(draw(1, 1, 1000, 40)) for _ in range(2))
    v = torch.from_numpy(draw(1, 1, 1000, 33))
    record("attend n=1000 d=40 dv=33", "torch sdpa", best(lambda: F.scaled_dot_product_attention(q, k, v)))


def path_case(n=4096, d=64):
    q1, q2, q3, v2, v3 = (draw(n, d) for _ in range(5))
    scale = np.float32(1 / d)

    def by_numpy():
        u, lse = softmax_numpy(q2 @ q3.T * scale, v3)
        return softmax_numpy(q1 @ q2.T * scale + lse, v2 * u)

    record("path(3) n=4096 d=64", "numpy", best(by_numpy))
    if torch is None:
        return
    t1, t2, t3, w2, w3 = (torch.from_numpy(x) for x in (q1, q2, q3, v2, v3))

    def by_torch():
        u, lse = softmax_torch(t2 @ t3.T * float(scale), w3)
        return softmax_torch(t1 @ t2.T * float(scale) + lse, w2 * u)

    def by_flash():
        flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        u, lse = flash(t2[None, None], t3[None, None], w3[None, None], scale=float(scale))[:2]
        mask = lse.reshape(1, 1, 1, n).expand(1, 1, n, n)
        return flash(t1[None, None], t2[None, None], w2 * u, attn_mask=mask, scale=float(scale))

    record("path(3) n=4096 d=64", "torch", best(by_torch))
    try:
        record("path(3) n=4096 d=64", "torch sdpa + lse", best(by_flash))
    except Exception as error:
        print(f"no flash form of path(3): {str(error).splitlines()[0]}", file=sys.stderr)


def tensor_case(n=512, d=64, rows=32):
    """Conditioned on l1, as the kernel does it; `rows` of the n rows are timed."""
    q1, q2, q3, v2, v3 = (draw(n, d) for _ in range(5))
    scale = np.float32(1 / d)

    def by_numpy():
        for l1 in range(rows):
            u, lse = softmax_numpy((q2 * (q1[l1] * scale)) @ q3.T, v3)
            softmax_numpy(lse[None, :], v2 * u)

    record("tensor(3) n=512 d=64", "numpy", best(by_numpy) * n / rows)
    if torch is None:
        return
    t1, t2, t3, w2, w3 = (torch.from_numpy(x) for x in (q1, q2, q3, v2, v3))

    def by_torch():
        for l1 in range(rows):
            u, lse = softmax_torch((t2 * (t1[l1] * float(scale))) @ t3.T, w3)
            softmax_torch(lse[None, :], w2 * u)

    def by_einsum(block=4):
        for l1 in range(0, rows, block):
            scores = torch.einsum("ad,bd,cd->abc", t1[l1 : l1 + block] * float(scale), t2, t3)
            weights = torch.softmax(scores.reshape(block, -1), dim=1).reshape(block, n, n)
            torch.einsum("abc,bd,cd->ad", weights, w2, w3)

    record("tensor(3) n=512 d=64", "torch", best(by_torch) * n / rows)
    record("tensor(3) n=512 d=64", "torch einsum", best(by_einsum) * n / rows)


def strassen_case(n=1024, d=64, block=64):
    """Shared exponential matrix and one matrix product for each block of rows (math.md section 6.3)."""
    q1, q2, q3, v2, v3 = (draw(n, d) for _ in range(5))
    scale = np.float32(1 / d)
    ones = np.ones((n, 1), np.float32)

    def run(lib, q1, q2, q3, v2, v3, maximum, exp):
        s23, s12, s13 = q2 @ q3.T * scale, q1 @ q2.T * scale, q1 @ q3.T * scale
        r = maximum(s23)
        p = exp(s23 - r)
        w, g = exp(s13 - maximum(s13)), s12 + r.T
        h = exp(g - maximum(g))
        for i in range(0, n, block):
            t = (w[i : i + block].T[:, :, None] * v3[:, None, :]).reshape(n, -1)
            y = (p @ t).reshape(n, block, d + 1)
            sums = lib("ia,aic->ic", h[i : i + block], y * v2[:, None, :])
            sums[:, :d] / sums[:, d:]

    def by_numpy():
        a, b = np.concatenate([v2, ones], 1), np.concatenate([v3, ones], 1)
        run(lambda e, x, y: np.matmul(x[:, None, :], y.transpose(1, 0, 2))[:, 0], q1, q2, q3, a, b,
            lambda x: x.max(axis=1, keepdims=True), np.exp)

    record("Strassen n=1024 d=64", "numpy", best(by_numpy))
    if torch is None:
        return
    tensors = [torch.from_numpy(x) for x in (q1, q2, q3, np.concatenate([v2, ones], 1), np.concatenate([v3, ones], 1))]
    record("Strassen n=1024 d=64", "torch", best(lambda: run(torch.einsum, *tensors, lambda x: x.max(dim=1, keepdim=True)[0], torch.exp)))


versions = {"numpy": np.__version__}
if torch is None:
    versions["torch"] = f"missing: {reason}"
else:
    torch.set_num_threads(threads)
    versions["torch"] = torch.__version__
    with torch.no_grad():
        attend_cases()
with (torch.no_grad() if torch is not None else open("/dev/null")):
    path_case()
    tensor_case()
    strassen_case()
print(json.dumps({"versions": versions, "threads": threads, "seconds": results}))
