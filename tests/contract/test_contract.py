"""The server keeps OpenAI's own contract on every route it has: thousands of generated requests find no deviation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from vqaft.testing import FixedAnswer, QuickEngine, ThreadServer

ROUTES = r"^/(files|uploads|batches|fine_tuning/jobs|models|chat/completions$)"

# The contract declares nothing but status 200, so every refusal would be "undocumented"; and it cannot know which ids
# exist here, so a request that is well-formed may well be refused.
UNDECIDABLE = "status_code_conformance,positive_data_acceptance"

BINARY = "downloadFile"  # its answer is the file's bytes, which the contract declares as JSON
PROGRAM = Path(sys.executable).with_name("schemathesis")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> ThreadServer:
    engines, judges = {"quick": QuickEngine()}, {"fixed": FixedAnswer("ok")}
    return ThreadServer(tmp_path_factory.mktemp("state"), engines=engines, judges=judges)


@pytest.mark.skipif(not PROGRAM.is_file(), reason="schemathesis is not installed")
def test_no_deviation(server: ThreadServer, shared: Path, tmp_path: Path) -> None:
    with server:
        command = [str(PROGRAM), "run", str(shared / "contract" / "openai-fine-tuning.yaml"), "--url", server.base_url]
        command += ["-H", f"Authorization: Bearer {server.api_key}", "--include-path-regex", ROUTES, "--no-color"]
        command += ["--exclude-checks", UNDECIDABLE, "--exclude-operation-id", BINARY]
        command += ["--max-examples", "3", "--seed", "1"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)  # noqa: S603
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    (generated,) = re.findall(r"(\d+) generated", result.stdout)
    print(f"contract: {generated} requests, no deviation")  # noqa: T201 - shown with -s
    assert int(generated) > 1000
