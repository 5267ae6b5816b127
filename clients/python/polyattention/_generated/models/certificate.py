from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.certificate_kind import CertificateKind
from ..types import UNSET, Unset

T = TypeVar("T", bound="Certificate")


@_attrs_define
class Certificate:
    """How wrong the output may be, and what that rests on

    Attributes:
        kind (CertificateKind):
        max_abs_error (float | Unset): Bound on the error of every output entry
        confidence (float | Unset): Probability with which a probabilistic bound holds
    """

    kind: CertificateKind
    max_abs_error: float | Unset = UNSET
    confidence: float | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        kind = self.kind.value

        max_abs_error = self.max_abs_error

        confidence = self.confidence

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "kind": kind,
            }
        )
        if max_abs_error is not UNSET:
            field_dict["maxAbsError"] = max_abs_error
        if confidence is not UNSET:
            field_dict["confidence"] = confidence

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        kind = CertificateKind(remaining_members.pop("kind"))

        max_abs_error = remaining_members.pop("maxAbsError", UNSET)

        confidence = remaining_members.pop("confidence", UNSET)

        certificate = cls(
            kind=kind,
            max_abs_error=max_abs_error,
            confidence=confidence,
        )

        certificate.additional_properties = remaining_members
        return certificate

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
