from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.approximation_options_method import ApproximationOptionsMethod
from ..types import UNSET, Unset

T = TypeVar("T", bound="ApproximationOptions")


@_attrs_define
class ApproximationOptions:
    """How to approximate, for the modes approximate and auto

    Attributes:
        method (ApproximationOptionsMethod | Unset):  Default: ApproximationOptionsMethod.AUTO.
        tolerance (float | Unset): Absolute bound on the error of every output entry
        seed (int | Unset):  Default: 1.
        degree (int | Unset):
        features (int | Unset):
        samples (int | Unset):
        confidence (float | Unset):  Default: 0.999.
    """

    method: ApproximationOptionsMethod | Unset = ApproximationOptionsMethod.AUTO
    tolerance: float | Unset = UNSET
    seed: int | Unset = 1
    degree: int | Unset = UNSET
    features: int | Unset = UNSET
    samples: int | Unset = UNSET
    confidence: float | Unset = 0.999

    def to_dict(self) -> dict[str, Any]:
        method: str | Unset = UNSET
        if not isinstance(self.method, Unset):
            method = self.method.value

        tolerance = self.tolerance

        seed = self.seed

        degree = self.degree

        features = self.features

        samples = self.samples

        confidence = self.confidence

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if method is not UNSET:
            field_dict["method"] = method
        if tolerance is not UNSET:
            field_dict["tolerance"] = tolerance
        if seed is not UNSET:
            field_dict["seed"] = seed
        if degree is not UNSET:
            field_dict["degree"] = degree
        if features is not UNSET:
            field_dict["features"] = features
        if samples is not UNSET:
            field_dict["samples"] = samples
        if confidence is not UNSET:
            field_dict["confidence"] = confidence

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        _method = remaining_members.pop("method", UNSET)
        method: ApproximationOptionsMethod | Unset
        if isinstance(_method, Unset):
            method = UNSET
        else:
            method = ApproximationOptionsMethod(_method)

        tolerance = remaining_members.pop("tolerance", UNSET)

        seed = remaining_members.pop("seed", UNSET)

        degree = remaining_members.pop("degree", UNSET)

        features = remaining_members.pop("features", UNSET)

        samples = remaining_members.pop("samples", UNSET)

        confidence = remaining_members.pop("confidence", UNSET)

        approximation_options = cls(
            method=method,
            tolerance=tolerance,
            seed=seed,
            degree=degree,
            features=features,
            samples=samples,
            confidence=confidence,
        )

        return approximation_options
