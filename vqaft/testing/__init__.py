"""Public fakes for testing code that builds on vqaft.

Names are loaded on first use: only the fakes that run a server need the extra `local`.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)

__all__ = [
    "FAULTS",
    "Billed",
    "BillingJournal",
    "Fault",
    "FaultyServer",
    "FixedAnswer",
    "Planned",
    "QuickEngine",
    "ScriptedBackend",
    "ThreadServer",
    "TrainingFaults",
    "build_tiny_model",
    "kill_at_write",
    "rate_limit",
    "texts_of",
]
