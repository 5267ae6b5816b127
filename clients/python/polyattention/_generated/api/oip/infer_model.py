from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.oip_infer_request import OipInferRequest
from ...models.oip_infer_response import OipInferResponse
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    model: str,
    *,
    body: OipInferRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_request_timeout_ms, Unset):
        headers["x-request-timeout-ms"] = str(x_request_timeout_ms)

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v2/models/{model}/infer".format(
            model=quote(str(model), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> OipInferResponse | Problem:
    if response.status_code == 200:
        response_200 = OipInferResponse.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

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

    if response.status_code == 501:
        response_501 = Problem.from_dict(response.json())

        return response_501

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
) -> Response[OipInferResponse | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    model: str,
    *,
    client: AuthenticatedClient | Client,
    body: OipInferRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> Response[OipInferResponse | Problem]:
    """Compute with a model

     Inference of the Open Inference Protocol. Tensors stand in the JSON, or their bytes behind it: then
    the header Inference-Header-Content-Length is the length of the JSON. Options of AttentionRequest
    are flat parameters: mode, algorithm, scale, mask, window, lengths, causal, backend, precision,
    log_sum_exp, output_datatype, timeout in microseconds, and polynomial for the model poly-attention.
    The content type of the request is not looked at; gzip and deflate are taken both ways.

    Args:
        model (str):
        x_request_timeout_ms (int | Unset):
        body (OipInferRequest): Inputs by name and flat options

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OipInferResponse | Problem]
    """

    kwargs = _get_kwargs(
        model=model,
        body=body,
        x_request_timeout_ms=x_request_timeout_ms,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    model: str,
    *,
    client: AuthenticatedClient | Client,
    body: OipInferRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> OipInferResponse | Problem | None:
    """Compute with a model

     Inference of the Open Inference Protocol. Tensors stand in the JSON, or their bytes behind it: then
    the header Inference-Header-Content-Length is the length of the JSON. Options of AttentionRequest
    are flat parameters: mode, algorithm, scale, mask, window, lengths, causal, backend, precision,
    log_sum_exp, output_datatype, timeout in microseconds, and polynomial for the model poly-attention.
    The content type of the request is not looked at; gzip and deflate are taken both ways.

    Args:
        model (str):
        x_request_timeout_ms (int | Unset):
        body (OipInferRequest): Inputs by name and flat options

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OipInferResponse | Problem
    """

    return sync_detailed(
        model=model,
        client=client,
        body=body,
        x_request_timeout_ms=x_request_timeout_ms,
    ).parsed


async def asyncio_detailed(
    model: str,
    *,
    client: AuthenticatedClient | Client,
    body: OipInferRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> Response[OipInferResponse | Problem]:
    """Compute with a model

     Inference of the Open Inference Protocol. Tensors stand in the JSON, or their bytes behind it: then
    the header Inference-Header-Content-Length is the length of the JSON. Options of AttentionRequest
    are flat parameters: mode, algorithm, scale, mask, window, lengths, causal, backend, precision,
    log_sum_exp, output_datatype, timeout in microseconds, and polynomial for the model poly-attention.
    The content type of the request is not looked at; gzip and deflate are taken both ways.

    Args:
        model (str):
        x_request_timeout_ms (int | Unset):
        body (OipInferRequest): Inputs by name and flat options

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OipInferResponse | Problem]
    """

    kwargs = _get_kwargs(
        model=model,
        body=body,
        x_request_timeout_ms=x_request_timeout_ms,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    model: str,
    *,
    client: AuthenticatedClient | Client,
    body: OipInferRequest,
    x_request_timeout_ms: int | Unset = UNSET,
) -> OipInferResponse | Problem | None:
    """Compute with a model

     Inference of the Open Inference Protocol. Tensors stand in the JSON, or their bytes behind it: then
    the header Inference-Header-Content-Length is the length of the JSON. Options of AttentionRequest
    are flat parameters: mode, algorithm, scale, mask, window, lengths, causal, backend, precision,
    log_sum_exp, output_datatype, timeout in microseconds, and polynomial for the model poly-attention.
    The content type of the request is not looked at; gzip and deflate are taken both ways.

    Args:
        model (str):
        x_request_timeout_ms (int | Unset):
        body (OipInferRequest): Inputs by name and flat options

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OipInferResponse | Problem
    """

    return (
        await asyncio_detailed(
            model=model,
            client=client,
            body=body,
            x_request_timeout_ms=x_request_timeout_ms,
        )
    ).parsed
