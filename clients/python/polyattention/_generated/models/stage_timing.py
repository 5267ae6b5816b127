from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="StageTiming")


@_attrs_define
class StageTiming:
    """One stage of the plan as it ran

    Attributes:
        step (str):
        variable (int):
        ms (float):
        gflops (float):
    """

    step: str
    variable: int
    ms: float
    gflops: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        step = self.step

        variable = self.variable

        ms = self.ms

        gflops = self.gflops

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "step": step,
                "variable": variable,
                "ms": ms,
                "gflops": gflops,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        step = remaining_members.pop("step")

        variable = remaining_members.pop("variable")

        ms = remaining_members.pop("ms")

        gflops = remaining_members.pop("gflops")

        stage_timing = cls(
            step=step,
            variable=variable,
            ms=ms,
            gflops=gflops,
        )

        stage_timing.additional_properties = remaining_members
        return stage_timing

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
