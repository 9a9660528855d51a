"""Public fakes for the tests of those who build on vqaft."""

from vqaft.testing.quick_engine import FixedAnswer, QuickEngine
from vqaft.testing.thread_server import ThreadServer

__all__ = ["FixedAnswer", "QuickEngine", "ThreadServer"]
