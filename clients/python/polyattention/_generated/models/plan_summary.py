from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.failover import Failover


T = TypeVar("T", bound="PlanSummary")


@_attrs_define
class PlanSummary:
    """What ran and what it cost

    Attributes:
        class_ (str): tree, cycle, treewidth-2, tensor or general
        mask (str): The mask that was applied, a shorthand resolved
        algorithm (str): The exact algorithm that ran
        exponent (int): Time grows like n to this power
        flops (float): Floating-point operations, multiply-add = 2
        exponentials (float):
        bytes_ (float): Memory held at once: inputs, messages, outputs
        backend (str):
        threads (int):
        tiles (int):
        fallback_rows (int): Rows whose certificate failed and that were recomputed (math.md §6.3)
        isa (str | Unset): Instruction set of the back end, where it has one
        mode (str | Unset): How a device was reached: headlessgl, webasm, cpu, vulkan, opengles
        kernel (str | Unset): Class of the device’s kernels
        failovers (list[Failover] | Unset): Devices that failed under this request
    """

    class_: str
    mask: str
    algorithm: str
    exponent: int
    flops: float
    exponentials: float
    bytes_: float
    backend: str
    threads: int
    tiles: int
    fallback_rows: int
    isa: str | Unset = UNSET
    mode: str | Unset = UNSET
    kernel: str | Unset = UNSET
    failovers: list[Failover] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        class_ = self.class_

        mask = self.mask

        algorithm = self.algorithm

        exponent = self.exponent

        flops = self.flops

        exponentials = self.exponentials

        bytes_ = self.bytes_

        backend = self.backend

        threads = self.threads

        tiles = self.tiles

        fallback_rows = self.fallback_rows

        isa = self.isa

        mode = self.mode

        kernel = self.kernel

        failovers: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.failovers, Unset):
            failovers = []
            for failovers_item_data in self.failovers:
                failovers_item = failovers_item_data.to_dict()
                failovers.append(failovers_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "class": class_,
                "mask": mask,
                "algorithm": algorithm,
                "exponent": exponent,
                "flops": flops,
                "exponentials": exponentials,
                "bytes": bytes_,
                "backend": backend,
                "threads": threads,
                "tiles": tiles,
                "fallbackRows": fallback_rows,
            }
        )
        if isa is not UNSET:
            field_dict["isa"] = isa
        if mode is not UNSET:
            field_dict["mode"] = mode
        if kernel is not UNSET:
            field_dict["kernel"] = kernel
        if failovers is not UNSET:
            field_dict["failovers"] = failovers

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.failover import Failover  # noqa: PLC0415

        remaining_members = dict(src_dict)
        class_ = remaining_members.pop("class")

        mask = remaining_members.pop("mask")

        algorithm = remaining_members.pop("algorithm")

        exponent = remaining_members.pop("exponent")

        flops = remaining_members.pop("flops")

        exponentials = remaining_members.pop("exponentials")

        bytes_ = remaining_members.pop("bytes")

        backend = remaining_members.pop("backend")

        threads = remaining_members.pop("threads")

        tiles = remaining_members.pop("tiles")

        fallback_rows = remaining_members.pop("fallbackRows")

        isa = remaining_members.pop("isa", UNSET)

        mode = remaining_members.pop("mode", UNSET)

        kernel = remaining_members.pop("kernel", UNSET)

        _failovers = remaining_members.pop("failovers", UNSET)
        failovers: list[Failover] | Unset = UNSET
        if _failovers is not UNSET:
            failovers = []
            for failovers_item_data in _failovers:
                failovers_item = Failover.from_dict(failovers_item_data)

                failovers.append(failovers_item)

        plan_summary = cls(
            class_=class_,
            mask=mask,
            algorithm=algorithm,
            exponent=exponent,
            flops=flops,
            exponentials=exponentials,
            bytes_=bytes_,
            backend=backend,
            threads=threads,
            tiles=tiles,
            fallback_rows=fallback_rows,
            isa=isa,
            mode=mode,
            kernel=kernel,
            failovers=failovers,
        )

        plan_summary.additional_properties = remaining_members
        return plan_summary

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
