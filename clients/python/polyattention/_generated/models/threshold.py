from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Threshold")


@_attrs_define
class Threshold:
    """The bound on the entries below which the mechanism can be approximated

    Attributes:
        text (str):
        exponent (float): The threshold is (log n) to this power; 0 where there is none
        hypothesis (str | Unset): The assumption that the statement needs
        source (str | Unset):
    """

    text: str
    exponent: float
    hypothesis: str | Unset = UNSET
    source: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        text = self.text

        exponent = self.exponent

        hypothesis = self.hypothesis

        source = self.source

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "text": text,
                "exponent": exponent,
            }
        )
        if hypothesis is not UNSET:
            field_dict["hypothesis"] = hypothesis
        if source is not UNSET:
            field_dict["source"] = source

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        text = remaining_members.pop("text")

        exponent = remaining_members.pop("exponent")

        hypothesis = remaining_members.pop("hypothesis", UNSET)

        source = remaining_members.pop("source", UNSET)

        threshold = cls(
            text=text,
            exponent=exponent,
            hypothesis=hypothesis,
            source=source,
        )

        threshold.additional_properties = remaining_members
        return threshold

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
