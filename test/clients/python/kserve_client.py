"""KServe's inference client against the service. Usage: kserve_client.py URL"""

import httpx
import numpy as np
from cases import attention, case, near, operands, run
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

DATATYPES = {np.float16: "FP16", np.float32: "FP32", np.float64: "FP64"}


def client():
    return InferenceRESTClient(RESTConfig(protocol="v2"))


def request(arrays, binary_in, binary_out, parameters=None):
    made = []
    for name, array in zip(("query", "key", "value"), arrays, strict=True):
        one = InferInput(name, list(array.shape), DATATYPES[array.dtype.type])
        one.set_data_from_numpy(array, binary_data=binary_in)
        made.append(one)
    outputs = [RequestedOutput("output", {"binary_data": binary_out})]
    return InferRequest("attention", made, parameters=parameters, request_outputs=outputs)


async def infer(url, arrays, binary_in, binary_out):
    response = await client().infer(url, request(arrays, binary_in, binary_out), model_name="attention")
    assert response.model_name == "attention" and response.id
    return response.outputs[0].as_numpy()


@case
async def health(url):
    assert await client().is_server_live(url)
    assert await client().is_server_ready(url)
    assert await client().is_model_ready(url, "attention")


@case
async def json_both_ways(url):
    arrays = operands()
    near(await infer(url, arrays, False, False), attention(*arrays)[0])


@case
async def binary_both_ways(url):
    for dtype, datatype in DATATYPES.items():
        arrays = operands(dtype)
        given = await infer(url, arrays, True, True)
        assert given.dtype == dtype, given.dtype
        near(given, attention(*arrays)[0], datatype)


@case
async def mixed(url):
    arrays = operands()
    near(await infer(url, arrays, True, False), attention(*arrays)[0])
    near(await infer(url, arrays, False, True), attention(*arrays)[0])


@case
async def errors(url):
    for model, parameters, words in (
        ("nothing", None, "There is no model 'nothing'"),
        ("attention", {"warmth": 1}, "There is no parameter 'warmth'"),
    ):
        try:
            await client().infer(url, request(operands(), True, True, parameters), model_name=model)
        except httpx.HTTPStatusError as raised:
            assert words in str(raised), raised
        else:
            raise AssertionError("nothing was raised")


run()
