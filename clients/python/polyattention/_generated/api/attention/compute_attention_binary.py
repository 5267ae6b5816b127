from http import HTTPStatus
from io import BytesIO
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import UNSET, File, Response, Unset


def _get_kwargs(
    *,
    body: File,
    x_request_timeout_ms: int | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_request_timeout_ms, Unset):
        headers["x-request-timeout-ms"] = str(x_request_timeout_ms)

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/attention/binary",
    }

    _kwargs["content"] = body.payload
    headers["Content-Type"] = "application/octet-stream"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> File | Problem:
    if response.status_code == 200:
        response_200 = File(payload=BytesIO(response.content))

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 406:
        response_406 = Problem.from_dict(response.json())

        return response_406

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


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[File | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: File,
    x_request_timeout_ms: int | Unset = UNSET,
) -> Response[File | Problem]:
    """Compute poly-attention, binary

     The same in safetensors, for tensors of any size: options as JSON text in `__metadata__.request`,
    the rest of the response in `__metadata__.response`. Taken and, where Accept asks for it, sent as
    application/vnd.safetensors too; Accept: application/x-npy answers with the output alone as NPY.

    Args:
        x_request_timeout_ms (int | Unset):
        body (File): A safetensors body: the tensors of AttentionRequest by their names, its other
            members as JSON text in __metadata__.request

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File | Problem]
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
    body: File,
    x_request_timeout_ms: int | Unset = UNSET,
) -> File | Problem | None:
    """Compute poly-attention, binary

     The same in safetensors, for tensors of any size: options as JSON text in `__metadata__.request`,
    the rest of the response in `__metadata__.response`. Taken and, where Accept asks for it, sent as
    application/vnd.safetensors too; Accept: application/x-npy answers with the output alone as NPY.

    Args:
        x_request_timeout_ms (int | Unset):
        body (File): A safetensors body: the tensors of AttentionRequest by their names, its other
            members as JSON text in __metadata__.request

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        x_request_timeout_ms=x_request_timeout_ms,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: File,
    x_request_timeout_ms: int | Unset = UNSET,
) -> Response[File | Problem]:
    """Compute poly-attention, binary

     The same in safetensors, for tensors of any size: options as JSON text in `__metadata__.request`,
    the rest of the response in `__metadata__.response`. Taken and, where Accept asks for it, sent as
    application/vnd.safetensors too; Accept: application/x-npy answers with the output alone as NPY.

    Args:
        x_request_timeout_ms (int | Unset):
        body (File): A safetensors body: the tensors of AttentionRequest by their names, its other
            members as JSON text in __metadata__.request

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[File | Problem]
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
    body: File,
    x_request_timeout_ms: int | Unset = UNSET,
) -> File | Problem | None:
    """Compute poly-attention, binary

     The same in safetensors, for tensors of any size: options as JSON text in `__metadata__.request`,
    the rest of the response in `__metadata__.response`. Taken and, where Accept asks for it, sent as
    application/vnd.safetensors too; Accept: application/x-npy answers with the output alone as NPY.

    Args:
        x_request_timeout_ms (int | Unset):
        body (File): A safetensors body: the tensors of AttentionRequest by their names, its other
            members as JSON text in __metadata__.request

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        File | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            x_request_timeout_ms=x_request_timeout_ms,
        )
    ).parsed
