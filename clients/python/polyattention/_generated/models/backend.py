from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.backend_name import BackendName
from ..models.backend_state import BackendState
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.backend_rates import BackendRates


T = TypeVar("T", bound="Backend")


@_attrs_define
class Backend:
    """A back end that loaded, or why it did not

    Attributes:
        name (BackendName):
        available (bool):
        reason (str | Unset): Why it is not available
        precisions (list[str] | Unset):
        steps (list[str] | Unset):
        isa (str | Unset):
        device (str | Unset):
        mode (str | Unset): How a device is reached: headlessgl, webasm, cpu, vulkan, opengles
        kernel (str | Unset): Class of the kernels that ran when the device was checked
        software (bool | Unset): A program on this machine’s processor: taken only by name where native is there
        exp_error (float | Unset): Largest relative error of the device’s exp, measured at load
        state (BackendState | Unset): Of the device’s process
        restarts (int | Unset): Processes that took the place of one that had died
        rates (BackendRates | Unset): By precision
    """

    name: BackendName
    available: bool
    reason: str | Unset = UNSET
    precisions: list[str] | Unset = UNSET
    steps: list[str] | Unset = UNSET
    isa: str | Unset = UNSET
    device: str | Unset = UNSET
    mode: str | Unset = UNSET
    kernel: str | Unset = UNSET
    software: bool | Unset = UNSET
    exp_error: float | Unset = UNSET
    state: BackendState | Unset = UNSET
    restarts: int | Unset = UNSET
    rates: BackendRates | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name.value

        available = self.available

        reason = self.reason

        precisions: list[str] | Unset = UNSET
        if not isinstance(self.precisions, Unset):
            precisions = self.precisions

        steps: list[str] | Unset = UNSET
        if not isinstance(self.steps, Unset):
            steps = self.steps

        isa = self.isa

        device = self.device

        mode = self.mode

        kernel = self.kernel

        software = self.software

        exp_error = self.exp_error

        state: str | Unset = UNSET
        if not isinstance(self.state, Unset):
            state = self.state.value

        restarts = self.restarts

        rates: dict[str, Any] | Unset = UNSET
        if not isinstance(self.rates, Unset):
            rates = self.rates.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "available": available,
            }
        )
        if reason is not UNSET:
            field_dict["reason"] = reason
        if precisions is not UNSET:
            field_dict["precisions"] = precisions
        if steps is not UNSET:
            field_dict["steps"] = steps
        if isa is not UNSET:
            field_dict["isa"] = isa
        if device is not UNSET:
            field_dict["device"] = device
        if mode is not UNSET:
            field_dict["mode"] = mode
        if kernel is not UNSET:
            field_dict["kernel"] = kernel
        if software is not UNSET:
            field_dict["software"] = software
        if exp_error is not UNSET:
            field_dict["expError"] = exp_error
        if state is not UNSET:
            field_dict["state"] = state
        if restarts is not UNSET:
            field_dict["restarts"] = restarts
        if rates is not UNSET:
            field_dict["rates"] = rates

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.backend_rates import BackendRates  # noqa: PLC0415

        remaining_members = dict(src_dict)
        name = BackendName(remaining_members.pop("name"))

        available = remaining_members.pop("available")

        reason = remaining_members.pop("reason", UNSET)

        precisions = cast(list[str], remaining_members.pop("precisions", UNSET))

        steps = cast(list[str], remaining_members.pop("steps", UNSET))

        isa = remaining_members.pop("isa", UNSET)

        device = remaining_members.pop("device", UNSET)

        mode = remaining_members.pop("mode", UNSET)

        kernel = remaining_members.pop("kernel", UNSET)

        software = remaining_members.pop("software", UNSET)

        exp_error = remaining_members.pop("expError", UNSET)

        _state = remaining_members.pop("state", UNSET)
        state: BackendState | Unset
        if isinstance(_state, Unset):
            state = UNSET
        else:
            state = BackendState(_state)

        restarts = remaining_members.pop("restarts", UNSET)

        _rates = remaining_members.pop("rates", UNSET)
        rates: BackendRates | Unset
        if isinstance(_rates, Unset):
            rates = UNSET
        else:
            rates = BackendRates.from_dict(_rates)

        backend = cls(
            name=name,
            available=available,
            reason=reason,
            precisions=precisions,
            steps=steps,
            isa=isa,
            device=device,
            mode=mode,
            kernel=kernel,
            software=software,
            exp_error=exp_error,
            state=state,
            restarts=restarts,
            rates=rates,
        )

        backend.additional_properties = remaining_members
        return backend

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
