from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.certificate import Certificate
    from ..models.measured_error import MeasuredError


T = TypeVar("T", bound="ApproximationResult")


@_attrs_define
class ApproximationResult:
    """What the modes approximate and auto did

    Attributes:
        used (bool): false: the answer is exact
        reason (str): Why this way
        method (str | Unset):
        degree (int | Unset): Of the polynomial in the place of the exponential, or beside it where the rest is sampled
        rank (int | Unset): Features of the largest block
        samples (int | Unset):
        score_bound (float | Unset): The largest |score| after centring that the certificate used
        certificate (Certificate | Unset): How wrong the output may be, and what that rests on
        measured (MeasuredError | Unset): The error against the exact output, computed in float64
    """

    used: bool
    reason: str
    method: str | Unset = UNSET
    degree: int | Unset = UNSET
    rank: int | Unset = UNSET
    samples: int | Unset = UNSET
    score_bound: float | Unset = UNSET
    certificate: Certificate | Unset = UNSET
    measured: MeasuredError | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        used = self.used

        reason = self.reason

        method = self.method

        degree = self.degree

        rank = self.rank

        samples = self.samples

        score_bound = self.score_bound

        certificate: dict[str, Any] | Unset = UNSET
        if not isinstance(self.certificate, Unset):
            certificate = self.certificate.to_dict()

        measured: dict[str, Any] | Unset = UNSET
        if not isinstance(self.measured, Unset):
            measured = self.measured.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "used": used,
                "reason": reason,
            }
        )
        if method is not UNSET:
            field_dict["method"] = method
        if degree is not UNSET:
            field_dict["degree"] = degree
        if rank is not UNSET:
            field_dict["rank"] = rank
        if samples is not UNSET:
            field_dict["samples"] = samples
        if score_bound is not UNSET:
            field_dict["scoreBound"] = score_bound
        if certificate is not UNSET:
            field_dict["certificate"] = certificate
        if measured is not UNSET:
            field_dict["measured"] = measured

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.certificate import Certificate  # noqa: PLC0415
        from ..models.measured_error import MeasuredError  # noqa: PLC0415

        remaining_members = dict(src_dict)
        used = remaining_members.pop("used")

        reason = remaining_members.pop("reason")

        method = remaining_members.pop("method", UNSET)

        degree = remaining_members.pop("degree", UNSET)

        rank = remaining_members.pop("rank", UNSET)

        samples = remaining_members.pop("samples", UNSET)

        score_bound = remaining_members.pop("scoreBound", UNSET)

        _certificate = remaining_members.pop("certificate", UNSET)
        certificate: Certificate | Unset
        if isinstance(_certificate, Unset):
            certificate = UNSET
        else:
            certificate = Certificate.from_dict(_certificate)

        _measured = remaining_members.pop("measured", UNSET)
        measured: MeasuredError | Unset
        if isinstance(_measured, Unset):
            measured = UNSET
        else:
            measured = MeasuredError.from_dict(_measured)

        approximation_result = cls(
            used=used,
            reason=reason,
            method=method,
            degree=degree,
            rank=rank,
            samples=samples,
            score_bound=score_bound,
            certificate=certificate,
            measured=measured,
        )

        approximation_result.additional_properties = remaining_members
        return approximation_result

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
