"""A guard: the libraries this engine computes the reference's result with, and no others.

The three Qwen edit pipelines of diffusers do not tell transformers 5 which tokens are pictures, and Qwen2.5-VL then
falls back to one-dimensional positions without a word (https://github.com/huggingface/diffusers/issues/14194): at
1024 x 1024 the embeddings are a quarter off. This engine encodes prompts itself, and its tests compare the result with
embeddings recorded under transformers 4.56; the ranges below are those the comparison was made with.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata

from packaging.specifiers import SpecifierSet

from tasks.domain.errors import UnknownEngine

VOUCHED = {
    "torch": SpecifierSet(">=2.8,<3"),
    "diffusers": SpecifierSet(">=0.42,<0.43"),
    "transformers": SpecifierSet(">=5.17,<5.25"),
}


def ensure_vouched(installed: Callable[[str], str] = metadata.version) -> dict[str, str]:
    """The versions found, by package. Raises `UnknownEngine` naming each that results are not vouched for with."""
    found = {package: installed(package) for package in VOUCHED}
    wrong = [
        f"{package} {found[package]} (needs {allowed})"
        for package, allowed in VOUCHED.items()
        if not allowed.contains(found[package], prereleases=True)
    ]
    if wrong:
        raise UnknownEngine(
            f"the qwen engine cannot vouch for its results with {', '.join(wrong)}: pip install -e .[cuda] installs "
            "what it was compared with"
        )
    return found
