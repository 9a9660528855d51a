"""Download of models from the Hugging Face Hub: by commit, without code and without pickles."""

from __future__ import annotations

import re
from pathlib import Path

from vqaft.errors import DataError, ServiceUnreachableError

_HUB_ID = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})")
_FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "LICENSE*", "README.md")


def download_model(name: str) -> Path:
    """Download a model into the Hub's cache on this machine, or find it there.

    Args:
        name: Repository and commit: `Qwen/Qwen2.5-VL-3B-Instruct@<40 hexadecimal digits>`.

    Returns:
        Its folder.

    Raises:
        DataError: If the name holds no commit: a branch can change under an adapter that was trained on it.
        ServiceUnreachableError: If the Hub cannot be reached and the model is not in the cache.
    """
    found = _HUB_ID.fullmatch(name)
    if found is None:
        hint = "Name it as organization/name@commit, with the 40 digits of a commit."
        raise DataError(f"{name!r} names no commit of a model on the Hub", hint=hint)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = snapshot_download(found["repository"], revision=found["commit"], allow_patterns=list(_FILES))
    except (OSError, LocalEntryNotFoundError, HfHubHTTPError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise ServiceUnreachableError(f"{name} cannot be downloaded: {first}") from error
    return Path(folder)
