from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PlannedShape")


@_attrs_define
class PlannedShape:
    """The shape that was planned for

    Attributes:
        n (int):
        dv (int):
        batch (int):
        heads (int):
        d (int):
    """

    n: int
    dv: int
    batch: int
    heads: int
    d: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        n = self.n

        dv = self.dv

        batch = self.batch

        heads = self.heads

        d = self.d

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "n": n,
                "dv": dv,
                "batch": batch,
                "heads": heads,
                "d": d,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        n = remaining_members.pop("n")

        dv = remaining_members.pop("dv")

        batch = remaining_members.pop("batch")

        heads = remaining_members.pop("heads")

        d = remaining_members.pop("d")

        planned_shape = cls(
            n=n,
            dv=dv,
            batch=batch,
            heads=heads,
            d=d,
        )

        planned_shape.additional_properties = remaining_members
        return planned_shape

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
