"""tritonclient[http] for asyncio against the service. Usage: triton_aio.py URL"""

import asyncio
from contextlib import asynccontextmanager

import ml_dtypes
import numpy as np
import tritonclient.http.aio as triton
from cases import attention, case, near, operands, run
from tritonclient.utils import InferenceServerException


@asynccontextmanager
async def client(url):
    one = triton.InferenceServerClient(url.removeprefix("http://"))
    try:
        yield one
    finally:
        await one.close()


def inputs(arrays, datatype="FP32", binary=True):
    made = []
    for name, array in zip(("query", "key", "value"), arrays, strict=True):
        one = triton.InferInput(name, list(array.shape), datatype)
        one.set_data_from_numpy(array, binary_data=binary)
        made.append(one)
    return made


async def infer(url, arrays, datatype="FP32", binary_in=True, binary_out=True, **options):
    outputs = [triton.InferRequestedOutput("output", binary_data=binary_out)]
    async with client(url) as one:
        result = await one.infer("attention", inputs(arrays, datatype, binary_in), outputs=outputs, **options)
    return result.as_numpy("output")


async def refusal(waiting, *words):
    try:
        await waiting
    except InferenceServerException as raised:
        for word in words:
            assert word in str(raised), f"{raised} does not say {word}"
        return
    raise AssertionError("nothing was raised")


@case
async def health(url):
    async with client(url) as one:
        assert await one.is_server_live() and await one.is_server_ready() and await one.is_model_ready("attention")


@case
async def descriptions(url):
    async with client(url) as one:
        assert (await one.get_server_metadata())["name"] == "polyattention"
        assert (await one.get_model_metadata("attention"))["versions"] == ["1"]
        assert (await one.get_model_config("attention"))["max_batch_size"] == 0
        assert (await one.get_inference_statistics("attention"))["model_stats"][0]["name"] == "attention"
        assert (await one.get_model_repository_index())[0]["state"] == "READY"


@case
async def every_datatype(url):
    for datatype, dtype in (("FP32", np.float32), ("FP64", np.float64), ("FP16", np.float16), ("BF16", ml_dtypes.bfloat16)):
        arrays = operands(dtype)
        given = await infer(url, arrays, datatype)
        assert given.dtype == dtype
        near(given, attention(*arrays)[0], datatype)


@case
async def json_both_ways(url):
    # This client says application/octet-stream of JSON too.
    arrays = operands()
    near(await infer(url, arrays, binary_in=False, binary_out=False), attention(*arrays)[0])


@case
async def all_outputs_unless_named(url):
    arrays = operands()
    async with client(url) as one:
        result = await one.infer("attention", inputs(arrays), request_id="7", parameters={"log_sum_exp": True})
    near(result.as_numpy("log_sum_exp"), attention(*arrays)[1])
    assert result.get_response()["id"] == "7"


@case
async def compression(url):
    arrays = operands()
    for algorithm in ("gzip", "deflate"):
        options = {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
        near(await infer(url, arrays, **options), attention(*arrays)[0])
    query = np.random.default_rng(1).standard_normal((5000, 8)).astype(np.float32)
    # Accept-Encoding of the HTTP library itself, on an answer in JSON that is worth compressing.
    near(await infer(url, [query, query[:2], query[:2]], binary_out=False), attention(query, query[:2], query[:2])[0])


@case
async def many_at_once(url):
    arrays = operands()
    for given in await asyncio.gather(*(infer(url, arrays) for _ in range(16))):
        near(given, attention(*arrays)[0])


@case
async def errors(url):
    made = inputs(operands())
    async with client(url) as one:
        await refusal(one.infer("nothing", made), "There is no model 'nothing'")
        await refusal(one.infer("attention", made, parameters={"warmth": 1}), "There is no parameter 'warmth'")
        await refusal(one.infer("attention", made[:1]), "tensor q2 is missing")
        await refusal(one.load_model("attention"), "always loaded")


run()
