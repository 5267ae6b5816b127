from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Rates")


@_attrs_define
class Rates:
    """Measured at start, one thread

    Attributes:
        flops_per_second (float):
        exponentials_per_second (float):
        bytes_per_second (float):
        tile_seconds (float):
    """

    flops_per_second: float
    exponentials_per_second: float
    bytes_per_second: float
    tile_seconds: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        flops_per_second = self.flops_per_second

        exponentials_per_second = self.exponentials_per_second

        bytes_per_second = self.bytes_per_second

        tile_seconds = self.tile_seconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "flopsPerSecond": flops_per_second,
                "exponentialsPerSecond": exponentials_per_second,
                "bytesPerSecond": bytes_per_second,
                "tileSeconds": tile_seconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        flops_per_second = remaining_members.pop("flopsPerSecond")

        exponentials_per_second = remaining_members.pop("exponentialsPerSecond")

        bytes_per_second = remaining_members.pop("bytesPerSecond")

        tile_seconds = remaining_members.pop("tileSeconds")

        rates = cls(
            flops_per_second=flops_per_second,
            exponentials_per_second=exponentials_per_second,
            bytes_per_second=bytes_per_second,
            tile_seconds=tile_seconds,
        )

        rates.additional_properties = remaining_members
        return rates

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
