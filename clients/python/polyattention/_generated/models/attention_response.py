from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.approximation_result import ApproximationResult
    from ..models.attention_response_weights import AttentionResponseWeights
    from ..models.output_tensor import OutputTensor
    from ..models.plan_summary import PlanSummary
    from ..models.timing import Timing


T = TypeVar("T", bound="AttentionResponse")


@_attrs_define
class AttentionResponse:
    """Output rows with the plan that was run and its timing

    Attributes:
        output (OutputTensor): A result: data or base64 by output.encoding
        empty_rows (int): Rows without an admissible tuple, padded rows among them; their output is 0
        plan (PlanSummary): What ran and what it cost
        timing (Timing): Where the time went
        log_sum_exp (OutputTensor | Unset): A result: data or base64 by output.encoding
        weights (AttentionResponseWeights | Unset): By pair, e.g. x1,x2: the marginal attention P(l2 | l1) as an n1×n2
            matrix per slice
        approximation (ApproximationResult | Unset): What the modes approximate and auto did
    """

    output: OutputTensor
    empty_rows: int
    plan: PlanSummary
    timing: Timing
    log_sum_exp: OutputTensor | Unset = UNSET
    weights: AttentionResponseWeights | Unset = UNSET
    approximation: ApproximationResult | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        output = self.output.to_dict()

        empty_rows = self.empty_rows

        plan = self.plan.to_dict()

        timing = self.timing.to_dict()

        log_sum_exp: dict[str, Any] | Unset = UNSET
        if not isinstance(self.log_sum_exp, Unset):
            log_sum_exp = self.log_sum_exp.to_dict()

        weights: dict[str, Any] | Unset = UNSET
        if not isinstance(self.weights, Unset):
            weights = self.weights.to_dict()

        approximation: dict[str, Any] | Unset = UNSET
        if not isinstance(self.approximation, Unset):
            approximation = self.approximation.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "output": output,
                "emptyRows": empty_rows,
                "plan": plan,
                "timing": timing,
            }
        )
        if log_sum_exp is not UNSET:
            field_dict["logSumExp"] = log_sum_exp
        if weights is not UNSET:
            field_dict["weights"] = weights
        if approximation is not UNSET:
            field_dict["approximation"] = approximation

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.approximation_result import ApproximationResult  # noqa: PLC0415
        from ..models.attention_response_weights import AttentionResponseWeights  # noqa: PLC0415
        from ..models.output_tensor import OutputTensor  # noqa: PLC0415
        from ..models.plan_summary import PlanSummary  # noqa: PLC0415
        from ..models.timing import Timing  # noqa: PLC0415

        remaining_members = dict(src_dict)
        output = OutputTensor.from_dict(remaining_members.pop("output"))

        empty_rows = remaining_members.pop("emptyRows")

        plan = PlanSummary.from_dict(remaining_members.pop("plan"))

        timing = Timing.from_dict(remaining_members.pop("timing"))

        _log_sum_exp = remaining_members.pop("logSumExp", UNSET)
        log_sum_exp: OutputTensor | Unset
        if isinstance(_log_sum_exp, Unset):
            log_sum_exp = UNSET
        else:
            log_sum_exp = OutputTensor.from_dict(_log_sum_exp)

        _weights = remaining_members.pop("weights", UNSET)
        weights: AttentionResponseWeights | Unset
        if isinstance(_weights, Unset):
            weights = UNSET
        else:
            weights = AttentionResponseWeights.from_dict(_weights)

        _approximation = remaining_members.pop("approximation", UNSET)
        approximation: ApproximationResult | Unset
        if isinstance(_approximation, Unset):
            approximation = UNSET
        else:
            approximation = ApproximationResult.from_dict(_approximation)

        attention_response = cls(
            output=output,
            empty_rows=empty_rows,
            plan=plan,
            timing=timing,
            log_sum_exp=log_sum_exp,
            weights=weights,
            approximation=approximation,
        )

        attention_response.additional_properties = remaining_members
        return attention_response

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
