from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.measured_error_type import MeasuredErrorType

T = TypeVar("T", bound="MeasuredError")


@_attrs_define
class MeasuredError:
    """The error against the exact output, computed in float64

    Attributes:
        type_ (MeasuredErrorType):
        rows (int): Rows of the output that were compared, in every slice
        max_abs_error (float):
        mean_abs_error (float):
        rmse (float):
        relative_frobenius (float): Norm of the error over the norm of the exact output
        max_ulp (float): Largest error in units in the last place of the compute precision
        worst_row (int): Row with the largest error
    """

    type_: MeasuredErrorType
    rows: int
    max_abs_error: float
    mean_abs_error: float
    rmse: float
    relative_frobenius: float
    max_ulp: float
    worst_row: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_.value

        rows = self.rows

        max_abs_error = self.max_abs_error

        mean_abs_error = self.mean_abs_error

        rmse = self.rmse

        relative_frobenius = self.relative_frobenius

        max_ulp = self.max_ulp

        worst_row = self.worst_row

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "rows": rows,
                "maxAbsError": max_abs_error,
                "meanAbsError": mean_abs_error,
                "rmse": rmse,
                "relativeFrobenius": relative_frobenius,
                "maxUlp": max_ulp,
                "worstRow": worst_row,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        type_ = MeasuredErrorType(remaining_members.pop("type"))

        rows = remaining_members.pop("rows")

        max_abs_error = remaining_members.pop("maxAbsError")

        mean_abs_error = remaining_members.pop("meanAbsError")

        rmse = remaining_members.pop("rmse")

        relative_frobenius = remaining_members.pop("relativeFrobenius")

        max_ulp = remaining_members.pop("maxUlp")

        worst_row = remaining_members.pop("worstRow")

        measured_error = cls(
            type_=type_,
            rows=rows,
            max_abs_error=max_abs_error,
            mean_abs_error=mean_abs_error,
            rmse=rmse,
            relative_frobenius=relative_frobenius,
            max_ulp=max_ulp,
            worst_row=worst_row,
        )

        measured_error.additional_properties = remaining_members
        return measured_error

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
