"""Client and AsyncClient: requests, retries, errors. What else the service offers is under `client.api`, the generated client."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any, Self, Unpack

import httpx

from ._generated import Client as Api
from ._generated.models import Analysis
from .errors import PolyAttentionError, error_of
from .tensors import AttentionOptions, Result, decode, encode

# The service answers 504 at the deadline; only where that answer does not come does the connection give up.
_GRACE_S = 5.0
_BINARY = dict.fromkeys(("content-type", "accept"), "application/octet-stream")


# The arguments of httpx's request, and how its response is read.
_Call = tuple[dict[str, Any], Callable[[httpx.Response], Any]]


class _Base:
    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        token: str | None = None,
        timeout: float | None = 60.0,
        retries: int = 3,
        max_wait: float = 30.0,
        sleep: Callable[[float], Any] | None = None,
    ):
        """`timeout` in seconds is the service's deadline for each attempt. 429 and 503 are tried again up to `retries` times, after
        Retry-After; one that asks for more than `max_wait` seconds is raised at once. `sleep` stands in for waiting, in tests."""
        self._timeout, self._retries, self._max_wait, self._sleep = timeout, retries, max_wait, sleep
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self.api = Api(base_url=url, headers=self._headers, timeout=httpx.Timeout(timeout and timeout + _GRACE_S))

    def _attention(self, polynomial: str | None, options: AttentionOptions) -> _Call:
        timeout = options.get("timeout") or self._timeout
        body = {"content": encode(polynomial, options, timeout), "headers": _BINARY}
        return self._request("/v1/attention/binary", timeout, body), lambda response: decode(response.content)

    def _analyze(self, polynomial: str | None, options: dict[str, Any]) -> _Call:
        shape = {name: options.pop(name) for name in ("n", "d", "dv", "batch", "heads") if name in options}
        body = options | ({"shape": shape} if shape else {}) | ({} if polynomial is None else {"polynomial": polynomial})
        request = self._request("/v1/polynomials/analyze", self._timeout, {"json": body})
        return request, lambda response: Analysis.from_dict(response.json())

    def _request(self, path: str, timeout: float | None, body: dict[str, Any]) -> dict[str, Any]:
        return {"method": "POST", "url": path, "timeout": timeout and timeout + _GRACE_S, **body}

    def _wait(self, error: PolyAttentionError, attempt: int) -> float:
        """Seconds until the next attempt; raises where there is none."""
        wait = 0.5 * 2**attempt if error.retry_after is None else error.retry_after
        if error.status not in (429, 503) or attempt >= self._retries or wait > self._max_wait:
            raise error
        return wait


class Client(_Base):
    """`Client(url).attention("x1*x2 + x2*x3", q=[q1, q2, q3], v=[v2, v3]).output`. Safe to share between threads."""

    def attention(self, polynomial: str | None = None, /, **options: Unpack[AttentionOptions]) -> Result:
        """Computes one polynomial, exactly unless `mode` says otherwise. Raises PolyAttentionError, httpx.TransportError."""
        return self._send(self._attention(polynomial, options))

    def analyze(self, polynomial: str | None = None, /, **options: Any) -> Analysis:
        """Facts, plan and cost without tensors: n, d, dv, batch, heads, and the options of the service by their names there."""
        return self._send(self._analyze(polynomial, options))

    def _send(self, call: _Call) -> Any:
        request, read = call
        for attempt in itertools.count():
            response = self.api.get_httpx_client().request(**request)
            if response.is_success:
                return read(response)
            (self._sleep or time.sleep)(self._wait(error_of(response), attempt))

    def close(self) -> None:
        self.api.get_httpx_client().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Base):
    """The same with `await`. A task that is cancelled closes its connection, and the service stops computing."""

    async def attention(self, polynomial: str | None = None, /, **options: Unpack[AttentionOptions]) -> Result:
        return await self._send(self._attention(polynomial, options))

    async def analyze(self, polynomial: str | None = None, /, **options: Any) -> Analysis:
        return await self._send(self._analyze(polynomial, options))

    async def _send(self, call: _Call) -> Any:
        request, read = call
        for attempt in itertools.count():
            response = await self.api.get_async_httpx_client().request(**request)
            if response.is_success:
                return read(response)
            await (self._sleep or asyncio.sleep)(self._wait(error_of(response), attempt))

    async def close(self) -> None:
        await self.api.get_async_httpx_client().aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
