from .app import Workbench as Workbench
