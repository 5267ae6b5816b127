from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.mask_type import MaskType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.mask_lengths_type_1 import MaskLengthsType1


T = TypeVar("T", bound="Mask")


@_attrs_define
class Mask:
    """Which tuples take part; padding by lengths

    Attributes:
        type_ (MaskType | Unset): Which tuples are admissible (math.md §7) Default: MaskType.NONE.
        window (list[int] | Unset): Window sizes [w2, ..., wt] for edge-window and root-window
        lengths (list[int] | MaskLengthsType1 | Unset): Real rows per batch entry: an array for every variable with n_j
            = n_1, or an object by variable: {"2": [5, 11]}
    """

    type_: MaskType | Unset = MaskType.NONE
    window: list[int] | Unset = UNSET
    lengths: list[int] | MaskLengthsType1 | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        type_: str | Unset = UNSET
        if not isinstance(self.type_, Unset):
            type_ = self.type_.value

        window: list[int] | Unset = UNSET
        if not isinstance(self.window, Unset):
            window = self.window

        lengths: dict[str, Any] | list[int] | Unset
        if isinstance(self.lengths, Unset):
            lengths = UNSET
        elif isinstance(self.lengths, list):
            lengths = self.lengths

        else:
            lengths = self.lengths.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if type_ is not UNSET:
            field_dict["type"] = type_
        if window is not UNSET:
            field_dict["window"] = window
        if lengths is not UNSET:
            field_dict["lengths"] = lengths

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.mask_lengths_type_1 import MaskLengthsType1  # noqa: PLC0415

        remaining_members = dict(src_dict)
        _type_ = remaining_members.pop("type", UNSET)
        type_: MaskType | Unset
        if isinstance(_type_, Unset):
            type_ = UNSET
        else:
            type_ = MaskType(_type_)

        window = cast(list[int], remaining_members.pop("window", UNSET))

        def _parse_lengths(data: object) -> list[int] | MaskLengthsType1 | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                lengths_type_0 = cast(list[int], data)

                return lengths_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            lengths_type_1 = MaskLengthsType1.from_dict(data)

            return lengths_type_1

        lengths = _parse_lengths(remaining_members.pop("lengths", UNSET))

        mask = cls(
            type_=type_,
            window=window,
            lengths=lengths,
        )

        return mask
