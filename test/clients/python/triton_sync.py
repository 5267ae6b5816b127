"""tritonclient[http] against the service. Usage: triton_sync.py URL"""

import ml_dtypes
import numpy as np
import tritonclient.http as triton
from cases import SHAPE, attention, case, composition, near, operands, refusal, run
from tritonclient.utils import InferenceServerException


def client(url):
    return triton.InferenceServerClient(url.removeprefix("http://"))


def inputs(arrays, datatype="FP32", binary=True, names=("query", "key", "value")):
    made = []
    for name, array in zip(names, arrays, strict=True):
        one = triton.InferInput(name, list(array.shape), datatype)
        one.set_data_from_numpy(array, binary_data=binary)
        made.append(one)
    return made


def infer(url, arrays, datatype="FP32", binary_in=True, binary_out=True, model="attention", **options):
    outputs = [triton.InferRequestedOutput("output", binary_data=binary_out)]
    return client(url).infer(model, inputs(arrays, datatype, binary_in), outputs=outputs, **options)


@case
def health(url):
    one = client(url)
    assert one.is_server_live() and one.is_server_ready()
    assert one.is_model_ready("attention") and one.is_model_ready("path-3", "1")
    assert not one.is_model_ready("nothing")


@case
def metadata(url):
    one = client(url)
    server = one.get_server_metadata()
    assert server["name"] == "polyattention" and "binary_tensor_data" in server["extensions"], server
    model = one.get_model_metadata("attention", "1")
    assert [tensor["name"] for tensor in model["inputs"]][:3] == ["query", "key", "value"], model
    assert model["outputs"][0] == {"name": "output", "datatype": "FP32", "shape": [-1, -1, -1, -1]}, model


@case
def config(url):
    told = client(url).get_model_config("poly-attention")
    assert told["max_batch_size"] == 0 and told["response_cache"]["enable"] is False, told
    assert {tensor["name"]: tensor["optional"] for tensor in told["input"]}["q3"] is True, told


@case
def repository(url):
    index = client(url).get_model_repository_index()
    assert {"name": "path-3", "version": "1", "state": "READY", "reason": ""} in index, index


@case
def statistics(url):
    one = client(url)
    count = lambda: one.get_inference_statistics("star-3")["model_stats"][0]["inference_stats"]["success"]["count"]
    before = count()
    arrays = operands()
    one.infer("star-3", inputs([*arrays, arrays[0]], names=("q1", "q2", "q3", "v2")))
    assert count() == before + 1
    everything = one.get_inference_statistics()["model_stats"]
    assert len(everything) == len(one.get_model_repository_index())


def each_datatype(url, datatype, dtype):
    arrays = operands(dtype)
    given = infer(url, arrays, datatype).as_numpy("output")
    assert given.dtype == dtype, given.dtype
    near(given, attention(*arrays)[0], datatype)


@case
def fp32(url):
    each_datatype(url, "FP32", np.float32)


@case
def fp64(url):
    each_datatype(url, "FP64", np.float64)


@case
def fp16(url):
    each_datatype(url, "FP16", np.float16)


@case
def bf16(url):
    each_datatype(url, "BF16", ml_dtypes.bfloat16)


@case
def json_both_ways(url):
    arrays = operands()
    near(infer(url, arrays, binary_in=False, binary_out=False).as_numpy("output"), attention(*arrays)[0])


@case
def json_of_doubles(url):
    arrays = operands(np.float64)
    given = infer(url, arrays, "FP64", binary_in=False, binary_out=False).as_numpy("output")
    assert np.abs(given - attention(*arrays)[0]).max() < 1e-13


@case
def mixed_framing(url):
    arrays = operands()
    made = inputs(arrays)
    made[1].set_data_from_numpy(arrays[1], binary_data=False)
    outputs = [triton.InferRequestedOutput("log_sum_exp", binary_data=False), triton.InferRequestedOutput("output")]
    result = client(url).infer("attention", made, outputs=outputs)
    rows, sums = attention(*arrays)
    near(result.as_numpy("output"), rows)
    near(result.as_numpy("log_sum_exp"), sums)


