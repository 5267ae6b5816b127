from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.oip_duration import OipDuration


T = TypeVar("T", bound="OipInferenceStatistics")


@_attrs_define
class OipInferenceStatistics:
    """compute_input is decoding, compute_infer the kernels, compute_output encoding

    Attributes:
        success (OipDuration): How often, and nanoseconds in all
        fail (OipDuration): How often, and nanoseconds in all
        queue (OipDuration): How often, and nanoseconds in all
        compute_input (OipDuration): How often, and nanoseconds in all
        compute_infer (OipDuration): How often, and nanoseconds in all
        compute_output (OipDuration): How often, and nanoseconds in all
        cache_hit (OipDuration): How often, and nanoseconds in all
        cache_miss (OipDuration): How often, and nanoseconds in all
    """

    success: OipDuration
    fail: OipDuration
    queue: OipDuration
    compute_input: OipDuration
    compute_infer: OipDuration
    compute_output: OipDuration
    cache_hit: OipDuration
    cache_miss: OipDuration
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        success = self.success.to_dict()

        fail = self.fail.to_dict()

        queue = self.queue.to_dict()

        compute_input = self.compute_input.to_dict()

        compute_infer = self.compute_infer.to_dict()

        compute_output = self.compute_output.to_dict()

        cache_hit = self.cache_hit.to_dict()

        cache_miss = self.cache_miss.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "success": success,
                "fail": fail,
                "queue": queue,
                "compute_input": compute_input,
                "compute_infer": compute_infer,
                "compute_output": compute_output,
                "cache_hit": cache_hit,
                "cache_miss": cache_miss,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.oip_duration import OipDuration  # noqa: PLC0415

        remaining_members = dict(src_dict)
        success = OipDuration.from_dict(remaining_members.pop("success"))

        fail = OipDuration.from_dict(remaining_members.pop("fail"))

        queue = OipDuration.from_dict(remaining_members.pop("queue"))

        compute_input = OipDuration.from_dict(remaining_members.pop("compute_input"))

        compute_infer = OipDuration.from_dict(remaining_members.pop("compute_infer"))

        compute_output = OipDuration.from_dict(remaining_members.pop("compute_output"))

        cache_hit = OipDuration.from_dict(remaining_members.pop("cache_hit"))

        cache_miss = OipDuration.from_dict(remaining_members.pop("cache_miss"))

        oip_inference_statistics = cls(
            success=success,
            fail=fail,
            queue=queue,
            compute_input=compute_input,
            compute_infer=compute_infer,
            compute_output=compute_output,
            cache_hit=cache_hit,
            cache_miss=cache_miss,
        )

        oip_inference_statistics.additional_properties = remaining_members
        return oip_inference_statistics

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
