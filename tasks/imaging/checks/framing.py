"""Is the picture framed as it was: not shifted, zoomed or turned."""

from __future__ import annotations

from tasks.domain.acceptance import weigh
from tasks.domain.models import Check, CheckName
from tasks.imaging.evidence import AGREED, Evidence


def check_framing(evidence: Evidence) -> Check:
    """Shift, zoom and rotation between source and candidate. Score: least headroom.

    What cannot be registered (no texture to go by, or nothing in common) has no framing to compare; whether it shows
    the same thing is for other checks to say. Edits that may redraw everything are held to wider limits.
    """
    motion = evidence.motion
    if motion.support < AGREED:
        return weigh(CheckName.FRAMING, {}, "nothing shows that it moved", {})
    shift = 1000 * motion.shift / max(evidence.size)
    suffix = "" if CheckName.PRESERVED in evidence.contract.checks else " of look"
    measured = {f"drift{suffix}": shift, f"zoom{suffix}": abs(motion.zoom - 1), "rotation": abs(motion.rotation)}
    pixels = motion.shift / evidence.scale
    detail = f"shifted {pixels:.1f} pixels, zoomed {motion.zoom:.3f}, turned {motion.rotation:.2f} degrees"
    return weigh(CheckName.FRAMING, measured, detail, {})
