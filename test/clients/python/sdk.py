"""Runs the Python SDK for sdk-python.test.ts: `sdk.py SCENARIO`, a JSON object on the first line of stdin, JSON lines on stdout."""

import asyncio
import base64
import json
import sys
import threading

import ml_dtypes
import numpy as np
import polyattention
from polyattention import AsyncClient, Client, PolyAttentionError

DTYPES = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32, "float64": np.float64}
FIRST = {"q": 1, "v": 2, "b": 1, "wq": 1, "wv": 2}
SNAKE = {"logSumExp": "log_sum_exp", "timeoutMs": "timeout"}


def say(value):
    print(json.dumps(value), flush=True)


def array(given):
    return np.array([float(value) for value in given["data"]]).astype(DTYPES[given["dtype"]]).reshape(given["shape"])


def arguments(case, style):
    """The case as keyword arguments; each variable's array by its number, or as a list with None for what is left out."""
    options = {SNAKE.get(name, name): value for name, value in case["options"].items() if name != "output"}
    options |= {SNAKE.get(name, name): value for name, value in case["options"].get("output", {}).items()}
    for name, given in case["tensors"].items():
        if name == "x":
            options["x"] = array(given)
        else:
            options.setdefault(name.rstrip("0123456789"), {})[int(name[-1])] = array(given)
    if style == "lists":
        for role, first in FIRST.items():
            if role in options:
                options[role] = [options[role].get(j) for j in range(first, 1 + max(options[role]))]
    return options


def tensor(values):
    if values is None:
        return None
    return {"shape": values.shape, "dtype": values.dtype.name, "base64": base64.b64encode(values.tobytes()).decode()}


def described(result):
    return {
        "output": tensor(result.output),
        "logSumExp": tensor(result.log_sum_exp),
        "weights": {pair: tensor(values) for pair, values in result.weights.items()},
        "emptyRows": result.empty_rows,
        "algorithm": result.plan.algorithm,
        "stages": len(result.timing.stages),
    }


def failed(error):
    kind = type(error).__name__
    return {"type": kind, "status": error.status, "code": error.code, "detail": error.detail, "errors": error.errors}


def attempt(run):
    try:
        return {"answer": run()}
    except PolyAttentionError as error:
        return failed(error)


def answers(given):
    with Client(given["url"]) as client:
        numbered = [described(client.attention(case["polynomial"], **arguments(case, "numbers"))) for case in given["cases"]]
        listed = [described(client.attention(case["polynomial"], **arguments(case, "lists"))) for case in given["cases"]]

    async def at_once():
        async with AsyncClient(given["url"]) as client:
            tasks = [client.attention(case["polynomial"], **arguments(case, "numbers")) for case in given["cases"]]
            return [described(result) for result in await asyncio.gather(*tasks)]

    say({"numbers": numbered, "lists": listed, "async": asyncio.run(at_once())})


def numpy(given):
    """What numpy people bring: lists, integers, views that are not dense, the other byte order."""
    rows = np.arange(6).reshape(2, 3)
    ways = {
        "lists": rows.T.tolist(),
        "integers": rows.T,
        "int32": rows.T.astype(np.int32),
        "strided": rows.T.astype(np.float64),
        "fortran": np.asfortranarray(rows.T, dtype=np.float64),
        "big-endian": rows.T.astype(">f8"),
    }
    with Client(given["url"]) as client:
        say({name: client.attention("x1*x2", q=[way, way], v=[way]).output.tolist() for name, way in ways.items()})


def errors(given):
    q = np.ones((4, 2), np.float32)
    calls = {
        "polynomial": lambda client: client.attention("x1*x2 + x1", q=[q, q], v=[q]),
        "shape": lambda client: client.attention("x1*x2", q=[q, q[:, :1]], v=[q]),
        "non-finite": lambda client: client.attention("x1*x2", q=[q * np.nan, q], v=[q]),
        "deadline": lambda client: client.attention(
            given["large"]["polynomial"], **(arguments(given["large"], "lists") | {"timeout": 0.05})
        ),
        "analysis": lambda client: client.analyze("x1*x1"),
    }
    with Client(given["url"]) as client:
        found = {name: attempt(lambda call=call: call(client)) for name, call in calls.items()}
    try:
        Client(given["url"]).attention("x1*x2", q=[q, q], values=[q])
    except TypeError as error:
        found["unknown option"] = str(error)
    say(found)


