from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.stage_timing import StageTiming


T = TypeVar("T", bound="Timing")


@_attrs_define
class Timing:
    """Where the time went

    Attributes:
        decode_ms (float): Reading the body, milliseconds
        plan_ms (float): Choosing and laying out the plan, milliseconds
        queue_ms (float): Waiting for a thread, milliseconds
        compute_ms (float): From the first tile to the last, milliseconds
        measure_ms (float): Measuring the error against exact, milliseconds
        encode_ms (float): Writing the body, milliseconds
        total_ms (float): All of it, milliseconds
        stages (list[StageTiming]):
    """

    decode_ms: float
    plan_ms: float
    queue_ms: float
    compute_ms: float
    measure_ms: float
    encode_ms: float
    total_ms: float
    stages: list[StageTiming]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        decode_ms = self.decode_ms

        plan_ms = self.plan_ms

        queue_ms = self.queue_ms

        compute_ms = self.compute_ms

        measure_ms = self.measure_ms

        encode_ms = self.encode_ms

        total_ms = self.total_ms

        stages = []
        for stages_item_data in self.stages:
            stages_item = stages_item_data.to_dict()
            stages.append(stages_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "decodeMs": decode_ms,
                "planMs": plan_ms,
                "queueMs": queue_ms,
                "computeMs": compute_ms,
                "measureMs": measure_ms,
                "encodeMs": encode_ms,
                "totalMs": total_ms,
                "stages": stages,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.stage_timing import StageTiming  # noqa: PLC0415

        remaining_members = dict(src_dict)
        decode_ms = remaining_members.pop("decodeMs")

        plan_ms = remaining_members.pop("planMs")

        queue_ms = remaining_members.pop("queueMs")

        compute_ms = remaining_members.pop("computeMs")

        measure_ms = remaining_members.pop("measureMs")

        encode_ms = remaining_members.pop("encodeMs")

        total_ms = remaining_members.pop("totalMs")

        stages = []
        _stages = remaining_members.pop("stages")
        for stages_item_data in _stages:
            stages_item = StageTiming.from_dict(stages_item_data)

            stages.append(stages_item)

        timing = cls(
            decode_ms=decode_ms,
            plan_ms=plan_ms,
            queue_ms=queue_ms,
            compute_ms=compute_ms,
            measure_ms=measure_ms,
            encode_ms=encode_ms,
            total_ms=total_ms,
            stages=stages,
        )

        timing.additional_properties = remaining_members
        return timing

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
