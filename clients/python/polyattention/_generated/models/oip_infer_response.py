from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.oip_infer_output import OipInferOutput
    from ..models.oip_infer_response_parameters import OipInferResponseParameters


T = TypeVar("T", bound="OipInferResponse")


@_attrs_define
class OipInferResponse:
    """Outputs by name; parameters say what ran and where the time went

    Attributes:
        model_name (str):
        model_version (str):
        outputs (list[OipInferOutput]):
        id (str | Unset):
        parameters (OipInferResponseParameters | Unset): Flat: strings, numbers and booleans
    """

    model_name: str
    model_version: str
    outputs: list[OipInferOutput]
    id: str | Unset = UNSET
    parameters: OipInferResponseParameters | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model_name = self.model_name

        model_version = self.model_version

        outputs = []
        for outputs_item_data in self.outputs:
            outputs_item = outputs_item_data.to_dict()
            outputs.append(outputs_item)

        id = self.id

        parameters: dict[str, Any] | Unset = UNSET
        if not isinstance(self.parameters, Unset):
            parameters = self.parameters.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model_name": model_name,
                "model_version": model_version,
                "outputs": outputs,
            }
        )
        if id is not UNSET:
            field_dict["id"] = id
        if parameters is not UNSET:
            field_dict["parameters"] = parameters

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.oip_infer_output import OipInferOutput  # noqa: PLC0415
        from ..models.oip_infer_response_parameters import OipInferResponseParameters  # noqa: PLC0415

        remaining_members = dict(src_dict)
        model_name = remaining_members.pop("model_name")

        model_version = remaining_members.pop("model_version")

        outputs = []
        _outputs = remaining_members.pop("outputs")
        for outputs_item_data in _outputs:
            outputs_item = OipInferOutput.from_dict(outputs_item_data)

            outputs.append(outputs_item)

        id = remaining_members.pop("id", UNSET)

        _parameters = remaining_members.pop("parameters", UNSET)
        parameters: OipInferResponseParameters | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = OipInferResponseParameters.from_dict(_parameters)

        oip_infer_response = cls(
            model_name=model_name,
            model_version=model_version,
            outputs=outputs,
            id=id,
            parameters=parameters,
        )

        oip_infer_response.additional_properties = remaining_members
        return oip_infer_response

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
