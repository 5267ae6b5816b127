from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.analysis_request_algorithm import AnalysisRequestAlgorithm
from ..models.analysis_request_backend import AnalysisRequestBackend
from ..models.analysis_request_precision import AnalysisRequestPrecision
from ..models.analysis_request_scale_type_0 import AnalysisRequestScaleType0
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.analysis_shape import AnalysisShape
    from ..models.mask import Mask


T = TypeVar("T", bound="AnalysisRequest")


@_attrs_define
class AnalysisRequest:
    """A polynomial, by text or by catalogue name, and the shape to plan for

    Attributes:
        mechanism (str | Unset): A catalogue name, e.g. self, path(3), strassen, tensor(3)
        polynomial (str | Unset): Attention polynomial over x1..xt, t <= 8, e.g. x1*x2 + x2*x3
        shape (AnalysisShape | Unset): The shape to plan for
        mask (Mask | Unset): Which tuples take part; padding by lengths
        causal (bool | Unset): Shorthand for a mask, as in requests
        scale (AnalysisRequestScaleType0 | float | Unset): Factor of the score: '1/d' (the paper's), '1/sqrt(d)', or a
            number Default: AnalysisRequestScaleType0.VALUE_0.
        algorithm (AnalysisRequestAlgorithm | Unset):  Default: AnalysisRequestAlgorithm.AUTO.
        precision (AnalysisRequestPrecision | Unset):  Default: AnalysisRequestPrecision.FLOAT32.
        backend (AnalysisRequestBackend | Unset):  Default: AnalysisRequestBackend.AUTO.
        entry_bound (float | Unset): Bound on the absolute entries of every q
    """

    mechanism: str | Unset = UNSET
    polynomial: str | Unset = UNSET
    shape: AnalysisShape | Unset = UNSET
    mask: Mask | Unset = UNSET
    causal: bool | Unset = UNSET
    scale: AnalysisRequestScaleType0 | float | Unset = AnalysisRequestScaleType0.VALUE_0
    algorithm: AnalysisRequestAlgorithm | Unset = AnalysisRequestAlgorithm.AUTO
    precision: AnalysisRequestPrecision | Unset = AnalysisRequestPrecision.FLOAT32
    backend: AnalysisRequestBackend | Unset = AnalysisRequestBackend.AUTO
    entry_bound: float | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        mechanism = self.mechanism

        polynomial = self.polynomial

        shape: dict[str, Any] | Unset = UNSET
        if not isinstance(self.shape, Unset):
            shape = self.shape.to_dict()

        mask: dict[str, Any] | Unset = UNSET
        if not isinstance(self.mask, Unset):
            mask = self.mask.to_dict()

        causal = self.causal

        scale: float | str | Unset
        if isinstance(self.scale, Unset):
            scale = UNSET
        elif isinstance(self.scale, AnalysisRequestScaleType0):
            scale = self.scale.value
        else:
            scale = self.scale

        algorithm: str | Unset = UNSET
        if not isinstance(self.algorithm, Unset):
            algorithm = self.algorithm.value

        precision: str | Unset = UNSET
        if not isinstance(self.precision, Unset):
            precision = self.precision.value

        backend: str | Unset = UNSET
        if not isinstance(self.backend, Unset):
            backend = self.backend.value

        entry_bound = self.entry_bound

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if mechanism is not UNSET:
            field_dict["mechanism"] = mechanism
        if polynomial is not UNSET:
            field_dict["polynomial"] = polynomial
        if shape is not UNSET:
            field_dict["shape"] = shape
        if mask is not UNSET:
            field_dict["mask"] = mask
        if causal is not UNSET:
            field_dict["causal"] = causal
        if scale is not UNSET:
            field_dict["scale"] = scale
        if algorithm is not UNSET:
            field_dict["algorithm"] = algorithm
        if precision is not UNSET:
            field_dict["precision"] = precision
        if backend is not UNSET:
            field_dict["backend"] = backend
        if entry_bound is not UNSET:
            field_dict["entryBound"] = entry_bound

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.analysis_shape import AnalysisShape  # noqa: PLC0415
        from ..models.mask import Mask  # noqa: PLC0415

        remaining_members = dict(src_dict)
        mechanism = remaining_members.pop("mechanism", UNSET)

        polynomial = remaining_members.pop("polynomial", UNSET)

        _shape = remaining_members.pop("shape", UNSET)
        shape: AnalysisShape | Unset
        if isinstance(_shape, Unset):
            shape = UNSET
        else:
            shape = AnalysisShape.from_dict(_shape)

        _mask = remaining_members.pop("mask", UNSET)
        mask: Mask | Unset
        if isinstance(_mask, Unset):
            mask = UNSET
        else:
            mask = Mask.from_dict(_mask)

        causal = remaining_members.pop("causal", UNSET)

        def _parse_scale(data: object) -> AnalysisRequestScaleType0 | float | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                scale_type_0 = AnalysisRequestScaleType0(data)

                return scale_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AnalysisRequestScaleType0 | float | Unset, data)

        scale = _parse_scale(remaining_members.pop("scale", UNSET))

        _algorithm = remaining_members.pop("algorithm", UNSET)
        algorithm: AnalysisRequestAlgorithm | Unset
        if isinstance(_algorithm, Unset):
            algorithm = UNSET
        else:
            algorithm = AnalysisRequestAlgorithm(_algorithm)

        _precision = remaining_members.pop("precision", UNSET)
        precision: AnalysisRequestPrecision | Unset
        if isinstance(_precision, Unset):
            precision = UNSET
        else:
            precision = AnalysisRequestPrecision(_precision)

        _backend = remaining_members.pop("backend", UNSET)
        backend: AnalysisRequestBackend | Unset
        if isinstance(_backend, Unset):
            backend = UNSET
        else:
            backend = AnalysisRequestBackend(_backend)

        entry_bound = remaining_members.pop("entryBound", UNSET)

        analysis_request = cls(
            mechanism=mechanism,
            polynomial=polynomial,
            shape=shape,
            mask=mask,
            causal=causal,
            scale=scale,
            algorithm=algorithm,
            precision=precision,
            backend=backend,
            entry_bound=entry_bound,
        )

        return analysis_request
