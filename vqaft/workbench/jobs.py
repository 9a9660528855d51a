"""The section "Jobs": the list, one job or two with their curves and events, and what can be done with a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast, get_args
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from vqaft.escape import visible
from vqaft.server import JobView
from vqaft.workbench.line_chart import Color, Line, LineChart
from vqaft.workbench.server_data import JobAction
from vqaft.workbench.site import PREFIX, STATES, Section, Site

GOING_S, RESTING_S = 2, 6
"""Seconds between two polls, while a job is going and else."""
JOBS_A_PAGE = 20
SHOWN_EVENTS = 200
OTHERS = 100
"""Jobs to choose from that can be laid over one."""


def jobs_section(site: Site) -> Section:
    """Return the section.

    Args:
        site: What its pages are built with.
    """
    pages = _Pages(site)
    routes = (
        site.get("/jobs", pages.all),
        site.polled("/jobs/live", pages.all_live),
        site.get("/jobs/{job}", pages.one),
        site.polled("/jobs/{job}/live", pages.one_live),
        site.get("/jobs/{job}/metrics.csv", pages.metrics),
        site.post("/jobs/{job}/{action}", pages.act),
    )
    return Section(name="jobs", title="Jobs", routes=routes)


@dataclass(frozen=True)
class _Pages:
    site: Site

    def all(self, request: Request) -> Response:
        live = self.site.markup(self.all_live(request))
        after = request.query_params.get("after")
        query = f"?{urlencode({'after': after})}" if after else ""
        return self.site.page("jobs/list.html.jinja", title="Jobs", section="jobs", live=live, query=query)

    def all_live(self, request: Request) -> str:
        after = request.query_params.get("after") or None
        jobs, more = self.site.data.jobs(after=after, limit=JOBS_A_PAGE)
        going = sum(job.going for job in jobs)
        return self.site.render(
            "jobs/list_live.html.jinja",
            jobs=[(job, job_name(job)) for job in jobs],
            after=after,
            older=jobs[-1].id if more else None,
            next_s=GOING_S if going else RESTING_S,
            announcement=f"{going} of {len(jobs)} jobs in progress",
        )

    def one(self, request: Request) -> Response:
        job, other = self._asked(request)
        others = [(each.id, job_name(each)) for each in self.site.data.jobs(limit=OTHERS)[0] if each.id != job.id]
        return self.site.page(
            "jobs/job.html.jinja",
            title=job_name(job),
            section="jobs",
            job=job,
            name=job_name(job),
            live=self.site.markup(self.one_live(request)),
            query=f"?{urlencode({'with': other.id})}" if other else "",
            other=other.id if other else "",
            others=others,
        )

    def one_live(self, request: Request) -> str:
        job, other = self._asked(request)
        measured = MeasuredJob(job=job, steps=self.site.data.steps(job.id))
        over = MeasuredJob(job=other, steps=self.site.data.steps(other.id)) if other else None
        events, more = self.site.data.events(job.id, limit=SHOWN_EVENTS)
        return self.site.render(
            "jobs/job_live.html.jinja",
            job=job,
            name=job_name(job),
            other=(other, job_name(other)) if other else None,
            charts=charts(measured, over),
            steps=measured.steps[-SHOWN_EVENTS:],
            columns=_columns(measured.steps),
            events=events,
            more_events=more,
            checkpoints=self.site.data.checkpoints(job.id),
            files=self._files(job),
            next_s=GOING_S if job.going else RESTING_S,
            announcement=f"{job_name(job)}: {STATES.get(job.status, ('', job.status, ''))[1]}",
        )

    def metrics(self, request: Request) -> Response:
        job, _ = self._asked(request)
        path = self.site.data.file_path(job.result_files[0]) if job.result_files else None
        if path is None or not path.is_file():
            raise HTTPException(404, "This job has no file of its metrics.")
        return FileResponse(path, media_type="text/csv; charset=utf-8", filename=f"{job.id}.csv")

    async def act(self, request: Request) -> Response:
        job, action = request.path_params["job"], request.path_params["action"]
        if action not in get_args(JobAction) or self.site.data.job(job) is None:
            raise HTTPException(404, "There is no such job, or nothing of that name to do with it.")
        await self.site.data.act(job, cast("JobAction", action))
        return RedirectResponse(f"{PREFIX}/jobs/{quote(job, safe='')}", 303)

    def _asked(self, request: Request) -> tuple[JobView, JobView | None]:
        """Return the job that an address names, and the one that is laid over it."""
        job = self.site.data.job(request.path_params["job"])
        if job is None:
            raise HTTPException(404, "There is no such job.")
        wanted = request.query_params.get("with")
        return job, self.site.data.job(wanted) if wanted and wanted != job.id else None

    def _files(self, job: JobView) -> list[tuple[str, str, Mapping[str, Any] | None]]:
        named = (("Training file", job.training_file), ("Validation file", job.validation_file))
        return [(words, name, self.site.data.file(name)) for words, name in named if name]


COLUMNS = (
    ("step", "Step"),
    ("epoch", "Epoch"),
    ("train_loss", "Training loss"),
    ("valid_loss", "Validation loss"),
    ("train_answer_accuracy", "Training accuracy"),
    ("valid_answer_accuracy", "Validation accuracy"),
    ("learning_rate", "Learning rate"),
)
"""Columns of the table of the measurements, by the names of the events' data."""


