from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.oip_duration import OipDuration


T = TypeVar("T", bound="OipBatchStatistics")


@_attrs_define
class OipBatchStatistics:
    """By batch size, which is 1 always

    Attributes:
        batch_size (int):
        compute_input (OipDuration): How often, and nanoseconds in all
        compute_infer (OipDuration): How often, and nanoseconds in all
        compute_output (OipDuration): How often, and nanoseconds in all
    """

    batch_size: int
    compute_input: OipDuration
    compute_infer: OipDuration
    compute_output: OipDuration
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        batch_size = self.batch_size

        compute_input = self.compute_input.to_dict()

        compute_infer = self.compute_infer.to_dict()

        compute_output = self.compute_output.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "batch_size": batch_size,
                "compute_input": compute_input,
                "compute_infer": compute_infer,
                "compute_output": compute_output,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.oip_duration import OipDuration  # noqa: PLC0415

        remaining_members = dict(src_dict)
        batch_size = remaining_members.pop("batch_size")

        compute_input = OipDuration.from_dict(remaining_members.pop("compute_input"))

        compute_infer = OipDuration.from_dict(remaining_members.pop("compute_infer"))

        compute_output = OipDuration.from_dict(remaining_members.pop("compute_output"))

        oip_batch_statistics = cls(
            batch_size=batch_size,
            compute_input=compute_input,
            compute_infer=compute_infer,
            compute_output=compute_output,
        )

        oip_batch_statistics.additional_properties = remaining_members
        return oip_batch_statistics

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
