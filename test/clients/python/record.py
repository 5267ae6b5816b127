"""Records what the clients send, as the golden cases of test/routes/oip/golden.test.ts.

Usage: record.py URL FOLDER. Stands between a client and the service and keeps every request byte by byte; the port is masked.
"""

import asyncio
import pathlib
import re
import sys
import threading

import ml_dtypes
import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

Q = np.array([[1, 0], [0, 1]], np.float32)
K = np.array([[1, 2], [0.5, -1]], np.float32)
V = np.array([[1, 2], [3, 4]], np.float32)
ARRAYS = {"query": Q, "key": K, "value": V}


class Recorder:
    """A relay on a port of its own; `requests` are the bytes of each request in order."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.requests = []

    async def relay(self, reader, writer):
        upstream_reader, upstream = await asyncio.open_connection(*self.target)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?im)^content-length: (\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                self.requests.append(re.sub(rb"127\.0\.0\.1:\d+", b"127.0.0.1:8080", head) + body)
                upstream.write(head + body)
                answer = await upstream_reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?im)^content-length: (\d+)", answer)
                writer.write(answer + await upstream_reader.readexactly(int(length[1])))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            upstream.close()

    def start(self):
        ready = threading.Event()

        async def serve():
            server = await asyncio.start_server(self.relay, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await server.serve_forever()

        threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
        ready.wait()
        return f"127.0.0.1:{self.port}"


def triton_inputs(module, datatype="FP32", dtype=np.float32, binary=True):
    made = []
    for name, array in ARRAYS.items():
        one = module.InferInput(name, list(array.shape), datatype)
        one.set_data_from_numpy(array.astype(dtype), binary_data=binary)
        made.append(one)
    return made


def sync_cases(address):
    one = triton.InferenceServerClient(address)
    json_output = [triton.InferRequestedOutput("output", binary_data=False)]
    yield "triton-binary", lambda: one.infer("attention", triton_inputs(triton), request_id="42")
    yield "triton-json", lambda: one.infer("attention", triton_inputs(triton, binary=False), outputs=json_output)
    yield "triton-fp16", lambda: one.infer("attention", triton_inputs(triton, "FP16", np.float16))
    yield "triton-bf16", lambda: one.infer("attention", triton_inputs(triton, "BF16", ml_dtypes.bfloat16))
    yield "triton-fp64", lambda: one.infer("attention", triton_inputs(triton, "FP64", np.float64))
    yield "triton-gzip", lambda: one.infer("attention", triton_inputs(triton), request_compression_algorithm="gzip")
    deflate = {"request_compression_algorithm": "deflate", "response_compression_algorithm": "deflate"}
    yield "triton-deflate", lambda: one.infer("attention", triton_inputs(triton), **deflate)
    options = {"timeout": 5_000_000, "priority": 1, "parameters": {"scale": "1/sqrt(d)", "causal": True}}
    yield "triton-parameters", lambda: one.infer("attention", triton_inputs(triton), **options)
    modes = {"mode": "approximate", "method": "taylor", "tolerance": 1e-3, "error_report": "full"}
    yield "triton-approximate", lambda: one.infer("attention", triton_inputs(triton), parameters=modes)
    yield "triton-index", one.get_model_repository_index


async def aio(address, binary):
    client = triton_aio.InferenceServerClient(address)
    outputs = [triton_aio.InferRequestedOutput("output", binary_data=binary)]
    await client.infer("attention", triton_inputs(triton_aio, binary=binary), outputs=outputs)
    await client.close()


async def kserve(address, binary):
    made = []
    for name, array in ARRAYS.items():
        one = InferInput(name, list(array.shape), "FP32")
        one.set_data_from_numpy(array, binary_data=binary)
        made.append(one)
    outputs = [RequestedOutput("output", {"binary_data": binary})]
    request = InferRequest("attention", made, request_id="golden", request_outputs=outputs)
    await InferenceRESTClient(RESTConfig(protocol="v2")).infer(f"http://{address}", request, model_name="attention")


def main(url, folder):
    host, port = url.removeprefix("http://").split(":")
    recorder = Recorder(host, int(port))
    address = recorder.start()
    cases = [
        *sync_cases(address),
        ("triton-aio-binary", lambda: asyncio.run(aio(address, True))),
        ("triton-aio-json", lambda: asyncio.run(aio(address, False))),
        ("kserve-binary", lambda: asyncio.run(kserve(address, True))),
        ("kserve-json", lambda: asyncio.run(kserve(address, False))),
    ]
    for name, call in cases:
        before = len(recorder.requests)
        call()
        [request] = recorder.requests[before:]
        pathlib.Path(folder, f"{name}.http").write_bytes(request)


main(*sys.argv[1:])