def token(given):
    q = np.ones((2, 2), np.float32)
    with Client(given["url"]) as stranger, Client(given["url"], token=given["token"]) as friend:
        say([attempt(lambda: stranger.attention("x1*x2", q=[q, q])), friend.attention("x1*x2", q=[q, q]).output.shape])


async def with_notes(client, url):
    """One request with a wait that only takes notes."""
    q = np.ones((1, 1), np.float32)
    waits = []

    async def note(seconds):
        waits.append(seconds)

    try:
        if client == "sync":
            with Client(url, sleep=waits.append) as one:
                result = one.attention("x1*x2", q=[q, q])
        else:
            async with AsyncClient(url, sleep=note) as one:
                result = await one.attention("x1*x2", q=[q, q])
    except PolyAttentionError as error:
        return {"waits": waits, **failed(error)}
    return {"waits": waits, "answer": result.output.tolist()}


def retry(given):
    say([asyncio.run(with_notes(given["client"], url)) for url in given["urls"]])


def progress(given):
    """What each client tells of a request of some megabytes, and of one that is refused."""
    q = np.ones((given["heads"], 8, 64), np.float32)
    told = {"sync": [], "async": [], "refused": []}

    async def at_once():
        async with AsyncClient(given["url"]) as client:
            await client.attention("x1*x2", q=[q, q], v=[q], on_progress=lambda *event: told["async"].append(event))

    with Client(given["url"]) as client:
        client.attention("x1*x2", q=[q, q], v=[q], on_progress=lambda *event: told["sync"].append(event))
        attempt(lambda: client.attention("x1*x1", q=[q, q], on_progress=lambda *event: told["refused"].append(event)))
    asyncio.run(at_once())
    say(told)


def submit(given):
    """Cancels a future when the next line comes on stdin, and asks for something small afterwards."""
    with Client(given["url"]) as client:
        future = client.submit(given["large"]["polynomial"], **arguments(given["large"], "lists"))
        sys.stdin.readline()
        say("cancelled" if future.cancel() and future.cancelled() else "answered")
        say(client.attention("x1*x2", q=[[[1.0]], [[1.0]]], v=[[[2.0]]]).output.tolist())


def cancel(given):
    """Cancels the task when the next line comes on stdin, and asks for something small afterwards."""

    async def run():
        async with AsyncClient(given["url"]) as client:
            task = asyncio.create_task(client.attention(given["large"]["polynomial"], **arguments(given["large"], "lists")))
            loop = asyncio.get_running_loop()
            threading.Thread(target=lambda: (sys.stdin.readline(), loop.call_soon_threadsafe(task.cancel)), daemon=True).start()
            try:
                await task
                say("answered")
            except asyncio.CancelledError:
                say("cancelled")
            say((await client.attention("x1*x2", q=[[[1.0]], [[1.0]]], v=[[[2.0]]])).output.tolist())

    asyncio.run(run())


def generated(given):
    """The generated client below: every member there and back, the one called d too; other operations."""
    from polyattention._generated.api.mechanisms import get_mechanism

    with Client(given["url"]) as client:
        analysis = client.analyze("x1*x2 + x2*x3", n=100, d=8)
        again = type(analysis).from_dict(analysis.to_dict())
        mechanism = get_mechanism.sync("path(3)", client=client.api)
    shape = analysis.shape
    sizes = {"n": shape.n, "d": shape.d, "others": shape.additional_properties}
    say({"class": analysis.class_, "shape": sizes, "same": again == analysis, "mechanism": mechanism.polynomial})


if __name__ == "__main__":
    assert polyattention.__file__.startswith(sys.argv[2]), polyattention.__file__
    globals()[sys.argv[1]](json.loads(sys.stdin.readline()))
