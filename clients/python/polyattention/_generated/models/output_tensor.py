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
        data (list[float | list[float] | list[list[float]] | list[list[list[float]]]] | Unset): Elements, row major:
            numbers, or arrays nested like the shape where output.encoding is nested
        base64 (str | Unset):
    """

    shape: list[int]
    dtype: OutputTensorDtype
    data: list[float | list[float] | list[list[float]] | list[list[list[float]]]] | Unset = UNSET
    base64: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        shape = self.shape

        dtype = self.dtype.value

        data: list[float | list[float] | list[list[float]] | list[list[list[float]]]] | Unset = UNSET
        if not isinstance(self.data, Unset):
            data = []
            for data_item_data in self.data:
                data_item: float | list[float] | list[list[float]] | list[list[list[float]]]
                if isinstance(data_item_data, list):
                    data_item = data_item_data

                elif isinstance(data_item_data, list):
                    data_item = []
                    for data_item_type_2_item_data in data_item_data:
                        data_item_type_2_item = data_item_type_2_item_data

                        data_item.append(data_item_type_2_item)

                elif isinstance(data_item_data, list):
                    data_item = []
                    for data_item_type_3_item_data in data_item_data:
                        data_item_type_3_item = []
                        for data_item_type_3_item_item_data in data_item_type_3_item_data:
                            data_item_type_3_item_item = data_item_type_3_item_item_data

                            data_item_type_3_item.append(data_item_type_3_item_item)

                        data_item.append(data_item_type_3_item)

                else:
                    data_item = data_item_data
                data.append(data_item)

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

        _data = remaining_members.pop("data", UNSET)
        data: list[float | list[float] | list[list[float]] | list[list[list[float]]]] | Unset = UNSET
        if _data is not UNSET:
            data = []
            for data_item_data in _data:

                def _parse_data_item(data: object) -> float | list[float] | list[list[float]] | list[list[list[float]]]:
                    try:
                        if not isinstance(data, list):
                            raise TypeError()
                        data_item_type_1 = cast(list[float], data)

                        return data_item_type_1
                    except (TypeError, ValueError, AttributeError, KeyError):
                        pass
                    try:
                        if not isinstance(data, list):
                            raise TypeError()
                        data_item_type_2 = []
                        _data_item_type_2 = data
                        for data_item_type_2_item_data in _data_item_type_2:
                            data_item_type_2_item = cast(list[float], data_item_type_2_item_data)

                            data_item_type_2.append(data_item_type_2_item)

                        return data_item_type_2
                    except (TypeError, ValueError, AttributeError, KeyError):
                        pass
                    try:
                        if not isinstance(data, list):
                            raise TypeError()
                        data_item_type_3 = []
                        _data_item_type_3 = data
                        for data_item_type_3_item_data in _data_item_type_3:
                            data_item_type_3_item = []
                            _data_item_type_3_item = data_item_type_3_item_data
                            for data_item_type_3_item_item_data in _data_item_type_3_item:
                                data_item_type_3_item_item = cast(list[float], data_item_type_3_item_item_data)

                                data_item_type_3_item.append(data_item_type_3_item_item)

                            data_item_type_3.append(data_item_type_3_item)

                        return data_item_type_3
                    except (TypeError, ValueError, AttributeError, KeyError):
                        pass
                    return cast(float | list[float] | list[list[float]] | list[list[list[float]]], data)

                data_item = _parse_data_item(data_item_data)

                data.append(data_item)

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
