from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.tensor_dtype import TensorDtype
from ..types import UNSET, Unset

T = TypeVar("T", bound="Tensor")


@_attrs_define
class Tensor:
    """A dense array: shape, element type, and its elements as numbers or as base64 bytes

    Attributes:
        shape (list[int]): Dimensions, row major
        dtype (TensorDtype | Unset): Element type Default: TensorDtype.FLOAT32.
        data (list[float] | Unset): Elements, row major; nested arrays of the same shape are taken too
        base64 (str | Unset): Instead of data: the elements as little-endian bytes in base64
    """

    shape: list[int]
    dtype: TensorDtype | Unset = TensorDtype.FLOAT32
    data: list[float] | Unset = UNSET
    base64: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        shape = self.shape

        dtype: str | Unset = UNSET
        if not isinstance(self.dtype, Unset):
            dtype = self.dtype.value

        data: list[float] | Unset = UNSET
        if not isinstance(self.data, Unset):
            data = self.data

        base64 = self.base64

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "shape": shape,
            }
        )
        if dtype is not UNSET:
            field_dict["dtype"] = dtype
        if data is not UNSET:
            field_dict["data"] = data
        if base64 is not UNSET:
            field_dict["base64"] = base64

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        shape = cast(list[int], remaining_members.pop("shape"))

        _dtype = remaining_members.pop("dtype", UNSET)
        dtype: TensorDtype | Unset
        if isinstance(_dtype, Unset):
            dtype = UNSET
        else:
            dtype = TensorDtype(_dtype)

        data = cast(list[float], remaining_members.pop("data", UNSET))

        base64 = remaining_members.pop("base64", UNSET)

        tensor = cls(
            shape=shape,
            dtype=dtype,
            data=data,
            base64=base64,
        )

        return tensor
