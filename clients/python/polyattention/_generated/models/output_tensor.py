from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.output_tensor_dtype import OutputTensorDtype
from ..types import UNSET, Unset

T = TypeVar("T", bound="OutputTensor")


@_attrs_define
class OutputTensor:
    """A result: data or base64 by output.encoding

    Attributes:
        shape (list[int]):
        dtype (OutputTensorDtype):
        data (list[float] | Unset):
        base64 (str | Unset):
    """

    shape: list[int]
    dtype: OutputTensorDtype
    data: list[float] | Unset = UNSET
    base64: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        shape = self.shape

        dtype = self.dtype.value

        data: list[float] | Unset = UNSET
        if not isinstance(self.data, Unset):
            data = self.data

        base64 = self.base64

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "shape": shape,
                "dtype": dtype,
            }
        )
        if data is not UNSET:
            field_dict["data"] = data
        if base64 is not UNSET:
            field_dict["base64"] = base64

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        shape = cast(list[int], remaining_members.pop("shape"))

        dtype = OutputTensorDtype(remaining_members.pop("dtype"))

        data = cast(list[float], remaining_members.pop("data", UNSET))

        base64 = remaining_members.pop("base64", UNSET)

        output_tensor = cls(
            shape=shape,
            dtype=dtype,
            data=data,
            base64=base64,
        )

        output_tensor.additional_properties = remaining_members
        return output_tensor

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
