from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.mechanism import Mechanism


T = TypeVar("T", bound="MechanismList")


@_attrs_define
class MechanismList:
    """The catalogue

    Attributes:
        mechanisms (list[Mechanism]):
    """

    mechanisms: list[Mechanism]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        mechanisms = []
        for mechanisms_item_data in self.mechanisms:
            mechanisms_item = mechanisms_item_data.to_dict()
            mechanisms.append(mechanisms_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "mechanisms": mechanisms,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.mechanism import Mechanism  # noqa: PLC0415

        remaining_members = dict(src_dict)
        mechanisms = []
        _mechanisms = remaining_members.pop("mechanisms")
        for mechanisms_item_data in _mechanisms:
            mechanisms_item = Mechanism.from_dict(mechanisms_item_data)

            mechanisms.append(mechanisms_item)

        mechanism_list = cls(
            mechanisms=mechanisms,
        )

        mechanism_list.additional_properties = remaining_members
        return mechanism_list

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
