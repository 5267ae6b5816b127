from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="OipTensorConfig")


@_attrs_define
class OipTensorConfig:
    """An input or an output of a model configuration

    Attributes:
        name (str):
        data_type (str):
        dims (list[int]):
        optional (bool | Unset):
    """

    name: str
    data_type: str
    dims: list[int]
    optional: bool | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        data_type = self.data_type

        dims = self.dims

        optional = self.optional

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "data_type": data_type,
                "dims": dims,
            }
        )
        if optional is not UNSET:
            field_dict["optional"] = optional

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        name = remaining_members.pop("name")

        data_type = remaining_members.pop("data_type")

        dims = cast(list[int], remaining_members.pop("dims"))

        optional = remaining_members.pop("optional", UNSET)

        oip_tensor_config = cls(
            name=name,
            data_type=data_type,
            dims=dims,
            optional=optional,
        )

        oip_tensor_config.additional_properties = remaining_members
        return oip_tensor_config

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
