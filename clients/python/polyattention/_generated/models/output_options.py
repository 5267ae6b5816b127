from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.output_options_dtype import OutputOptionsDtype
from ..models.output_options_encoding import OutputOptionsEncoding
from ..types import UNSET, Unset

T = TypeVar("T", bound="OutputOptions")


@_attrs_define
class OutputOptions:
    """What to return and in which type

    Attributes:
        dtype (OutputOptionsDtype | Unset): Element type of the outputs; the compute precision when left out
        encoding (OutputOptionsEncoding | Unset): How tensors are written in JSON Default: OutputOptionsEncoding.FLAT.
        log_sum_exp (bool | Unset): Return the log-normaliser of every row too Default: False.
        weights (bool | Unset): Return the marginal attention of every variable too (n <= 512) Default: False.
    """

    dtype: OutputOptionsDtype | Unset = UNSET
    encoding: OutputOptionsEncoding | Unset = OutputOptionsEncoding.FLAT
    log_sum_exp: bool | Unset = False
    weights: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        dtype: str | Unset = UNSET
        if not isinstance(self.dtype, Unset):
            dtype = self.dtype.value

        encoding: str | Unset = UNSET
        if not isinstance(self.encoding, Unset):
            encoding = self.encoding.value

        log_sum_exp = self.log_sum_exp

        weights = self.weights

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if dtype is not UNSET:
            field_dict["dtype"] = dtype
        if encoding is not UNSET:
            field_dict["encoding"] = encoding
        if log_sum_exp is not UNSET:
            field_dict["logSumExp"] = log_sum_exp
        if weights is not UNSET:
            field_dict["weights"] = weights

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        remaining_members = dict(src_dict)
        _dtype = remaining_members.pop("dtype", UNSET)
        dtype: OutputOptionsDtype | Unset
        if isinstance(_dtype, Unset):
            dtype = UNSET
        else:
            dtype = OutputOptionsDtype(_dtype)

        _encoding = remaining_members.pop("encoding", UNSET)
        encoding: OutputOptionsEncoding | Unset
        if isinstance(_encoding, Unset):
            encoding = UNSET
        else:
            encoding = OutputOptionsEncoding(_encoding)

        log_sum_exp = remaining_members.pop("logSumExp", UNSET)

        weights = remaining_members.pop("weights", UNSET)

        output_options = cls(
            dtype=dtype,
            encoding=encoding,
            log_sum_exp=log_sum_exp,
            weights=weights,
        )

        return output_options
