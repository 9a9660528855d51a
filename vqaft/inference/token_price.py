"""What tokens cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TokenPrice:
    """What tokens cost, in dollars a million.

    Attributes:
        prompt: Tokens sent.
        completion: Tokens answered.
        batch_discount: What the Batch API takes off, 0 to 1; half at OpenAI, as far as known.
    """

    prompt: float
    completion: float
    batch_discount: float = 0.5

    def dollars(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Give what tokens cost, asked one by one.

        Args:
            prompt_tokens: Tokens sent.
            completion_tokens: Tokens answered.
        """
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6
