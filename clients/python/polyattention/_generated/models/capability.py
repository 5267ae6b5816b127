from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.capability_verdict import CapabilityVerdict
from ..types import UNSET, Unset

T = TypeVar("T", bound="Capability")


@_attrs_define
class Capability:
    """What one head can or cannot do

    Attributes:
        task (str):
        verdict (CapabilityVerdict):
        statement (str):
        source (str): Who says so, or that nothing is known
        order (int | Unset): r of r-fold composition, k of Match-k, the unknowns of root finding
        construction (str | Unset): How the weights are chosen
    """

    task: str
    verdict: CapabilityVerdict
    statement: str
    source: str
    order: int | Unset = UNSET
    construction: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        task = self.task

        verdict = self.verdict.value

        statement = self.statement

        source = self.source

        order = self.order

        construction = self.construction

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "task": task,
                "verdict": verdict,
                "statement": statement,
                "source": source,
            }
        )
        if order is not UNSET:
            field_dict["order"] = order
        if construction is not UNSET:
            field_dict["construction"] = construction

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        task = remaining_members.pop("task")

        verdict = CapabilityVerdict(remaining_members.pop("verdict"))

        statement = remaining_members.pop("statement")

        source = remaining_members.pop("source")

        order = remaining_members.pop("order", UNSET)

        construction = remaining_members.pop("construction", UNSET)

        capability = cls(
            task=task,
            verdict=verdict,
            statement=statement,
            source=source,
            order=order,
            construction=construction,
        )

        capability.additional_properties = remaining_members
        return capability

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
