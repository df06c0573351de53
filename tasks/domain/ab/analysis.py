"""What an analysis found: every number a report shows, and the verdict that follows from them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field

from tasks.domain.ab.experiment import Experiment, Method, Metric
from tasks.domain.models import Frozen


class Finding(StrEnum):
    """What the numbers allow to say."""

    WINNER = "winner"
    NO_WINNER_YET = "no winner yet"
    NO_DIFFERENCE = "no difference found"
    """The test is full and nothing beats the control, nor the other way round."""
    BLOCKED = "blocked"
    """The traffic was not split as planned: something is wrong with the counting, and no number can be trusted."""


class Arm(Frozen):
    """One variant on its own."""

    variant: str
    impressions: int
    successes: int
    rate: float
    low: float = Field(description="Wilson interval of this moment, at the test's confidence; no verdict rests on it.")
    high: float
    chance_best: float = Field(ge=0, le=1, description="That its rate is the highest, flat prior; not a verdict.")
    expected_loss: float = Field(ge=0, description="Rate given up on average by choosing it, if it is not the best.")


class Comparison(Frozen):
    """One variant held against the control; the verdict rests on these."""

    variant: str
    difference: float = Field(description="Of the rates.")
    low: float = Field(description="Interval of the difference, for all comparisons at once, safe as the method says.")
    high: float
    lift: float | None = Field(description="Difference as a share of the control's rate; empty when that is 0.")
    lift_low: float | None = Field(description="The interval as a share of the control's observed rate.")
    lift_high: float | None = None
    p_value: float = Field(ge=0, le=1, description="Of no difference; sequential: valid at every look.")
    p_adjusted: float = Field(ge=0, le=1, description="The same corrected for several comparisons (Holm).")
    significant: bool


class Split(Frozen):
    """Whether the traffic was split as planned (sample-ratio check)."""

    expected: tuple[float, ...] = Field(description="Impressions that each variant should have had.")
    p_value: float = Field(ge=0, le=1, description="Of a split this uneven by chance.")
    passed: bool


class Action(StrEnum):
    """What to do."""

    ROLL_OUT = "roll out"
    ADOPT = "adopt and improve"
    KEEP = "keep the control"
    GO_ON = "go on"
    STOP = "stop"
    REPAIR = "repair the counting"


class Recommendation(Frozen):
    """What to do, and why."""

    action: Action
    reason: str


class Analysis(Frozen):
    """What the caller gets, and word for word the JSON file beside the report."""

    version: int = Field(default=1, description="Of this format.")
    test: str
    hypothesis: str
    metric: Metric
    method: Method
    confidence: float
    control: str
    planned: int | None
    impressions: int = Field(description="Of all variants together.")
    roll_out_above: float
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    split: Split
    finding: Finding
    winner: str | None = Field(default=None, description="The variant that won, which may be the control.")
    also_better: tuple[str, ...] = Field(default=(), description="Others that beat the control too.")
    decided: AwareDatetime | None = Field(default=None, description="When a fixed test was decided, once for all.")

    def arm(self, variant: str) -> Arm:
        """The figures of one variant."""
        return next(arm for arm in self.arms if arm.variant == variant)


class Weighed(Frozen):
    """An analysis, its test, and the table it was made from."""

    experiment: Experiment
    analysis: Analysis
    metrics: str
    metrics_sha256: str


class Report(Frozen):
    """An analysis with what to do about it, and where it can be read."""

    analysis: Analysis
    recommendation: Recommendation
    metrics: str = Field(description="The table that was read.")
    metrics_sha256: str
    html: str
    chart: str
    json_uri: str
    at: AwareDatetime
