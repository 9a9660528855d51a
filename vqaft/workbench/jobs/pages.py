"""Pages of the jobs: the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from vqaft.workbench.site import Section, Site

GOING_S, RESTING_S = 2, 6
"""Seconds between two polls, while a job is going and else."""
JOBS_A_PAGE = 20


def jobs_section(site: Site) -> Section:
    """Return the section.

    Args:
        site: What its pages are built with.
    """
    pages = _Pages(site)
    routes = (site.get("/jobs", pages.list), site.polled("/jobs/live", pages.list_live))
    return Section(name="jobs", title="Jobs", routes=routes)


@dataclass(frozen=True)
class _Pages:
    site: Site

    def list(self, request: Request) -> Response:
        live = self.site.markup(self.list_live(request))
        after = request.query_params.get("after")
        query = f"?{urlencode({'after': after})}" if after else ""
        return self.site.page("jobs/list.html.jinja", title="Jobs", section="jobs", live=live, query=query)

    def list_live(self, request: Request) -> str:
        after = request.query_params.get("after") or None
        jobs, more = self.site.data.jobs(after=after, limit=JOBS_A_PAGE)
        going = sum(job.going for job in jobs)
        values: dict[str, Any] = {
            "jobs": jobs,
            "after": after,
            "older": jobs[-1].id if more else None,
            "next_s": GOING_S if going else RESTING_S,
            "announcement": f"{going} of {len(jobs)} jobs in progress",
        }
        return self.site.render("jobs/list_live.html.jinja", **values)
