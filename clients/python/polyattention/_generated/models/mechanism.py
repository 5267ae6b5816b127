from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.capability import Capability
    from ..models.mechanism_parameter import MechanismParameter


T = TypeVar("T", bound="Mechanism")


@_attrs_define
class Mechanism:
    """A named attention polynomial

    Attributes:
        name (str):
        family (str):
        parameters (list[MechanismParameter]):
        example (str): A name that requests take
        polynomial (str): Of the example
        description (str):
        class_ (str):
        exponent (int):
        cost (str): Exact cost in the field’s notation
        tasks (list[Capability]):
    """

    name: str
    family: str
    parameters: list[MechanismParameter]
    example: str
    polynomial: str
    description: str
    class_: str
    exponent: int
    cost: str
    tasks: list[Capability]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        family = self.family

        parameters = []
        for parameters_item_data in self.parameters:
            parameters_item = parameters_item_data.to_dict()
            parameters.append(parameters_item)

        example = self.example

        polynomial = self.polynomial

        description = self.description

        class_ = self.class_

        exponent = self.exponent

        cost = self.cost

        tasks = []
        for tasks_item_data in self.tasks:
            tasks_item = tasks_item_data.to_dict()
            tasks.append(tasks_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "family": family,
                "parameters": parameters,
                "example": example,
                "polynomial": polynomial,
                "description": description,
                "class": class_,
                "exponent": exponent,
                "cost": cost,
                "tasks": tasks,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.capability import Capability  # noqa: PLC0415
        from ..models.mechanism_parameter import MechanismParameter  # noqa: PLC0415

        remaining_members = dict(src_dict)
        name = remaining_members.pop("name")

        family = remaining_members.pop("family")

        parameters = []
        _parameters = remaining_members.pop("parameters")
        for parameters_item_data in _parameters:
            parameters_item = MechanismParameter.from_dict(parameters_item_data)

            parameters.append(parameters_item)

        example = remaining_members.pop("example")

        polynomial = remaining_members.pop("polynomial")

        description = remaining_members.pop("description")

        class_ = remaining_members.pop("class")

        exponent = remaining_members.pop("exponent")

        cost = remaining_members.pop("cost")

        tasks = []
        _tasks = remaining_members.pop("tasks")
        for tasks_item_data in _tasks:
            tasks_item = Capability.from_dict(tasks_item_data)

            tasks.append(tasks_item)

        mechanism = cls(
            name=name,
            family=family,
            parameters=parameters,
            example=example,
            polynomial=polynomial,
            description=description,
            class_=class_,
            exponent=exponent,
            cost=cost,
            tasks=tasks,
        )

        mechanism.additional_properties = remaining_members
        return mechanism

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
