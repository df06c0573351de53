"""A/B tests and their counts, made in a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tasks.domain.ab.analysis import Analysis
from tasks.domain.ab.counts import Count
from tasks.domain.ab.experiment import Definition, Experiment, Picture
from tasks.domain.models import ImageRef
from tasks.statistics.analysis import analyse
from tasks.statistics.planning import planned_impressions

REF = ImageRef(uri="x.png", sha256="0" * 64, file_sha256="1" * 64, width=8, height=8)
AIM = {"base_rate": 0.12, "lift": 0.2}


def definition(*names: str, **terms: Any) -> Definition:
    """A test with these variants, the first as it is."""
    variants = [{"name": name, "prompt": "Make it warm" if i else None} for i, name in enumerate(names or ("A", "B"))]
    return Definition.model_validate({"id": "여름-poster", "variants": variants} | terms)


def experiment(test: Definition | None = None) -> Experiment:
    """Its record."""
    test = test or definition()
    return Experiment(
        definition=test,
        source=REF,
        engine="classical",
        pictures=tuple(Picture(variant=variant.name, image=REF) for variant in test.variants),
        planned=planned_impressions(test),
        created=datetime(2026, 11, 26, tzinfo=UTC),
    )


def analysed(counts: Sequence[tuple[int, int]], test: Definition | None = None, **terms: Any) -> Analysis:
    """What (impressions, successes) of each variant say."""
    test = test or definition(*(chr(65 + i) for i in range(len(counts))), **terms)
    pairs = zip(test.variants, counts, strict=True)
    return analyse(experiment(test), [Count(variant=v.name, impressions=n, successes=x) for v, (n, x) in pairs])
