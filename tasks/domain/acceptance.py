"""What a candidate has to prove, by kind of edit, and where each bar lies.

Scores of most checks are headroom: the measured quantity over its limit, arranged so that 1.0 is the bar and more is
better. The limits were set on drawn posters and photographs edited well and badly, each also re-encoded (JPEG 88 to
95, +-1 % gain, noise of 1.5 grey levels, resampling by 3 %), so that an honest re-encoding passes.
"""

from __future__ import annotations

from collections.abc import Mapping

from tasks.domain.models import CheckName, EditType

CHECKS: Mapping[EditType, tuple[CheckName, ...]] = {
    EditType.SEMANTIC: (CheckName.INTACT, CheckName.CHANGED, CheckName.COMPOSITION, CheckName.SHARPNESS),
    EditType.APPEARANCE: (CheckName.INTACT, CheckName.CHANGED, CheckName.PRESERVED),
    EditType.TEXT: (
        CheckName.INTACT,
        CheckName.CHANGED,
        CheckName.PRESERVED,
        CheckName.TEXT,
        CheckName.SHARPNESS,
    ),
    EditType.HYBRID: (CheckName.INTACT, CheckName.CHANGED, CheckName.TEXT),
}
"""The checks of each kind. Text is only checked when the instruction quotes it: nothing else says what to read."""

BAR = 1.0
"""Where headroom passes."""

MIN_CONTRAST = 0.1
"""Standard deviation of luma kept from the source, as a share; a pencil drawing of a photograph keeps above 0.3."""
MIN_COHERENCE = 0.5
"""Correlation of neighbouring pixels; pictures are above 0.8, white noise is at 0."""

VISIBLE_DE = 6.0
"""CIE76 difference of blurred pixels that a person sees side by side (just noticeable is about 2.3)."""
MIN_CHANGED_INSIDE = 0.02
"""Share of the intended region that must visibly change."""
MIN_CHANGED_ANYWHERE = 0.0004
"""Share of the picture that must visibly change, in solid patches, when no region is known: 20 x 20 of 1000 x 1000."""
MIN_LOOK_DE = 1.1
"""Mean CIE76 difference that a change of look makes at least; re-encoding stays under 0.7."""

MIN_SSIM_OUTSIDE = 0.80
"""Structural similarity outside the region, weighted by texture (Wang et al. 2004); flat ground has none to lose."""
MAX_SHARE_OUTSIDE = 0.02
"""Share of pixels outside the region with a difference above `OUTSIDE_DE`."""
OUTSIDE_DE = 8.0
MAX_MEDIAN_OUTSIDE = 4.0
"""Median CIE76 difference outside the region: more is a change of exposure or grade."""
MAX_CAST = 3.0
"""Median shift in the a*b* plane outside the region: more is a colour cast."""
MAX_TILES_TOUCHED = 0.6
"""When no region is known the change must be local: share of 16 x 16 tiles it may touch."""

MIN_SHARPNESS = 0.5
"""Edge steepness kept, as a share of the source's; a Gaussian blur of 3 pixels halves it."""
MIN_STRUCTURE = 0.55
"""Correlation of gradient maps; looks keep above 0.6, mirrored or unrelated pictures stay below 0.4."""


def checks_for(edit_type: EditType, *, has_text_changes: bool = False) -> tuple[CheckName, ...]:
    """The checks for this kind of edit; without quoted text in the instruction there is none to read back."""
    return tuple(check for check in CHECKS[edit_type] if has_text_changes or check is not CheckName.TEXT)
