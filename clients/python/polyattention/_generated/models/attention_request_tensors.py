from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.tensor import Tensor


T = TypeVar("T", bound="AttentionRequestTensors")


@_attrs_define
class AttentionRequestTensors:
    """q1..qt [n_j, d], v2..vt [n_j, dv], optional biases b1..bt [n_j]; heads and batch lead. A bare nested array is a
    float32 tensor.

    """

    additional_properties: dict[str, Tensor] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        field_dict: dict[str, Any] = {}
        for prop_name, prop in self.additional_properties.items():
            field_dict[prop_name] = prop.to_dict()

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tensor import Tensor  # noqa: PLC0415

        remaining_members = dict(src_dict)
        attention_request_tensors = cls()

        additional_properties = {}
        for prop_name, prop_dict in d.items():
            additional_property = Tensor.from_dict(prop_dict)

            additional_properties[prop_name] = additional_property

        attention_request_tensors.additional_properties = additional_properties
        return attention_request_tensors

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Tensor:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Tensor) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
