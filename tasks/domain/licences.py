"""What the licences of models allow: a table by repository, and the gate that holds a use against it.

As the models' cards and licence files, or copies of them, were found by search on 2026-11-26. Licences change: what
stands here is no legal advice, and a model that is not listed has a licence nobody looked at, not a free one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from tasks.domain.errors import LicenceError
from tasks.domain.models import Frozen


class Licence(Frozen):
    """Under which terms a model may be used."""

    name: str
    url: str = Field(default="", description="Where its text is; empty: not known.")
    commercial_ok: bool | None = Field(description="Whether it allows commercial use; empty: not known.")


UNKNOWN = Licence(name="not known", commercial_ok=None)
APACHE = Licence(name="Apache-2.0", url="https://www.apache.org/licenses/LICENSE-2.0", commercial_ok=True)
DECLARED: Mapping[str, Licence] = {
    "commercial": Licence(name="declared to allow commercial use", commercial_ok=True),
    "research": Licence(name="declared to be for research only", commercial_ok=False),
}
"""What whoever runs a server may say of the model on it."""

_FLUX_1 = Licence(
    name="FLUX.1 [dev] Non-Commercial License",
    url="https://huggingface.co/black-forest-labs/FLUX.1-dev/blob/main/LICENSE.md",
    commercial_ok=False,
)
_FLUX = Licence(
    name="FLUX Non-Commercial License",
    url="https://huggingface.co/black-forest-labs/FLUX.2-dev/blob/main/LICENSE.txt",
    commercial_ok=False,
)
_QWEN_RESEARCH = Licence(
    name="Qwen Research License Agreement",
    url="https://huggingface.co/Qwen/Qwen-Image-2.1/blob/main/LICENSE",
    commercial_ok=False,
)

LICENCES: Mapping[str, Licence] = {
    "Qwen/Qwen-Image-Edit": APACHE,
    "Qwen/Qwen-Image-Edit-2509": APACHE,
    "Qwen/Qwen-Image-Edit-2511": APACHE,
    "Qwen/Qwen-Image-2.1": _QWEN_RESEARCH,
    "FireRedTeam/FireRed-Image-Edit-1.0": APACHE,
    "FireRedTeam/FireRed-Image-Edit-1.1": APACHE,
    "black-forest-labs/FLUX.1-dev": _FLUX_1,
    "black-forest-labs/FLUX.1-Kontext-dev": _FLUX_1,
    "black-forest-labs/FLUX.2-dev": _FLUX,
    "black-forest-labs/FLUX.2-klein-9B": _FLUX,
    "black-forest-labs/FLUX.2-klein-4B": APACHE,
}
"""By repository on the Hugging Face hub."""

_BY_NAME = {repository.rpartition("/")[2].casefold(): licence for repository, licence in LICENCES.items()}


def licence_of(model: str) -> Licence:
    """The licence of a model by its repository, or by the last part of one, as servers and folders name it.

    `UNKNOWN` for any other name: what was made of a listed model and is called otherwise is not recognised.
    """
    return _BY_NAME.get(model.rstrip("/").rpartition("/")[2].casefold(), UNKNOWN)


def strictest(licences: Iterable[Licence]) -> Licence:
    """Of the licences of all that a model is made of, the one that allows least; what is not known may allow little."""
    return min(licences, key=lambda licence: (False, None, True).index(licence.commercial_ok))


def ensure_permitted(model: str, licence: Licence, *, commercial: bool) -> None:
    """Return for a use that the licence does not forbid, as far as is known. Raises `LicenceError` for one it does."""
    if commercial and licence.commercial_ok is False:
        raise LicenceError(
            f"the licence of {model} ({licence.name}{f', {licence.url}' if licence.url else ''}) forbids commercial "
            "use, and this installation is commercial: choose another model, or set EDIT_FLOWS_COMMERCIAL=false when "
            "yours is none"
        )
