"""AsyncClient and Client: requests, retries, progress, cancellation. The service's other operations: `client.api`, generated."""

import asyncio
import inspect
import itertools
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Self, TypedDict, Unpack

import httpx

from ._generated import Client as Api
from ._generated.models import Analysis
from .errors import error_of
from .tensors import AttentionOptions, Progress, Result, decode, encode

# The service answers 504 at the deadline; only where that answer does not come does the connection give up.
_GRACE_S = 5.0
_CHUNK = 1 << 18
_BINARY = dict.fromkeys(("content-type", "accept"), "application/octet-stream")


class ClientOptions(TypedDict, total=False):
    token: str | None
    timeout: float | None  # seconds, 60 if not given: the service's deadline for each attempt
    retries: int  # how often 429 and 503 are tried again, 3 if not given, after Retry-After
    max_wait: float  # seconds, 30 if not given: who is told to wait longer raises at once
    sleep: Callable[[float], Any]  # stands in for waiting, in tests


class AsyncClient:
    """`await client.attention(...)`. A task that is cancelled closes its connection, and the service stops computing."""

    def __init__(self, url: str = "http://127.0.0.1:8080", **options: Unpack[ClientOptions]):
        self._timeout, self._options = options.get("timeout", 60.0), options
        headers = {} if options.get("token") is None else {"authorization": f"Bearer {options['token']}"}
        self.api = Api(base_url=url, headers=headers, timeout=httpx.Timeout(self._timeout and self._timeout + _GRACE_S))

    async def attention(self, polynomial: str | None = None, /, **options: Unpack[AttentionOptions]) -> Result:
        """Computes one polynomial, exactly unless `mode` says otherwise. Raises PolyAttentionError, httpx.TransportError."""
        timeout, progress = options.pop("timeout", None) or self._timeout, options.pop("on_progress", None)
        return decode(await self._send("/v1/attention/binary", encode(polynomial, options, timeout), _BINARY, timeout, progress))

    async def analyze(self, polynomial: str | None = None, /, **options: Any) -> Analysis:
        """Facts, plan and cost without tensors: n, d, dv, batch, heads, and the options of the service by their names there."""
        shape = {name: options.pop(name) for name in ("n", "d", "dv", "batch", "heads") if name in options}
        given = options | ({"shape": shape} if shape else {}) | ({} if polynomial is None else {"polynomial": polynomial})
        body = json.dumps(given).encode()
        answer = await self._send("/v1/polynomials/analyze", body, {"content-type": "application/json"}, self._timeout)
        return Analysis.from_dict(json.loads(answer))

    async def _send(
        self, path: str, body: bytes, headers: dict[str, str], timeout: float | None, report: Progress | None = None
    ) -> bytes:
        for attempt in itertools.count():
            content = body if report is None else _chunks(body, report)
            request = {"headers": headers | {"content-length": str(len(body))}, "timeout": timeout and timeout + _GRACE_S}
            async with self.api.get_async_httpx_client().stream("POST", path, content=content, **request) as response:
                answer = bytearray()
                async for chunk in response.aiter_bytes():
                    answer += chunk
                    if report is not None and response.is_success:
                        report("received", len(answer), int(response.headers.get("content-length", len(answer))))
            if response.is_success:
                return bytes(answer)
            error = error_of(response.status_code, response.headers.get("retry-after", ""), answer)
            wait = 0.5 * 2**attempt if error.retry_after is None else error.retry_after
            exhausted = attempt >= self._options.get("retries", 3) or wait > self._options.get("max_wait", 30.0)
            if error.status not in (429, 503) or exhausted:
                raise error
            waited = self._options.get("sleep", asyncio.sleep)(wait)
            if inspect.isawaitable(waited):
                await waited

    async def close(self) -> None:
        await self.api.get_async_httpx_client().aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Client:
    """`Client(url).attention("x1*x2 + x2*x3", q=[q1, q2, q3], v=[v2, v3]).output`. Runs AsyncClient on a thread; safe to share."""

    def __init__(self, url: str = "http://127.0.0.1:8080", **options: Unpack[ClientOptions]):
        self._client, self._loop = AsyncClient(url, **options), asyncio.new_event_loop()
        self.api = self._client.api
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def submit(self, polynomial: str | None = None, /, **options: Unpack[AttentionOptions]) -> "Future[Result]":
        """Starts a request. `cancel()` of the future closes the connection, and the service stops computing."""
        return self._start(self._client.attention(polynomial, **options))

    def attention(self, polynomial: str | None = None, /, **options: Unpack[AttentionOptions]) -> Result:
        return _result(self.submit(polynomial, **options))

    def analyze(self, polynomial: str | None = None, /, **options: Any) -> Analysis:
        return _result(self._start(self._client.analyze(polynomial, **options)))

    def _start(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        _result(self._start(self._client.close()))
        self._loop.call_soon_threadsafe(self._loop.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _result(future: "Future[Any]") -> Any:
    try:
        return future.result()
    except BaseException:  # an interrupt, too, ends what it interrupts
        future.cancel()
        raise


async def _chunks(body: bytes, report: Progress) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]
        report("sent", min(start + _CHUNK, len(body)), len(body))