def _columns(steps: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(name, words) for name, words in COLUMNS if any(name in step for step in steps)]


Steps = Sequence[Mapping[str, Any]]

LOSS = (("train_loss", "training"), ("valid_loss", "validation"))
ANSWERS = (("train_answer_accuracy", "training"), ("valid_answer_accuracy", "validation"))
TOKENS = (("train_mean_token_accuracy", "training"), ("valid_mean_token_accuracy", "validation"))
NAME = 28
"""Characters of a job's name in a legend."""


@dataclass(frozen=True, kw_only=True)
class MeasuredJob:
    """A job and what was measured in it.

    Attributes:
        job: The job.
        steps: The data of its metrics events, in the order of the steps.
    """

    job: JobView
    steps: Steps = field(repr=False)

    @property
    def name(self) -> str:
        """Its name for a legend."""
        return job_name(self.job, NAME)


def job_name(job: JobView, limit: int = 60) -> str:
    """Return how a job is called: its suffix, else its id.

    Args:
        job: The job.
        limit: The most characters of it.
    """
    return visible(job.suffix or job.id, limit=limit)


def charts(one: MeasuredJob, other: MeasuredJob | None = None) -> tuple[LineChart, ...]:
    """Draw loss and accuracy, as far as they were measured.

    Solid lines are of the validation data, dashed ones of the training data. One job alone runs over its steps; two
    jobs run over their epochs, because their steps need not be of equal size.

    Args:
        one: The job.
        other: A job that is laid over it.
    """
    jobs = (one,) if other is None else (one, other)
    columns = ANSWERS if any(ANSWERS[0][0] in step for each in jobs for step in each.steps) else TOKENS
    accuracy = "Accuracy of answers" if columns is ANSWERS else "Accuracy of tokens"
    drawn = (_chart("Loss", LOSS, jobs, share=False), _chart(accuracy, columns, jobs, share=True))
    return tuple(chart for chart in drawn if chart.lines)


def _chart(title: str, columns: Sequence[tuple[str, str]], jobs: Sequence[MeasuredJob], *, share: bool) -> LineChart:
    colors: tuple[Color, ...] = ("tuned", "base")
    lines = tuple(
        Line(
            name=words if len(jobs) == 1 else f"{each.name}, {words}",
            key=words,
            points=_points(each.steps, column, by_epoch=len(jobs) > 1),
            color=color,
            dashed=column.startswith("train"),
        )
        for each, color in zip(jobs, colors, strict=False)
        for column, words in columns
    )
    return LineChart(title=title, x_label="step" if len(jobs) == 1 else "epoch", lines=lines, share=share)


def _points(steps: Steps, column: str, *, by_epoch: bool) -> tuple[tuple[float, float], ...]:
    return tuple(
        (step["step"] * _epochs_a_step(step) if by_epoch else step["step"], float(step[column]))
        for step in steps
        if isinstance(step.get(column), int | float)
    )


def _epochs_a_step(step: Mapping[str, Any]) -> float:
    return float(step["n_epochs"] / step["total_steps"])
