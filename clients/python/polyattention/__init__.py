"""Attention polynomials on numpy arrays, computed by a PolyAttention service."""

from .client import AsyncClient, Client
from .errors import DeadlineExceeded, InvalidRequest, Overloaded, PolyAttentionError, Unavailable
from .tensors import AttentionOptions, Result

__all__ = ["AsyncClient", "AttentionOptions", "Client", "DeadlineExceeded", "InvalidRequest", "Overloaded"]
__all__ += ["PolyAttentionError", "Result", "Unavailable"]
