"""Schemathesis's hooks: half of the bodies that shall be valid get operands that fit one another, so that fuzzing reaches the kernels.

Everything else of a body, its options above all, stays as generated. Choices follow from the body, so that a seed repeats a run.
"""

import json
import random
import re
import struct

import schemathesis

POLYNOMIALS = ["x1*x2", "x1*x2 + x2*x3", "x1*x2 + x1*x3", "x1*x2 + x1*x3 + x2*x3", "x1*x2*x3", "0.5*x1*x2 - x1*x3", "x1*x2 + x3*x4"]
MODELS = ["self-attention", "path-3", "strassen-attention", "tensor-3", "attention", "poly-attention", "nothing"]
DTYPES = {"float32": ("F32", "f"), "float64": ("F64", "d"), "float16": ("F16", "e")}
OIP = {"float32": "FP32", "float64": "FP64", "float16": "FP16"}


def operands(draw):
    """A polynomial and its tensors by name: (dtype, shape, elements)."""
    polynomial = draw.choice(POLYNOMIALS)
    count = max(int(variable) for variable in re.findall(r"x(\d)", polynomial))
    leading = draw.choice([[], [], [2], [1, 2]])
    d, dv = draw.randint(1, 4), draw.randint(1, 3)
    rows = [draw.randint(0 if draw.random() < 0.05 else 1, 6) for _ in range(count)]
    shapes = {f"q{j + 1}": [*leading, rows[j], d] for j in range(count)}
    shapes |= {f"v{j + 1}": [*leading, rows[j], dv] for j in range(1, count) if draw.random() < 0.9}
    if draw.random() < 0.1:
        shapes["b2"] = [*leading, rows[1]]
    return polynomial, {name: tensor(draw, shape) for name, shape in shapes.items()}


def tensor(draw, shape):
    size = 1
    for length in shape:
        size *= length
    scale = draw.choice([1.0, 1.0, 1.0, 100.0, 60000.0])
    return draw.choice(list(DTYPES)), shape, [round(draw.uniform(-scale, scale), 3) for _ in range(size)]


def options_of(draw, body):
    options = {name: value for name, value in body.items() if name not in ("tensors", "mechanism")}
    # Most options exclude one another; three of four are left to their defaults.
    return {name: value for name, value in options.items() if draw.random() < 0.25}


def json_body(draw, body):
    polynomial, tensors = operands(draw)
    described = {name: {"dtype": dtype, "shape": shape, "data": data} for name, (dtype, shape, data) in tensors.items()}
    return {**options_of(draw, body), "polynomial": polynomial, "tensors": described}


def binary_body(draw):
    polynomial, tensors = operands(draw)
    request = {"polynomial": polynomial, "output": {"dtype": draw.choice(["bfloat16", *DTYPES])}}
    header, data = {"__metadata__": {"request": json.dumps(request)}}, b""
    for name, (dtype, shape, elements) in tensors.items():
        code, letter = DTYPES[dtype]
        packed = struct.pack(f"<{len(elements)}{letter}", *elements)
        header[name] = {"dtype": code, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    body = struct.pack("<Q", len(text)) + text + data
    # One in four is damaged somewhere.
    if draw.random() < 0.25:
        at = draw.randrange(len(body))
        body = body[:at] + bytes([draw.randrange(256)]) + body[at + 1 :]
    return body


def inference_body(draw, body):
    polynomial, tensors = operands(draw)
    inputs = [{"name": name, "datatype": OIP[dtype], "shape": shape, "data": data} for name, (dtype, shape, data) in tensors.items()]
    parameters = {"polynomial": polynomial} if draw.random() < 0.8 else body.get("parameters", {})
    return {**options_of(draw, body), "inputs": inputs, "parameters": parameters}


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or meta.phase.name.value != "fuzzing":
        return
    draw = random.Random(repr((case.path_parameters, case.body)))
    path = case.operation.path
    if "model" in (case.path_parameters or {}) and draw.random() < 0.8:
        case.path_parameters["model"] = draw.choice(MODELS)
    if draw.random() < 0.5:
        return
    if path == "/v1/attention" and isinstance(case.body, dict):
        case.body = json_body(draw, case.body)
    elif path == "/v1/attention/binary":
        case.body = binary_body(draw)
    elif path.endswith("/infer") and isinstance(case.body, dict):
        case.body = inference_body(draw, case.body)
