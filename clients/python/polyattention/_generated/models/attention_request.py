from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.attention_request_algorithm import AttentionRequestAlgorithm
from ..models.attention_request_backend import AttentionRequestBackend
from ..models.attention_request_mode import AttentionRequestMode
from ..models.attention_request_precision import AttentionRequestPrecision
from ..models.attention_request_scale_type_0 import AttentionRequestScaleType0
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.approximation_options import ApproximationOptions
    from ..models.attention_request_tensors import AttentionRequestTensors
    from ..models.error_report_options import ErrorReportOptions
    from ..models.mask import Mask
    from ..models.output_options import OutputOptions


T = TypeVar("T", bound="AttentionRequest")


@_attrs_define
class AttentionRequest:
    """An attention polynomial, by text or by catalogue name, and its tensors

    Attributes:
        tensors (AttentionRequestTensors): q1..qt [n_j, d], v2..vt [n_j, dv], optional biases b1..bt [n_j]; heads and
            batch lead. A bare nested array is a float32 tensor.
        mechanism (str | Unset): A catalogue name, e.g. self, path(3), strassen, tensor(3)
        polynomial (str | Unset): Attention polynomial over x1..xt, t <= 8, e.g. x1*x2 + x2*x3
        scale (AttentionRequestScaleType0 | float | Unset): Factor of the score: '1/d' (the paper's), '1/sqrt(d)', or a
            number Default: AttentionRequestScaleType0.VALUE_0.
        mask (Mask | Unset): Which tuples take part; padding by lengths
        causal (bool | Unset): Shorthand: true means edge-causal for trees and root-causal for everything else
        mode (AttentionRequestMode | Unset): Exact, approximate with a certificate, or the cheaper Default:
            AttentionRequestMode.EXACT.
        algorithm (AttentionRequestAlgorithm | Unset): Force an exact algorithm Default: AttentionRequestAlgorithm.AUTO.
        approximation (ApproximationOptions | Unset): How to approximate, for the modes approximate and auto
        error_report (ErrorReportOptions | Unset): Whether the error is measured against the exact answer
        precision (AttentionRequestPrecision | Unset): Precision of the computation Default:
            AttentionRequestPrecision.FLOAT32.
        backend (AttentionRequestBackend | Unset): Where to compute Default: AttentionRequestBackend.AUTO.
        output (OutputOptions | Unset): What to return and in which type
        timeout_ms (int | Unset): Deadline of this request in milliseconds, waiting included
    """

    tensors: AttentionRequestTensors
    mechanism: str | Unset = UNSET
    polynomial: str | Unset = UNSET
    scale: AttentionRequestScaleType0 | float | Unset = AttentionRequestScaleType0.VALUE_0
    mask: Mask | Unset = UNSET
    causal: bool | Unset = UNSET
    mode: AttentionRequestMode | Unset = AttentionRequestMode.EXACT
    algorithm: AttentionRequestAlgorithm | Unset = AttentionRequestAlgorithm.AUTO
    approximation: ApproximationOptions | Unset = UNSET
    error_report: ErrorReportOptions | Unset = UNSET
    precision: AttentionRequestPrecision | Unset = AttentionRequestPrecision.FLOAT32
    backend: AttentionRequestBackend | Unset = AttentionRequestBackend.AUTO
    output: OutputOptions | Unset = UNSET
    timeout_ms: int | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        tensors = self.tensors.to_dict()

        mechanism = self.mechanism

        polynomial = self.polynomial

        scale: float | str | Unset
        if isinstance(self.scale, Unset):
            scale = UNSET
        elif isinstance(self.scale, AttentionRequestScaleType0):
            scale = self.scale.value
        else:
            scale = self.scale

        mask: dict[str, Any] | Unset = UNSET
        if not isinstance(self.mask, Unset):
            mask = self.mask.to_dict()

        causal = self.causal

        mode: str | Unset = UNSET
        if not isinstance(self.mode, Unset):
            mode = self.mode.value

        algorithm: str | Unset = UNSET
        if not isinstance(self.algorithm, Unset):
            algorithm = self.algorithm.value

        approximation: dict[str, Any] | Unset = UNSET
        if not isinstance(self.approximation, Unset):
            approximation = self.approximation.to_dict()

        error_report: dict[str, Any] | Unset = UNSET
        if not isinstance(self.error_report, Unset):
            error_report = self.error_report.to_dict()

        precision: str | Unset = UNSET
        if not isinstance(self.precision, Unset):
            precision = self.precision.value

        backend: str | Unset = UNSET
        if not isinstance(self.backend, Unset):
            backend = self.backend.value

        output: dict[str, Any] | Unset = UNSET
        if not isinstance(self.output, Unset):
            output = self.output.to_dict()

        timeout_ms = self.timeout_ms

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "tensors": tensors,
            }
        )
        if mechanism is not UNSET:
            field_dict["mechanism"] = mechanism
        if polynomial is not UNSET:
            field_dict["polynomial"] = polynomial
        if scale is not UNSET:
            field_dict["scale"] = scale
        if mask is not UNSET:
            field_dict["mask"] = mask
        if causal is not UNSET:
            field_dict["causal"] = causal
        if mode is not UNSET:
            field_dict["mode"] = mode
        if algorithm is not UNSET:
            field_dict["algorithm"] = algorithm
        if approximation is not UNSET:
            field_dict["approximation"] = approximation
        if error_report is not UNSET:
            field_dict["errorReport"] = error_report
        if precision is not UNSET:
            field_dict["precision"] = precision
        if backend is not UNSET:
            field_dict["backend"] = backend
        if output is not UNSET:
            field_dict["output"] = output
        if timeout_ms is not UNSET:
            field_dict["timeoutMs"] = timeout_ms

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.approximation_options import ApproximationOptions  # noqa: PLC0415
        from ..models.attention_request_tensors import AttentionRequestTensors  # noqa: PLC0415
        from ..models.error_report_options import ErrorReportOptions  # noqa: PLC0415
        from ..models.mask import Mask  # noqa: PLC0415
        from ..models.output_options import OutputOptions  # noqa: PLC0415

        remaining_members = dict(src_dict)
        tensors = AttentionRequestTensors.from_dict(remaining_members.pop("tensors"))

        mechanism = remaining_members.pop("mechanism", UNSET)

        polynomial = remaining_members.pop("polynomial", UNSET)

        def _parse_scale(data: object) -> AttentionRequestScaleType0 | float | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                scale_type_0 = AttentionRequestScaleType0(data)

                return scale_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AttentionRequestScaleType0 | float | Unset, data)

        scale = _parse_scale(remaining_members.pop("scale", UNSET))

        _mask = remaining_members.pop("mask", UNSET)
        mask: Mask | Unset
        if isinstance(_mask, Unset):
            mask = UNSET
        else:
            mask = Mask.from_dict(_mask)

        causal = remaining_members.pop("causal", UNSET)

        _mode = remaining_members.pop("mode", UNSET)
        mode: AttentionRequestMode | Unset
        if isinstance(_mode, Unset):
            mode = UNSET
        else:
            mode = AttentionRequestMode(_mode)

        _algorithm = remaining_members.pop("algorithm", UNSET)
        algorithm: AttentionRequestAlgorithm | Unset
        if isinstance(_algorithm, Unset):
            algorithm = UNSET
        else:
            algorithm = AttentionRequestAlgorithm(_algorithm)

        _approximation = remaining_members.pop("approximation", UNSET)
        approximation: ApproximationOptions | Unset
        if isinstance(_approximation, Unset):
            approximation = UNSET
        else:
            approximation = ApproximationOptions.from_dict(_approximation)

        _error_report = remaining_members.pop("errorReport", UNSET)
        error_report: ErrorReportOptions | Unset
        if isinstance(_error_report, Unset):
            error_report = UNSET
        else:
            error_report = ErrorReportOptions.from_dict(_error_report)

        _precision = remaining_members.pop("precision", UNSET)
        precision: AttentionRequestPrecision | Unset
        if isinstance(_precision, Unset):
            precision = UNSET
        else:
            precision = AttentionRequestPrecision(_precision)

        _backend = remaining_members.pop("backend", UNSET)
        backend: AttentionRequestBackend | Unset
        if isinstance(_backend, Unset):
            backend = UNSET
        else:
            backend = AttentionRequestBackend(_backend)

        _output = remaining_members.pop("output", UNSET)
        output: OutputOptions | Unset
        if isinstance(_output, Unset):
            output = UNSET
        else:
            output = OutputOptions.from_dict(_output)

        timeout_ms = remaining_members.pop("timeoutMs", UNSET)

        attention_request = cls(
            tensors=tensors,
            mechanism=mechanism,
            polynomial=polynomial,
            scale=scale,
            mask=mask,
            causal=causal,
            mode=mode,
            algorithm=algorithm,
            approximation=approximation,
            error_report=error_report,
            precision=precision,
            backend=backend,
            output=output,
            timeout_ms=timeout_ms,
        )

        return attention_request
