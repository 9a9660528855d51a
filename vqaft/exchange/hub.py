"""Upload datasets to the Hugging Face Hub, with a dataset card."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vqaft.data import Split
from vqaft.errors import AuthenticationError, DataError, RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.exchange.export import export
from vqaft.exchange.manifest import HIDDEN
from vqaft.exchange.rows import Exportable
from vqaft.exchange.tables.hugging_face import HuggingFace
from vqaft.records import MessageBuilder

_KEY_REFUSED = frozenset({401, 403})
_SERVER_FAILED = 500


def push_to_hub(
    examples: Exportable | Mapping[str, Exportable] | Split,
    repo: str,
    *,
    target: HuggingFace | None = None,
    builder: MessageBuilder | None = None,
    private: bool = True,
    token: str | None = None,
) -> str:
    """Upload examples as a dataset repository that `datasets.load_dataset(repo)` reads.

    The files are written locally first, so that nothing is uploaded where an example is refused. They are uploaded in
    one commit, which also removes the shards of the commit before; the former card stays in the repository's history.
    `HF_ENDPOINT` in the environment names another hub, as for every tool of Hugging Face.

    Args:
        examples: The examples, as for `export`.
        repo: The repository, e.g. `name/receipts`; created where it does not exist.
        target: The form of the dataset and its card.
        builder: Its encoder encodes the images.
        private: Whether a new repository is private.
        token: A token that may write; by default the one that `hf auth login` stored, or HF_TOKEN.

    Returns:
        The address of the commit.

    Raises:
        ExportError: If examples cannot be exported.
        DataError: If there are no examples, or the name of the repository is not one.
        AuthenticationError: If the token is missing or may not write.
        ServiceError: If the hub cannot be reached, refuses the request, or fails.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token, library_name="vqaft")
    with tempfile.TemporaryDirectory(prefix="vqaft-hub-") as name, _typed_errors(repo):
        folder = Path(name) / "dataset"
        exported = export(examples, target or HuggingFace(), folder, builder=builder)
        api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            ignore_patterns=[f"{HIDDEN}/*"],
            delete_patterns=["data/*.parquet"],
            commit_message=f"Upload {exported.rows} examples and {exported.images} images with vqaft",
        )
        return str(commit.commit_url)


@contextmanager
def _typed_errors(repo: str) -> Iterator[None]:
    from huggingface_hub import errors

    hint = "Log in with `hf auth login`, or pass a token that may write."
    try:
        yield
    except errors.HFValidationError as error:
        raise DataError(f"{repo!r} is not the name of a repository: {error}", hint="Write name/dataset.") from error
    except errors.LocalTokenNotFoundError as error:
        raise AuthenticationError("there is no token for the Hugging Face Hub", hint=hint) from error
    except errors.HfHubHTTPError as error:
        raise _service_error(error, hint) from error
    except (errors.HTTPError, ConnectionError) as error:  # the base of failures of the connection, whatever carries it
        raise ServiceUnreachableError(f"the Hugging Face Hub cannot be reached: {error}") from error


def _service_error(error: object, hint: str) -> ServiceError:
    status: int | None = getattr(getattr(error, "response", None), "status_code", None)
    said = getattr(error, "server_message", None) or f"status {status}"
    message = f"the Hugging Face Hub refused: {said}"
    if status in _KEY_REFUSED:
        return AuthenticationError(message, status=status, hint=hint)
    if status is None or status >= _SERVER_FAILED:
        return ServiceError(f"the Hugging Face Hub failed: {said}", status=status)
    return RequestRefusedError(message, status=status)
