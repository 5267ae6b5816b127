"""Self-attention behind FastAPI with PyTorch, as its users write it: takes and gives the JSON of POST /v1/attention. Usage: peer.py WORKERS"""

import multiprocessing
import socket
import sys

import torch
import torch.nn.functional as F
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

torch.set_num_threads(1)
app = FastAPI()


class Tensor(BaseModel):
    shape: list[int]
    data: list[float]


class Request(BaseModel):
    mechanism: str
    tensors: dict[str, Tensor]


@app.post("/v1/attention")
def attention(request: Request):
    q, k, v = (torch.tensor(request.tensors[name].data).reshape(request.tensors[name].shape) for name in ("q1", "q2", "v2"))
    with torch.no_grad():
        output = F.scaled_dot_product_attention(q[None, None], k[None, None], v[None, None], scale=1 / q.shape[-1])[0, 0]
    return {"output": {"shape": list(output.shape), "dtype": "float32", "data": output.flatten().tolist()}}


def serve(listener):
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])


def main(workers):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    # Forked workers would share the threads that PyTorch has started already.
    multiprocessing.set_start_method("spawn")
    for _ in range(workers - 1):
        multiprocessing.Process(target=serve, args=(listener,), daemon=True).start()
    print(f"serves http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    serve(listener)


if __name__ == "__main__":
    main(int(sys.argv[1]))
