"""safetensors and NPY as numpy reads and writes them, against POST /v1/attention/binary. Usage: tensors.py URL"""

import io
import json
import urllib.error
import urllib.request

import ml_dtypes
import numpy as np
from cases import attention, case, near, operands, run
from safetensors import deserialize
from safetensors.numpy import load, save

NAMES = {np.float16: "float16", ml_dtypes.bfloat16: "bfloat16", np.float32: "float32", np.float64: "float64"}
SAFETENSORS = {"float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64"}
DATATYPES = {"float16": "FP16", "bfloat16": "BF16", "float32": "FP32", "float64": "FP64"}


def send(url, body, **headers):
    headers = {"content-type": "application/octet-stream", **headers}
    request = urllib.request.Request(f"{url}/v1/attention/binary", body, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.read()


def body(arrays, **options):
    tensors = dict(zip(("q1", "q2", "v2"), arrays, strict=True))
    return save(tensors, {"request": json.dumps({"mechanism": "self", **options})})


def metadata(answer):
    size = int.from_bytes(answer[:8], "little")
    return json.loads(json.loads(answer[8 : 8 + size])["__metadata__"]["response"])


@case
def every_dtype_there_and_back(url):
    for dtype, name in NAMES.items():
        arrays = operands(dtype)
        answer = send(url, body(arrays, output={"dtype": name}))
        # load() knows no BF16; deserialize() gives the bytes of every type.
        [(_, raw)] = deserialize(answer)
        assert raw["dtype"] == SAFETENSORS[name], raw["dtype"]
        output = np.frombuffer(raw["data"], dtype).reshape(raw["shape"])
        near(output.astype(np.float64), attention(*arrays)[0], DATATYPES[name])


@case
def other_outputs_and_metadata(url):
    arrays = operands()
    answer = send(url, body(arrays, output={"logSumExp": True, "weights": True}))
    tensors = load(answer)
    assert sorted(tensors) == ["logSumExp", "output", "weights.x1,x2"], sorted(tensors)
    near(tensors["logSumExp"], attention(*arrays)[1])
    near(tensors["weights.x1,x2"].sum(-1), np.ones(arrays[0].shape[:2]))
    told = metadata(answer)
    assert told["plan"]["algorithm"] == "tree-messages" and told["timing"]["totalMs"] > 0, told


@case
def rows_without_keys(url):
    arrays = operands()
    answer = send(url, body(arrays, mask={"lengths": {"2": [0]}}, output={"logSumExp": True}))
    assert np.isneginf(load(answer)["logSumExp"]).all() and (load(answer)["output"] == 0).all()


@case
def tensors_are_aligned(url):
    answer = send(url, body(operands(), output={"logSumExp": True}))
    assert int.from_bytes(answer[:8], "little") % 8 == 0


@case
def large_bodies(url):
    random = np.random.default_rng(3)
    query = random.standard_normal((200_000, 8)).astype(np.float32)
    key, value = random.standard_normal((2, 4, 8)).astype(np.float32)
    near(load(send(url, body([query, key, value])))["output"], attention(query, key, value)[0])


@case
def npy(url):
    arrays = operands()
    answer = send(url, body(arrays), accept="application/x-npy")
    near(np.load(io.BytesIO(answer), allow_pickle=False), attention(*arrays)[0])


@case
def errors_are_problems(url):
    try:
        send(url, body(operands()[:2] + [np.full((2, 5, 4), np.inf, np.float32)]))
    except urllib.error.HTTPError as raised:
        problem = json.loads(raised.read())
        assert (raised.code, problem["code"]) == (422, "non_finite_input"), problem
        assert problem["errors"][0]["pointer"] == "/tensors/v2", problem
    else:
        raise AssertionError("nothing was raised")


run()
