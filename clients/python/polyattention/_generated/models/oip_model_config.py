from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.oip_instance_group import OipInstanceGroup
    from ..models.oip_response_cache import OipResponseCache
    from ..models.oip_tensor_config import OipTensorConfig


T = TypeVar("T", bound="OipModelConfig")


@_attrs_define
class OipModelConfig:
    """The model configuration that load generators read

    Attributes:
        name (str):
        platform (str):
        backend (str):
        max_batch_size (int):
        input_ (list[OipTensorConfig]):
        output (list[OipTensorConfig]):
        instance_group (list[OipInstanceGroup]):
        response_cache (OipResponseCache): Answers are computed, never remembered
    """

    name: str
    platform: str
    backend: str
    max_batch_size: int
    input_: list[OipTensorConfig]
    output: list[OipTensorConfig]
    instance_group: list[OipInstanceGroup]
    response_cache: OipResponseCache
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        platform = self.platform

        backend = self.backend

        max_batch_size = self.max_batch_size

        input_ = []
        for input_item_data in self.input_:
            input_item = input_item_data.to_dict()
            input_.append(input_item)

        output = []
        for output_item_data in self.output:
            output_item = output_item_data.to_dict()
            output.append(output_item)

        instance_group = []
        for instance_group_item_data in self.instance_group:
            instance_group_item = instance_group_item_data.to_dict()
            instance_group.append(instance_group_item)

        response_cache = self.response_cache.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "platform": platform,
                "backend": backend,
                "max_batch_size": max_batch_size,
                "input": input_,
                "output": output,
                "instance_group": instance_group,
                "response_cache": response_cache,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.oip_instance_group import OipInstanceGroup  # noqa: PLC0415
        from ..models.oip_response_cache import OipResponseCache  # noqa: PLC0415
        from ..models.oip_tensor_config import OipTensorConfig  # noqa: PLC0415

        remaining_members = dict(src_dict)
        name = remaining_members.pop("name")

        platform = remaining_members.pop("platform")

        backend = remaining_members.pop("backend")

        max_batch_size = remaining_members.pop("max_batch_size")

        input_ = []
        _input_ = remaining_members.pop("input")
        for input_item_data in _input_:
            input_item = OipTensorConfig.from_dict(input_item_data)

            input_.append(input_item)

        output = []
        _output = remaining_members.pop("output")
        for output_item_data in _output:
            output_item = OipTensorConfig.from_dict(output_item_data)

            output.append(output_item)

        instance_group = []
        _instance_group = remaining_members.pop("instance_group")
        for instance_group_item_data in _instance_group:
            instance_group_item = OipInstanceGroup.from_dict(instance_group_item_data)

            instance_group.append(instance_group_item)

        response_cache = OipResponseCache.from_dict(remaining_members.pop("response_cache"))

        oip_model_config = cls(
            name=name,
            platform=platform,
            backend=backend,
            max_batch_size=max_batch_size,
            input_=input_,
            output=output,
            instance_group=instance_group,
            response_cache=response_cache,
        )

        oip_model_config.additional_properties = remaining_members
        return oip_model_config

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