@case
def all_outputs_unless_named(url):
    arrays = operands()
    result = client(url).infer("attention", inputs(arrays), request_id="id-7", parameters={"log_sum_exp": True})
    rows, sums = attention(*arrays)
    near(result.as_numpy("output"), rows)
    near(result.as_numpy("log_sum_exp"), sums)
    response = result.get_response()
    assert response["id"] == "id-7" and response["model_name"] == "attention", response
    assert response["parameters"]["timing_compute_ms"] >= 0, response


@case
def polynomial(url):
    arrays = [*operands(), operands(seed=8)[0]]
    made = inputs(arrays, names=("q1", "q2", "q3", "v3"))
    result = client(url).infer("poly-attention", made, parameters={"polynomial": "x1*x2 + x2*x3", "backend": "reference"})
    near(result.as_numpy("output"), composition(*arrays))
    near(client(url).infer("path-3", made, model_version="1").as_numpy("output"), composition(*arrays))


@case
def compression(url):
    arrays = operands()
    for algorithm in ("gzip", "deflate"):
        for binary in (True, False):
            options = {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
            result = infer(url, arrays, binary_in=binary, binary_out=binary, **options)
            near(result.as_numpy("output"), attention(*arrays)[0])


@case
def compressed_and_large(url):
    random = np.random.default_rng(1)
    query = random.standard_normal((40_000, 16)).astype(np.float32)
    key, value = query[:4], random.standard_normal((4, 16)).astype(np.float32)
    options = {"request_compression_algorithm": "gzip", "response_compression_algorithm": "gzip"}
    near(infer(url, [query, key, value], **options).as_numpy("output"), attention(query, key, value)[0])


@case
def asynchronous(url):
    arrays = operands()
    one = triton.InferenceServerClient(url.removeprefix("http://"), concurrency=4)
    waiting = [one.async_infer("attention", inputs(arrays)) for _ in range(8)]
    for result in waiting:
        near(result.get_result().as_numpy("output"), attention(*arrays)[0])


@case
def timeout(url):
    array = np.zeros((24, 2), np.float32)
    made = inputs([array] * 4, names=("q1", "q2", "q3", "q4"))
    slow = {"polynomial": "x1*x2*x3*x4", "backend": "reference", "algorithm": "definition"}
    refusal(
        lambda: client(url).infer("poly-attention", made, timeout=1, parameters=slow),
        InferenceServerException,
        "deadline of 1 ms passed",
    )


@case
def errors(url):
    one = client(url)
    arrays = operands()
    made = inputs(arrays)
    refused = lambda call, *words: refusal(call, InferenceServerException, *words)
    refused(lambda: one.infer("nothing", made), "There is no model 'nothing'")
    refused(lambda: one.infer("attention", made, parameters={"warmth": 1}), "There is no parameter 'warmth'")
    refused(lambda: one.infer("attention", made[:1]), "tensor q2 is missing")
    refused(lambda: one.infer("attention", inputs([np.zeros(SHAPE, np.int64)] * 3, "INT64")), "datatype", "INT64")
    refused(lambda: one.infer("attention", inputs([np.full(SHAPE, np.nan, np.float32)] * 3)), "NaN")
    refused(lambda: one.load_model("attention"), "always loaded")
    refused(lambda: one.unload_model("attention"), "always loaded")
    refused(lambda: one.get_system_shared_memory_status(), "not served")
    refused(lambda: one.get_trace_settings(), "environment")
    refused(lambda: one.get_log_settings(), "environment")
    refused(lambda: infer(url, arrays, response_compression_algorithm="gzip", parameters={"x" * 2000: 1}), "no parameter")


run()
