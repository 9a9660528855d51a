"""The section "Jobs": the list, and one job with its curves and events."""

from vqaft.workbench.jobs.pages import jobs_section

__all__ = [
    "jobs_section",
]
