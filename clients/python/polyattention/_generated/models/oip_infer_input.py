from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.oip_infer_input_parameters import OipInferInputParameters


T = TypeVar("T", bound="OipInferInput")


@_attrs_define
class OipInferInput:
    """A tensor: data in place, or parameters.binary_data_size and its bytes behind the JSON

    Attributes:
        name (str):
        shape (list[int]): Dimensions, row major; -1 in descriptions of models is any size
        datatype (str): FP16, BF16, FP32 or FP64
        parameters (OipInferInputParameters | Unset): Flat: strings, numbers and booleans
        data (list[float] | Unset):
    """

    name: str
    shape: list[int]
    datatype: str
    parameters: OipInferInputParameters | Unset = UNSET
    data: list[float] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        shape = self.shape

        datatype = self.datatype

        parameters: dict[str, Any] | Unset = UNSET
        if not isinstance(self.parameters, Unset):
            parameters = self.parameters.to_dict()

        data: list[float] | Unset = UNSET
        if not isinstance(self.data, Unset):
            data = self.data

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "shape": shape,
                "datatype": datatype,
            }
        )
        if parameters is not UNSET:
            field_dict["parameters"] = parameters
        if data is not UNSET:
            field_dict["data"] = data

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.oip_infer_input_parameters import OipInferInputParameters  # noqa: PLC0415

        remaining_members = dict(src_dict)
        name = remaining_members.pop("name")

        shape = cast(list[int], remaining_members.pop("shape"))

        datatype = remaining_members.pop("datatype")

        _parameters = remaining_members.pop("parameters", UNSET)
        parameters: OipInferInputParameters | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = OipInferInputParameters.from_dict(_parameters)

        data = cast(list[float], remaining_members.pop("data", UNSET))

        oip_infer_input = cls(
            name=name,
            shape=shape,
            datatype=datatype,
            parameters=parameters,
            data=data,
        )

        oip_infer_input.additional_properties = remaining_members
        return oip_infer_input

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
