from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.planned_work_verdict import PlannedWorkVerdict
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.planned_stage import PlannedStage


T = TypeVar("T", bound="PlannedWork")


@_attrs_define
class PlannedWork:
    """The plan for the shape and what it costs here

    Attributes:
        algorithm (str):
        exponent (int):
        mask (str):
        flops (float):
        exponentials (float):
        bytes_ (float):
        backend (str):
        threads (int):
        estimated_ms (float): On this machine, by rates measured at start
        verdict (PlannedWorkVerdict):
        text (str): The plan in words, a line a stage
        stages (list[PlannedStage]):
        isa (str | Unset):
        limit (str | Unset): The setting that stands against it
    """

    algorithm: str
    exponent: int
    mask: str
    flops: float
    exponentials: float
    bytes_: float
    backend: str
    threads: int
    estimated_ms: float
    verdict: PlannedWorkVerdict
    text: str
    stages: list[PlannedStage]
    isa: str | Unset = UNSET
    limit: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        algorithm = self.algorithm

        exponent = self.exponent

        mask = self.mask

        flops = self.flops

        exponentials = self.exponentials

        bytes_ = self.bytes_

        backend = self.backend

        threads = self.threads

        estimated_ms = self.estimated_ms

        verdict = self.verdict.value

        text = self.text

        stages = []
        for stages_item_data in self.stages:
            stages_item = stages_item_data.to_dict()
            stages.append(stages_item)

        isa = self.isa

        limit = self.limit

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "algorithm": algorithm,
                "exponent": exponent,
                "mask": mask,
                "flops": flops,
                "exponentials": exponentials,
                "bytes": bytes_,
                "backend": backend,
                "threads": threads,
                "estimatedMs": estimated_ms,
                "verdict": verdict,
                "text": text,
                "stages": stages,
            }
        )
        if isa is not UNSET:
            field_dict["isa"] = isa
        if limit is not UNSET:
            field_dict["limit"] = limit

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.planned_stage import PlannedStage  # noqa: PLC0415

        remaining_members = dict(src_dict)
        algorithm = remaining_members.pop("algorithm")

        exponent = remaining_members.pop("exponent")

        mask = remaining_members.pop("mask")

        flops = remaining_members.pop("flops")

        exponentials = remaining_members.pop("exponentials")

        bytes_ = remaining_members.pop("bytes")

        backend = remaining_members.pop("backend")

        threads = remaining_members.pop("threads")

        estimated_ms = remaining_members.pop("estimatedMs")

        verdict = PlannedWorkVerdict(remaining_members.pop("verdict"))

        text = remaining_members.pop("text")

        stages = []
        _stages = remaining_members.pop("stages")
        for stages_item_data in _stages:
            stages_item = PlannedStage.from_dict(stages_item_data)

            stages.append(stages_item)

        isa = remaining_members.pop("isa", UNSET)

        limit = remaining_members.pop("limit", UNSET)

        planned_work = cls(
            algorithm=algorithm,
            exponent=exponent,
            mask=mask,
            flops=flops,
            exponentials=exponentials,
            bytes_=bytes_,
            backend=backend,
            threads=threads,
            estimated_ms=estimated_ms,
            verdict=verdict,
            text=text,
            stages=stages,
            isa=isa,
            limit=limit,
        )

        planned_work.additional_properties = remaining_members
        return planned_work

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
