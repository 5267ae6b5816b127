from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PlannedStage")


@_attrs_define
class PlannedStage:
    """One stage of the plan

    Attributes:
        step (str):
        backend (str):
        level (int): Stages of one level run together
        variable (int): The variable that is summed out, 0 where none or several are
        reads (list[str]):
        writes (list[str]):
        flops (float):
        exponentials (float):
        estimated_ms (float):
    """

    step: str
    backend: str
    level: int
    variable: int
    reads: list[str]
    writes: list[str]
    flops: float
    exponentials: float
    estimated_ms: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        step = self.step

        backend = self.backend

        level = self.level

        variable = self.variable

        reads = self.reads

        writes = self.writes

        flops = self.flops

        exponentials = self.exponentials

        estimated_ms = self.estimated_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "step": step,
                "backend": backend,
                "level": level,
                "variable": variable,
                "reads": reads,
                "writes": writes,
                "flops": flops,
                "exponentials": exponentials,
                "estimatedMs": estimated_ms,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        step = remaining_members.pop("step")

        backend = remaining_members.pop("backend")

        level = remaining_members.pop("level")

        variable = remaining_members.pop("variable")

        reads = cast(list[str], remaining_members.pop("reads"))

        writes = cast(list[str], remaining_members.pop("writes"))

        flops = remaining_members.pop("flops")

        exponentials = remaining_members.pop("exponentials")

        estimated_ms = remaining_members.pop("estimatedMs")

        planned_stage = cls(
            step=step,
            backend=backend,
            level=level,
            variable=variable,
            reads=reads,
            writes=writes,
            flops=flops,
            exponentials=exponentials,
            estimated_ms=estimated_ms,
        )

        planned_stage.additional_properties = remaining_members
        return planned_stage

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
