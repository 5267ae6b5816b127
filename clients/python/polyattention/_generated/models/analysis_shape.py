from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="AnalysisShape")


@_attrs_define
class AnalysisShape:
    """The shape to plan for

    Attributes:
        n (int | Unset): Rows of every variable Default: 1024.
        dv (int | Unset): Columns of v; d when left out
        batch (int | Unset):  Default: 1.
        heads (int | Unset):  Default: 1.
        d (int | Unset): Columns of q Default: 64.
    """

    n: int | Unset = 1024
    dv: int | Unset = UNSET
    batch: int | Unset = 1
    heads: int | Unset = 1
    d: int | Unset = 64

    def to_dict(self) -> dict[str, Any]:
        n = self.n

        dv = self.dv

        batch = self.batch

        heads = self.heads

        d = self.d

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if n is not UNSET:
            field_dict["n"] = n
        if dv is not UNSET:
            field_dict["dv"] = dv
        if batch is not UNSET:
            field_dict["batch"] = batch
        if heads is not UNSET:
            field_dict["heads"] = heads
        if d is not UNSET:
            field_dict["d"] = d

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        n = remaining_members.pop("n", UNSET)

        dv = remaining_members.pop("dv", UNSET)

        batch = remaining_members.pop("batch", UNSET)

        heads = remaining_members.pop("heads", UNSET)

        d = remaining_members.pop("d", UNSET)

        analysis_shape = cls(
            n=n,
            dv=dv,
            batch=batch,
            heads=heads,
            d=d,
        )

        return analysis_shape
