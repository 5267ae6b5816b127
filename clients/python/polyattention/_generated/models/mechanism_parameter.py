from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="MechanismParameter")


@_attrs_define
class MechanismParameter:
    """A parameter of a family and its range

    Attributes:
        name (str):
        minimum (int):
        maximum (int):
    """

    name: str
    minimum: int
    maximum: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        minimum = self.minimum

        maximum = self.maximum

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "minimum": minimum,
                "maximum": maximum,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        name = remaining_members.pop("name")

        minimum = remaining_members.pop("minimum")

        maximum = remaining_members.pop("maximum")

        mechanism_parameter = cls(
            name=name,
            minimum=minimum,
            maximum=maximum,
        )

        mechanism_parameter.additional_properties = remaining_members
        return mechanism_parameter

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
