"""Stores behind URLs: fsspec's memory, and a real S3 server on the loopback address."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "made-up",
    "AWS_SECRET_ACCESS_KEY": "made-up",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server (moto), which the environment names for the time of the tests."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": address}.items():
            patch.setenv(name, value)
        for name in [name for name in os.environ if name.startswith(("FSSPEC_", "AWS_PROFILE"))]:
            patch.delenv(name)
        yield address
    server.stop()


@pytest.fixture
def memory() -> Iterator[str]:
    """The URL of an empty folder in memory."""
    system = fsspec.filesystem("memory")
    yield f"memory://{uuid.uuid4().hex}/data"
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def s3(s3_server: str) -> str:
    """The URL of an empty folder in a bucket."""
    bucket = f"bucket-{uuid.uuid4().hex}"
    fsspec.filesystem("s3").mkdir(bucket)
    return f"s3://{bucket}/data"


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> str:
    """The URL of an empty folder, in memory and in a bucket."""
    return str(request.getfixturevalue(request.param))


def upload(folder: Path, url: str, *names: str) -> None:
    """Put the files of a local folder into a store; all of them where none is named."""
    system, place = fsspec.core.url_to_fs(url)
    below = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    system.pipe({f"{place}/{name}": (folder / name).read_bytes() for name in names or below})
