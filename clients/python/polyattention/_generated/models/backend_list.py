from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.backend import Backend


T = TypeVar("T", bound="BackendList")


@_attrs_define
class BackendList:
    """The back ends of this service

    Attributes:
        threads (int):
        backends (list[Backend]):
    """

    threads: int
    backends: list[Backend]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        threads = self.threads

        backends = []
        for backends_item_data in self.backends:
            backends_item = backends_item_data.to_dict()
            backends.append(backends_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "threads": threads,
                "backends": backends,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.backend import Backend  # noqa: PLC0415

        remaining_members = dict(src_dict)
        threads = remaining_members.pop("threads")

        backends = []
        _backends = remaining_members.pop("backends")
        for backends_item_data in _backends:
            backends_item = Backend.from_dict(backends_item_data)

            backends.append(backends_item)

        backend_list = cls(
            threads=threads,
            backends=backends,
        )

        backend_list.additional_properties = remaining_members
        return backend_list

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
