"""One setting of the gateway's policy, as it stands and whence.

Counterpart: `control/policy_settings` keeps what was changed, `admin/` and `cli/` show it.
"""

from enum import StrEnum
from typing import Any

import msgspec


class SettingOrigin(StrEnum):
    """Where a setting's value comes from; each beats those below it."""

    CONFIGURATION = "configuration"  # file, environment or flag: nobody changes it from outside
    POLICY = "policy"  # set over the admin API, by a page or by a command
    DEFAULT = "default"


class PolicySetting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting by its configuration's name; `changed_at_us` is when the policy last set it."""

    name: str
    value: Any
    origin: SettingOrigin
    default: Any
    changed_at_us: int | None = None
