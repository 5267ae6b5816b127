from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.oip_infer_output_parameters import OipInferOutputParameters


T = TypeVar("T", bound="OipInferOutput")


@_attrs_define
class OipInferOutput:
    """An output: data in place, or its bytes behind the JSON

    Attributes:
        name (str):
        datatype (str): FP16, BF16, FP32 or FP64
        shape (list[int]): Dimensions, row major; -1 in descriptions of models is any size
        parameters (OipInferOutputParameters | Unset): Flat: strings, numbers and booleans
        data (list[float] | Unset):
    """

    name: str
    datatype: str
    shape: list[int]
    parameters: OipInferOutputParameters | Unset = UNSET
    data: list[float] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        datatype = self.datatype

        shape = self.shape

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
                "datatype": datatype,
                "shape": shape,
            }
        )
        if parameters is not UNSET:
            field_dict["parameters"] = parameters
        if data is not UNSET:
            field_dict["data"] = data

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.oip_infer_output_parameters import OipInferOutputParameters  # noqa: PLC0415

        remaining_members = dict(src_dict)
        name = remaining_members.pop("name")

        datatype = remaining_members.pop("datatype")

        shape = cast(list[int], remaining_members.pop("shape"))

        _parameters = remaining_members.pop("parameters", UNSET)
        parameters: OipInferOutputParameters | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = OipInferOutputParameters.from_dict(_parameters)

        data = cast(list[float], remaining_members.pop("data", UNSET))

        oip_infer_output = cls(
            name=name,
            datatype=datatype,
            shape=shape,
            parameters=parameters,
            data=data,
        )

        oip_infer_output.additional_properties = remaining_members
        return oip_infer_output

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
