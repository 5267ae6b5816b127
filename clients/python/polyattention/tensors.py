"""numpy arrays and options to a safetensors body, and a safetensors body to a Result."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import ArrayLike, NDArray

from ._generated.models import PlanSummary, Timing

Arrays = Sequence[ArrayLike | None] | Mapping[int, ArrayLike | None]
"""One array a variable: in order (q, b, wq from x1 on; v, wv from x2 on; None leaves one out), or by the variable's number."""


Progress = Callable[[Literal["sent", "received"], int, int], None]
"""Told how many bytes of the request were sent, of the answer received, and of how many: between the two the service computes."""


class AttentionOptions(TypedDict, total=False):
    """Arrays are [n, d], [heads, n, d] or [batch, heads, n, d]. What is not named goes by the service's default."""

    mechanism: str  # a catalogue name instead of a polynomial
    q: Arrays
    v: Arrays
    b: Arrays  # log-weight of each key
    x: ArrayLike  # tokens [n, m], projected by wq and wv, instead of q and v
    wq: Arrays
    wv: Arrays
    scale: Literal["1/d", "1/sqrt(d)"] | float
    mask: str | Mapping[str, Any]
    causal: bool
    mode: Literal["exact", "approximate", "auto"]
    algorithm: str
    tolerance: float  # the same as approximation={"tolerance": ...}
    approximation: Mapping[str, Any]
    error_report: str | Mapping[str, Any]
    precision: Literal["float32", "float64"]
    backend: str
    dtype: Literal["float16", "bfloat16", "float32", "float64"]  # of the outputs; bfloat16 comes back in float32 arrays
    log_sum_exp: bool
    weights: bool
    timeout: float  # seconds, of this request instead of the client's
    on_progress: Progress


@dataclass(frozen=True)
class Result:
    output: NDArray[Any]
    log_sum_exp: NDArray[Any] | None
    weights: dict[str, NDArray[Any]]
    empty_rows: int
    plan: PlanSummary
    timing: Timing
    approximation: dict[str, Any] | None


def _array(value: ArrayLike) -> NDArray[Any]:
    # safetensors reads memory as it lies, so it must be dense; to the service, integers are no operands.
    array = np.asarray(value, order="C")
    return array.astype(np.float64) if array.dtype.kind in "iu" else array


def _named(role: str, arrays: Arrays | Mapping[str, Any], first: int) -> dict[str, NDArray[Any]]:
    pairs = arrays.items() if isinstance(arrays, Mapping) else enumerate(arrays, first)
    return {f"{role}{variable}": _array(array) for variable, array in pairs if array is not None}


def encode(polynomial: str | None, options: AttentionOptions, timeout: float | None) -> bytes:
    unknown = options.keys() - AttentionOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected options: {', '.join(sorted(unknown))}")
    rest: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    tensors = _named("x", {"": rest.pop("x", None)}, 0)
    for role, first in {"q": 1, "v": 2, "b": 1, "wq": 1, "wv": 2}.items():
        tensors |= _named(role, rest.pop(role, {}), first)
    output = {wire: rest.pop(name) for name, wire in _OUTPUT.items() if name in rest}
    kinds = {"mask": rest.pop("mask", None), "errorReport": rest.pop("error_report", None)}
    approximation = {**rest.pop("approximation", {}), **({"tolerance": rest.pop("tolerance")} if "tolerance" in rest else {})}
    rest |= {name: {"type": kind} if isinstance(kind, str) else kind for name, kind in kinds.items()}
    rest |= {"polynomial": polynomial, "timeoutMs": timeout and max(1, round(timeout * 1000))}
    rest |= {"output": output or None, "approximation": approximation or None}
    given = {name: value for name, value in rest.items() if value is not None}
    return safetensors.numpy.save(tensors, {"request": json.dumps(given, default=float)})


_OUTPUT = {"dtype": "dtype", "log_sum_exp": "logSumExp", "weights": "weights"}
_DTYPES = {"F16": np.float16, "BF16": np.uint16, "F32": np.float32, "F64": np.float64}


def _view(entry: Mapping[str, Any]) -> NDArray[Any]:
    array = np.frombuffer(entry["data"], _DTYPES[entry["dtype"]]).reshape(entry["shape"])
    # numpy has no bfloat16; float32 holds every one of them, in its upper half.
    return (array.astype(np.uint32) << 16).view(np.float32) if entry["dtype"] == "BF16" else array


def decode(body: bytes) -> Result:
    tensors = {name: _view(entry) for name, entry in safetensors.deserialize(body)}
    header = json.loads(body[8 : 8 + int.from_bytes(body[:8], "little")])
    rest = json.loads(header["__metadata__"]["response"])
    weights = {name.removeprefix("weights."): array for name, array in tensors.items() if name.startswith("weights.")}
    plan, timing = PlanSummary.from_dict(rest["plan"]), Timing.from_dict(rest["timing"])
    return Result(tensors["output"], tensors.get("logSumExp"), weights, rest["emptyRows"], plan, timing, rest.get("approximation"))
