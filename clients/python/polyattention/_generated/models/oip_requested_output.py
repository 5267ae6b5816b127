from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.oip_requested_output_parameters import OipRequestedOutputParameters


T = TypeVar("T", bound="OipRequestedOutput")


@_attrs_define
class OipRequestedOutput:
    """An output that is wanted: output or log_sum_exp

    Attributes:
        name (str):
        parameters (OipRequestedOutputParameters | Unset): Flat: strings, numbers and booleans
    """

    name: str
    parameters: OipRequestedOutputParameters | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        parameters: dict[str, Any] | Unset = UNSET
        if not isinstance(self.parameters, Unset):
            parameters = self.parameters.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
            }
        )
        if parameters is not UNSET:
            field_dict["parameters"] = parameters

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.oip_requested_output_parameters import (
            OipRequestedOutputParameters,  # noqa: PLC0415
        )

        remaining_members = dict(src_dict)
        name = remaining_members.pop("name")

        _parameters = remaining_members.pop("parameters", UNSET)
        parameters: OipRequestedOutputParameters | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = OipRequestedOutputParameters.from_dict(_parameters)

        oip_requested_output = cls(
            name=name,
            parameters=parameters,
        )

        oip_requested_output.additional_properties = remaining_members
        return oip_requested_output

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
