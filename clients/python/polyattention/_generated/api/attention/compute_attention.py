from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.attention_request import AttentionRequest
from ...models.attention_response import AttentionResponse
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: AttentionRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_request_timeout_ms, Unset):
        headers["x-request-timeout-ms"] = str(x_request_timeout_ms)

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/attention",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> AttentionResponse | Problem:
    if response.status_code == 200:
        response_200 = AttentionResponse.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Problem.from_dict(response.json())

        return response_415

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = Problem.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if response.status_code == 504:
        response_504 = Problem.from_dict(response.json())

        return response_504

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[AttentionResponse | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: AttentionRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> Response[AttentionResponse | Problem]:
    """Compute poly-attention

     Takes an attention polynomial and its tensors, and answers with the output rows, the plan that was
    run and its timing.

    Args:
        x_request_timeout_ms (int | Unset):
        body (AttentionRequest): An attention polynomial, by text or by catalogue name, and its
            tensors

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AttentionResponse | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        x_request_timeout_ms=x_request_timeout_ms,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: AttentionRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> AttentionResponse | Problem | None:
    """Compute poly-attention

     Takes an attention polynomial and its tensors, and answers with the output rows, the plan that was
    run and its timing.

    Args:
        x_request_timeout_ms (int | Unset):
        body (AttentionRequest): An attention polynomial, by text or by catalogue name, and its
            tensors

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AttentionResponse | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        x_request_timeout_ms=x_request_timeout_ms,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: AttentionRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> Response[AttentionResponse | Problem]:
    """Compute poly-attention

     Takes an attention polynomial and its tensors, and answers with the output rows, the plan that was
    run and its timing.

    Args:
        x_request_timeout_ms (int | Unset):
        body (AttentionRequest): An attention polynomial, by text or by catalogue name, and its
            tensors

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AttentionResponse | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        x_request_timeout_ms=x_request_timeout_ms,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: AttentionRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> AttentionResponse | Problem | None:
    """Compute poly-attention

     Takes an attention polynomial and its tensors, and answers with the output rows, the plan that was
    run and its timing.

    Args:
        x_request_timeout_ms (int | Unset):
        body (AttentionRequest): An attention polynomial, by text or by catalogue name, and its
            tensors

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AttentionResponse | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            x_request_timeout_ms=x_request_timeout_ms,
        )
    ).parsed
