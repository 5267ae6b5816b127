from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.oip_infer_input import OipInferInput
    from ..models.oip_infer_request_parameters import OipInferRequestParameters
    from ..models.oip_requested_output import OipRequestedOutput


T = TypeVar("T", bound="OipInferRequest")


@_attrs_define
class OipInferRequest:
    """Inputs by name and flat options

    Attributes:
        inputs (list[OipInferInput]):
        id (str | Unset): Comes back as it is
        parameters (OipInferRequestParameters | Unset): Flat: strings, numbers and booleans
        outputs (list[OipRequestedOutput] | Unset):
    """

    inputs: list[OipInferInput]
    id: str | Unset = UNSET
    parameters: OipInferRequestParameters | Unset = UNSET
    outputs: list[OipRequestedOutput] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        inputs = []
        for inputs_item_data in self.inputs:
            inputs_item = inputs_item_data.to_dict()
            inputs.append(inputs_item)

        id = self.id

        parameters: dict[str, Any] | Unset = UNSET
        if not isinstance(self.parameters, Unset):
            parameters = self.parameters.to_dict()

        outputs: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.outputs, Unset):
            outputs = []
            for outputs_item_data in self.outputs:
                outputs_item = outputs_item_data.to_dict()
                outputs.append(outputs_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "inputs": inputs,
            }
        )
        if id is not UNSET:
            field_dict["id"] = id
        if parameters is not UNSET:
            field_dict["parameters"] = parameters
        if outputs is not UNSET:
            field_dict["outputs"] = outputs

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.oip_infer_input import OipInferInput  # noqa: PLC0415
        from ..models.oip_infer_request_parameters import OipInferRequestParameters  # noqa: PLC0415
        from ..models.oip_requested_output import OipRequestedOutput  # noqa: PLC0415

        remaining_members = dict(src_dict)
        inputs = []
        _inputs = remaining_members.pop("inputs")
        for inputs_item_data in _inputs:
            inputs_item = OipInferInput.from_dict(inputs_item_data)

            inputs.append(inputs_item)

        id = remaining_members.pop("id", UNSET)

        _parameters = remaining_members.pop("parameters", UNSET)
        parameters: OipInferRequestParameters | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = OipInferRequestParameters.from_dict(_parameters)

        _outputs = remaining_members.pop("outputs", UNSET)
        outputs: list[OipRequestedOutput] | Unset = UNSET
        if _outputs is not UNSET:
            outputs = []
            for outputs_item_data in _outputs:
                outputs_item = OipRequestedOutput.from_dict(outputs_item_data)

                outputs.append(outputs_item)

        oip_infer_request = cls(
            inputs=inputs,
            id=id,
            parameters=parameters,
            outputs=outputs,
        )

        oip_infer_request.additional_properties = remaining_members
        return oip_infer_request

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
