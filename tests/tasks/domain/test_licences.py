"""What may be used where, by the licence of the model."""

from __future__ import annotations

import pytest

from tasks.domain.errors import LicenceError
from tasks.domain.licences import APACHE, DECLARED, LICENCES, UNKNOWN, ensure_permitted, licence_of, strictest


@pytest.mark.parametrize(
    "name",
    ["Qwen/Qwen-Image-2.1", "qwen-image-2.1", "/models/Qwen-Image-2.1/", "black-forest-labs/FLUX.1-Kontext-dev"],
)
def test_a_model_for_research_only_is_known_by_repository_folder_or_served_name(name):
    assert licence_of(name).commercial_ok is False


def test_a_model_that_is_not_listed_has_a_licence_nobody_looked_at():
    assert licence_of("someone/Qwen-Image-2.1-remixed") == UNKNOWN
    assert licence_of("") == UNKNOWN


def test_commercial_use_of_a_model_for_research_is_refused_with_its_name_licence_and_both_remedies():
    with pytest.raises(
        LicenceError, match=r"Qwen-Image-2\.1 .*Research.*https:.*another model.*EDIT_FLOWS_COMMERCIAL=false"
    ):
        ensure_permitted("Qwen/Qwen-Image-2.1", licence_of("Qwen/Qwen-Image-2.1"), commercial=True)


@pytest.mark.parametrize("licence", [APACHE, UNKNOWN, DECLARED["commercial"]])
def test_what_is_allowed_or_not_known_runs_in_commerce(licence):
    ensure_permitted("model", licence, commercial=True)


def test_research_may_use_everything():
    for name, licence in LICENCES.items():
        ensure_permitted(name, licence, commercial=False)


def test_of_all_that_a_model_is_made_of_the_strictest_licence_counts():
    research = DECLARED["research"]
    assert strictest([APACHE, UNKNOWN]) == UNKNOWN
    assert strictest([UNKNOWN, research, APACHE]) == research


def test_every_licence_in_the_table_is_one_somebody_read():
    assert all(
        licence.url.startswith("https://") and licence.commercial_ok is not None for licence in LICENCES.values()
    )
