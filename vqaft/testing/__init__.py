"""Public fakes for the tests of those who build on vqaft."""

from vqaft.testing.billing import Billed, BillingJournal
from vqaft.testing.fault import FAULTS, Fault, Planned, rate_limit
from vqaft.testing.faulty_server import FaultyServer
from vqaft.testing.quick_engine import FixedAnswer, QuickEngine
from vqaft.testing.scripted_backend import ScriptedBackend
from vqaft.testing.thread_server import ThreadServer

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
    "rate_limit",
]
