"""Where the weights lie on this machine, and a fingerprint that tells any two sets of them apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

from tasks.domain.errors import SettingsError

PARTS = ("model_index.json", "processor", "scheduler", "text_encoder", "tokenizer", "transformer", "vae")
"""What a folder of Qwen-Image-Edit holds; all but the first are folders."""
SAMPLED = 1 << 20
"""Bytes read at the beginning and at the end of a file of weights: reading 57 GB whole would take a minute."""


def folder_of(source: str, revision: str) -> Path:
    """The local folder of a checkpoint: `source` itself when it is one, else the repository of that name, downloaded.

    Raises `SettingsError` when it is neither, or when the folder lacks one of its parts.
    """
    place = Path(source).expanduser()
    if is_path(source) and not place.is_dir():
        raise SettingsError(f"there is no folder {source!r}")
    folder = place if place.is_dir() else _downloaded(source, revision)
    missing = [part for part in PARTS if not (folder / part).exists()]
    if missing:
        raise SettingsError(f"{source!r} is no checkpoint of Qwen-Image-Edit: {', '.join(missing)} not found in it")
    return folder


def is_path(source: str) -> bool:
    """True for what can only be a place on this machine: names of repositories are OWNER/NAME."""
    return source.startswith(("/", ".", "~")) or source.count("/") != 1


def file_of(repo: str, file: str) -> Path:
    """The local path of one file of a repository, or of a local folder in its place. Raises `SettingsError`."""
    if is_path(repo):
        path = Path(repo).expanduser() / file
    else:
        try:
            path = Path(hf_hub_download(repo, file))
        except (HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError, ValueError) as unreachable:
            raise SettingsError(f"cannot fetch {file!r} of {repo!r}: {unreachable}") from unreachable
    if not path.is_file():
        raise SettingsError(f"no file {file!r} in {repo!r}")
    return path


def fingerprint(paths: Sequence[Path]) -> str:
    """12 hex digits over names, sizes and content; of files of weights, the first and last megabyte of the content."""
    digest = hashlib.sha256()
    for root in paths:
        files = sorted(_files(root)) if root.is_dir() else [root]
        for path in files:
            digest.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
            digest.update(_content(path))
    return digest.hexdigest()[:12]


def _files(folder: Path) -> Iterator[Path]:
    """The files a checkpoint consists of; what else lies beside them makes no difference to pictures."""
    for part in PARTS:
        yield from (path for path in [folder / part, *(folder / part).rglob("*")] if path.is_file())


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= 2 * SAMPLED:
            return file.read()
        head = file.read(SAMPLED)
        file.seek(size - SAMPLED)
        return head + file.read()


def _downloaded(repo: str, revision: str) -> Path:
    wanted = [part if "." in part else f"{part}/*" for part in PARTS]
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError, ValueError) as unreachable:
        raise SettingsError(
            f"{repo!r} is no folder, and its weights cannot be fetched: {unreachable}. Fetch them where the hub can be "
            "reached, and name the folder in EDIT_FLOWS_QWEN_WEIGHTS"
        ) from unreachable
