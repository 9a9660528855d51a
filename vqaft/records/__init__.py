"""Training records and requests built from examples, and the files they are written to."""

from vqaft.records.builder import MessageBuilder, canonical_answer
from vqaft.records.manifest import Manifest
from vqaft.records.message_json import TextForm
from vqaft.records.region import BoxRegion
from vqaft.records.writer import WrittenFile, remove_shards_after, shard_name, write_jsonl, write_shards

__all__ = [
    "BoxRegion",
    "Manifest",
    "MessageBuilder",
    "TextForm",
    "WrittenFile",
    "canonical_answer",
    "remove_shards_after",
    "shard_name",
    "write_jsonl",
    "write_shards",
]
