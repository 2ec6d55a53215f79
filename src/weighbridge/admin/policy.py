"""The API's documents about the policy's settings.

Rules for future edits: as in `documents`; the fields of a change are those of the configuration,
under their own dotted names.
"""

from datetime import datetime
from typing import Any, Optional, Self

from pydantic import BaseModel, ConfigDict, Field, create_model

from weighbridge.admin.documents import Request
from weighbridge.config.keys import LEAVES, choices
from weighbridge.config.policy import POLICY_SETTINGS
from weighbridge.core.clock import from_unix_us_if_any
from weighbridge.core.policy_setting import PolicySetting, SettingOrigin

_FIELDS = {name: LEAVES[tuple(name.split("."))] for name in POLICY_SETTINGS}


class _Change(Request):
    """What the policy shall say from now on; what is not given stays, null takes away."""

    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)


_DEFINITIONS: dict[str, Any] = {
    name.replace(".", "_"): (
        Optional[field.annotation],  # noqa: UP045 - an annotation that is only known here
        Field(None, alias=name, description=field.description),
    )
    for name, field in _FIELDS.items()
}
PolicyChange = create_model(
    "PolicyChange", __base__=_Change, __doc__=_Change.__doc__, **_DEFINITIONS
)


class PolicySettingDocument(BaseModel):
    """One setting as it stands."""

    name: str = Field(description="As in the configuration.")
    value: Any = Field(description="What holds now.")
    origin: SettingOrigin = Field(
        description="`configuration`: a file, variable or flag gives it, and it can be changed "
        "only there; `policy`: it was set here; `default`: nobody said anything."
    )
    default: Any = Field(description="What holds where nobody says anything.")
    changed_at: datetime | None = Field(description="When it was set here; null = it is not.")
    description: str = Field(description="What it means.")
    choices: list[str] = Field(description="The words that it takes, where it takes no others.")

    @classmethod
    def of(cls, setting: PolicySetting) -> Self:
        """The document of a setting."""
        field = _FIELDS[setting.name]
        return cls(
            name=setting.name,
            value=setting.value,
            origin=setting.origin,
            default=setting.default,
            changed_at=from_unix_us_if_any(setting.changed_at_us),
            description=field.description or "",
            choices=list(choices(field)),
        )


class PolicyDocument(BaseModel):
    """The policy: every setting that can be changed while the gateway runs."""

    settings: list[PolicySettingDocument] = Field(description="In the configuration's order.")
