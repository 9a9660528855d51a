"""The habits that all models of a row share."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class Strict(BaseModel):
    """Frozen, without conversions, and without a key that the providers do not know."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_serializer(mode="wrap")
    def _leave_out_none(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # `exclude_none` would reach into the dicts of tools, where null has a meaning.
        return {name: value for name, value in handler(self).items() if value is not None or self._null_counts(name)}

    def _null_counts(self, name: str) -> bool:
        return name == "content" and name in self.model_fields_set
