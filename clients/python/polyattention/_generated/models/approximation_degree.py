from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.approximation_degree_features import ApproximationDegreeFeatures
from ..types import UNSET, Unset

T = TypeVar("T", bound="ApproximationDegree")


@_attrs_define
class ApproximationDegree:
    """What an absolute tolerance on values in [-1, 1] needs

    Attributes:
        tolerance (float):
        degree (int | Unset): Smallest even Taylor degree that certifies it; absent where none up to 64 does
        features (ApproximationDegreeFeatures | Unset): Forests: features of each edge; else of the single polynomial of
            h
        rank (float | Unset): Number of features, of one edge or of the whole
        break_even_n (float | Unset): Rows above which the approximation is expected to take less time than the exact
            plan
        speed_up (float | Unset): Modelled time of the exact plan at this n over that of mode "approximate" on entries
            uniform within the bound; absent where nothing certifies the tolerance
    """

    tolerance: float
    degree: int | Unset = UNSET
    features: ApproximationDegreeFeatures | Unset = UNSET
    rank: float | Unset = UNSET
    break_even_n: float | Unset = UNSET
    speed_up: float | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        tolerance = self.tolerance

        degree = self.degree

        features: str | Unset = UNSET
        if not isinstance(self.features, Unset):
            features = self.features.value

        rank = self.rank

        break_even_n = self.break_even_n

        speed_up = self.speed_up

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "tolerance": tolerance,
            }
        )
        if degree is not UNSET:
            field_dict["degree"] = degree
        if features is not UNSET:
            field_dict["features"] = features
        if rank is not UNSET:
            field_dict["rank"] = rank
        if break_even_n is not UNSET:
            field_dict["breakEvenN"] = break_even_n
        if speed_up is not UNSET:
            field_dict["speedUp"] = speed_up

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        tolerance = remaining_members.pop("tolerance")

        degree = remaining_members.pop("degree", UNSET)

        _features = remaining_members.pop("features", UNSET)
        features: ApproximationDegreeFeatures | Unset
        if isinstance(_features, Unset):
            features = UNSET
        else:
            features = ApproximationDegreeFeatures(_features)

        rank = remaining_members.pop("rank", UNSET)

        break_even_n = remaining_members.pop("breakEvenN", UNSET)

        speed_up = remaining_members.pop("speedUp", UNSET)

        approximation_degree = cls(
            tolerance=tolerance,
            degree=degree,
            features=features,
            rank=rank,
            break_even_n=break_even_n,
            speed_up=speed_up,
        )

        approximation_degree.additional_properties = remaining_members
        return approximation_degree

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
