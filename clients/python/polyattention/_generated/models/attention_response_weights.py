from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.output_tensor import OutputTensor


T = TypeVar("T", bound="AttentionResponseWeights")


@_attrs_define
class AttentionResponseWeights:
    """By pair, e.g. x1,x2: the marginal attention P(l2 | l1) as an n1×n2 matrix per slice"""

    additional_properties: dict[str, OutputTensor] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        field_dict: dict[str, Any] = {}
        for prop_name, prop in self.additional_properties.items():
            field_dict[prop_name] = prop.to_dict()

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.output_tensor import OutputTensor  # noqa: PLC0415

        remaining_members = dict(src_dict)
        attention_response_weights = cls()

        additional_properties = {}
        for prop_name, prop_dict in d.items():
            additional_property = OutputTensor.from_dict(prop_dict)

            additional_properties[prop_name] = additional_property

        attention_response_weights.additional_properties = additional_properties
        return attention_response_weights

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> OutputTensor:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: OutputTensor) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
