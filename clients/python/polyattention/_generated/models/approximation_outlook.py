from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.approximation_degree import ApproximationDegree
    from ..models.threshold import Threshold


T = TypeVar("T", bound="ApproximationOutlook")


@_attrs_define
class ApproximationOutlook:
    """When the mechanism can be approximated, and at which rank

    Attributes:
        threshold (Threshold): The bound on the entries below which the mechanism can be approximated
        entry_threshold (float): (ln n)^(1/k)
        tolerances (list[ApproximationDegree]):
        entry_bound (float | Unset):
        below_threshold (bool | Unset): Whether the entry bound is below (ln n)^(1/k); the theorem is asymptotic
        score_bound (float | Unset): Largest possible |score| for the entry bound
    """

    threshold: Threshold
    entry_threshold: float
    tolerances: list[ApproximationDegree]
    entry_bound: float | Unset = UNSET
    below_threshold: bool | Unset = UNSET
    score_bound: float | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        threshold = self.threshold.to_dict()

        entry_threshold = self.entry_threshold

        tolerances = []
        for tolerances_item_data in self.tolerances:
            tolerances_item = tolerances_item_data.to_dict()
            tolerances.append(tolerances_item)

        entry_bound = self.entry_bound

        below_threshold = self.below_threshold

        score_bound = self.score_bound

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "threshold": threshold,
                "entryThreshold": entry_threshold,
                "tolerances": tolerances,
            }
        )
        if entry_bound is not UNSET:
            field_dict["entryBound"] = entry_bound
        if below_threshold is not UNSET:
            field_dict["belowThreshold"] = below_threshold
        if score_bound is not UNSET:
            field_dict["scoreBound"] = score_bound

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.approximation_degree import ApproximationDegree  # noqa: PLC0415
        from ..models.threshold import Threshold  # noqa: PLC0415

        remaining_members = dict(src_dict)
        threshold = Threshold.from_dict(remaining_members.pop("threshold"))

        entry_threshold = remaining_members.pop("entryThreshold")

        tolerances = []
        _tolerances = remaining_members.pop("tolerances")
        for tolerances_item_data in _tolerances:
            tolerances_item = ApproximationDegree.from_dict(tolerances_item_data)

            tolerances.append(tolerances_item)

        entry_bound = remaining_members.pop("entryBound", UNSET)

        below_threshold = remaining_members.pop("belowThreshold", UNSET)

        score_bound = remaining_members.pop("scoreBound", UNSET)

        approximation_outlook = cls(
            threshold=threshold,
            entry_threshold=entry_threshold,
            tolerances=tolerances,
            entry_bound=entry_bound,
            below_threshold=below_threshold,
            score_bound=score_bound,
        )

        approximation_outlook.additional_properties = remaining_members
        return approximation_outlook

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
