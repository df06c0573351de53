"""The policy that comes with this project: words that may not be asked for, and consent of whose face is seen."""

from __future__ import annotations

import hashlib

from tasks.domain.policy import ALLOWED, Rules, Ruling
from tasks.imaging.framing.weight import find_faces
from tasks.policies.protocol import Asked, Made
from tasks.policies.words import Finder, finder_of, flattened

REFUSED_CONSENT = frozenset({"", "no", "false", "0", "none"})
"""Values of the label that say there is no consent."""


class RulesPolicy:
    """Rules of a file. Raises `PolicyError` for a word or a pattern that cannot be looked for."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._denied = tuple(
            (finder, denial.reason)
            for denial in rules.deny
            for finder in (
                *(finder_of(language, phrase) for language, phrases in denial.words.items() for phrase in phrases),
                *(Finder(f"(?i){pattern}", pattern) for pattern in denial.patterns),
            )
        )
        self.identity = f"rules sha256:{hashlib.sha256(rules.model_dump_json().encode()).hexdigest()[:12]}"

    def before(self, asked: Asked) -> Ruling:
        """Denied when the instruction holds what may not be asked for, or a face is seen and nobody said to consent.

        Faces are upright ones seen from the front, see `find_faces`: others are not found.
        """
        flat = flattened(asked.request.prompt)
        for finder, reason in self._denied:
            if finder.found_in(flat):
                return Ruling(allowed=False, reason=f"{reason} ({finder.name!r})")
        label = self._rules.consent_label
        consent = asked.request.metadata.get(label, "").strip().casefold() not in REFUSED_CONSENT
        if self._rules.consent_for_faces and not consent and any(map(find_faces, (asked.source, *asked.references))):
            return Ruling(
                allowed=False,
                reason=f"a face is seen, and the label {label!r} says nothing of consent: give it, "
                f"such as {label}='form 17'",
            )
        return ALLOWED

    def after(self, made: Made) -> Ruling:
        """Allowed: rules know words, not pictures."""
        del made
        return ALLOWED
