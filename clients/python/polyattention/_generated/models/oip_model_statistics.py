from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.oip_batch_statistics import OipBatchStatistics
    from ..models.oip_inference_statistics import OipInferenceStatistics


T = TypeVar("T", bound="OipModelStatistics")


@_attrs_define
class OipModelStatistics:
    """Counters of one model since the start

    Attributes:
        name (str):
        version (str):
        last_inference (int): Milliseconds since the epoch; 0 before the first
        inference_count (int):
        execution_count (int):
        inference_stats (OipInferenceStatistics): compute_input is decoding, compute_infer the kernels, compute_output
            encoding
        batch_stats (list[OipBatchStatistics]):
    """

    name: str
    version: str
    last_inference: int
    inference_count: int
    execution_count: int
    inference_stats: OipInferenceStatistics
    batch_stats: list[OipBatchStatistics]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        version = self.version

        last_inference = self.last_inference

        inference_count = self.inference_count

        execution_count = self.execution_count

        inference_stats = self.inference_stats.to_dict()

        batch_stats = []
        for batch_stats_item_data in self.batch_stats:
            batch_stats_item = batch_stats_item_data.to_dict()
            batch_stats.append(batch_stats_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "version": version,
                "last_inference": last_inference,
                "inference_count": inference_count,
                "execution_count": execution_count,
                "inference_stats": inference_stats,
                "batch_stats": batch_stats,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.oip_batch_statistics import OipBatchStatistics  # noqa: PLC0415
        from ..models.oip_inference_statistics import OipInferenceStatistics  # noqa: PLC0415

        remaining_members = dict(src_dict)
        name = remaining_members.pop("name")

        version = remaining_members.pop("version")

        last_inference = remaining_members.pop("last_inference")

        inference_count = remaining_members.pop("inference_count")

        execution_count = remaining_members.pop("execution_count")

        inference_stats = OipInferenceStatistics.from_dict(remaining_members.pop("inference_stats"))

        batch_stats = []
        _batch_stats = remaining_members.pop("batch_stats")
        for batch_stats_item_data in _batch_stats:
            batch_stats_item = OipBatchStatistics.from_dict(batch_stats_item_data)

            batch_stats.append(batch_stats_item)

        oip_model_statistics = cls(
            name=name,
            version=version,
            last_inference=last_inference,
            inference_count=inference_count,
            execution_count=execution_count,
            inference_stats=inference_stats,
            batch_stats=batch_stats,
        )

        oip_model_statistics.additional_properties = remaining_members
        return oip_model_statistics

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
