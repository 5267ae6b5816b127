from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="OipTensorMetadata")


@_attrs_define
class OipTensorMetadata:
    """An input or an output; FP16, BF16 and FP64 are taken too

    Attributes:
        name (str):
        datatype (str): FP16, BF16, FP32 or FP64
        shape (list[int]): Dimensions, row major; -1 in descriptions of models is any size
    """

    name: str
    datatype: str
    shape: list[int]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        datatype = self.datatype

        shape = self.shape

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "datatype": datatype,
                "shape": shape,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        name = remaining_members.pop("name")

        datatype = remaining_members.pop("datatype")

        shape = cast(list[int], remaining_members.pop("shape"))

        oip_tensor_metadata = cls(
            name=name,
            datatype=datatype,
            shape=shape,
        )

        oip_tensor_metadata.additional_properties = remaining_members
        return oip_tensor_metadata

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
