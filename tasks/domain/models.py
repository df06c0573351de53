"""The values that cross a boundary: frozen pydantic models, never bare dicts.

A request becomes a plan (what the engine is told and what must hold afterwards), a plan becomes an attempt
(a candidate picture and its verdict), attempts become a result (results.py). Pictures travel as references, never as
pixels.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field, field_validator

MAX_PROMPT = 2000
"""Characters of an instruction; the text encoder of Qwen-Image-Edit attends to about 1,000 tokens of it."""

MAX_SEED = 2**53
"""Seeds are below this: a larger whole number is not the same to every reader of JSON (RFC 7493, 2.2)."""


class Frozen(BaseModel):
    """Base of every model here: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EditType(StrEnum):
    """What kind of change an instruction asks for; decides parameters, what must stay, and which checks apply."""

    SEMANTIC = "semantic"
    APPEARANCE = "appearance"
    TEXT = "text"
    HYBRID = "hybrid"


class OutputFormat(StrEnum):
    """File format of the delivered picture."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


class Label(StrEnum):
    """Language of a visible label that says a picture was edited."""

    NONE = "none"
    """No label."""
    EN = "en"
    KO = "ko"
    ZH = "zh"


class Quality(StrEnum):
    """With which of an engine's parameters an edit begins."""

    AUTO = "auto"
    """The cheapest it has: a draft, made better when the checks ask for it. Without drafts the same as full."""
    FULL = "full"
    """Its best."""


class Box(NamedTuple):
    """A rectangle in pixels of the source picture: left and top included, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top


class ImageRef(Frozen):
    """Where a picture lies and what it is, without its pixels."""

    uri: str = Field(description="Local path or URL (s3://bucket/key) of the file; empty when it was not kept.")
    sha256: str = Field(description="SHA-256 of the decoded pixels: mode, size and samples.")
    file_sha256: str = Field(description="SHA-256 of the file's bytes, as sha256sum prints it.")
    width: int = Field(gt=0, description="Pixels.")
    height: int = Field(gt=0, description="Pixels.")


class TextLine(Frozen):
    """One line of text the reader saw in a picture."""

    text: str
    box: Box
    confidence: float = Field(ge=0, le=1)
    alternatives: tuple[str, ...] = Field(default=(), description="Other readings of the same line, best first.")


class TextChange(Frozen):
    """What an instruction asks of the lettering: `old` must be gone, `new` must be readable. One may be absent."""

    old: str | None = None
    new: str | None = None


class EditRequest(Frozen):
    """One picture to edit, as a person or a program asks for it."""

    image: str = Field(
        min_length=1,
        description="The picture to edit: a local path or a URL such as s3://bucket/folder/poster.png.",
        examples=["s3://inbox/poster.png"],
    )
    prompt: str = Field(
        max_length=MAX_PROMPT,
        description="What to change, in English, Korean or Chinese. Put text to replace or to write in quotes.",
        examples=["Change the text '안녕하세요' to '환영합니다' while maintaining the original font style"],
    )
    edit_type: EditType | None = Field(
        default=None, description="Kind of edit; left empty, it is inferred from the instruction."
    )
    references: tuple[str, ...] = Field(
        default=(), description="Further pictures the instruction speaks of (a logo, a product): paths or URLs."
    )
    mask: str | None = Field(
        default=None, description="Picture of the same size: white where the edit may change pixels, black where not."
    )
    output_format: OutputFormat = Field(default=OutputFormat.PNG, description="File format of the result.")
    label: Label | None = Field(
        default=None,
        description="Language of a visible label on the result, or none; empty: as set (EDIT_FLOWS_LABEL).",
    )
    keep_exif: bool = Field(
        default=False,
        description="Whether the picture's own EXIF (camera, place, author) stays in the result; else none of it does.",
    )
    draft: bool = Field(
        default=False,
        description="An intermediate of longer work: marked in its metadata, but with no visible label or watermark.",
    )
    approval: bool = Field(
        default=False, description="Whether a person must approve the result before it is delivered."
    )
    metadata: dict[str, str] = Field(
        default_factory=dict, description='Your own labels, kept with the result, such as {"campaign": "spring"}.'
    )
    priority: int = Field(default=1, ge=0, le=9, description="0 to 9: higher runs earlier where a queue decides.")
    cache: bool = Field(
        default=True, description="Whether an equal result of the cache will do, and this may go there."
    )
    quality: Quality = Field(
        default=Quality.AUTO,
        description="auto: a draft first where the engine has any, better ones if checks ask for it; full: no draft.",
    )
    steps: Annotated[int, Field(ge=1, le=200)] | None = Field(
        default=None, description="Denoising steps, 1 to 200; empty: the recipe of the edit type."
    )
    cfg_scale: Annotated[float, Field(ge=1, le=20)] | None = Field(
        default=None, description="Guidance strength, 1 to 20; empty: the recipe of the edit type."
    )
    seed: int | None = Field(
        default=None, ge=0, lt=MAX_SEED, description="Fixes the random numbers of the first attempt; empty: derived."
    )

    @field_validator("image", "prompt", "mask", "references", "metadata")
    @classmethod
    def _is_text(cls, value: object) -> object:
        try:
            str(value).encode()
        except UnicodeEncodeError:
            raise ValueError(f"{value!r} is not valid Unicode text; rename the file or correct the bytes") from None
        return value

    @field_validator("prompt")
    @classmethod
    def _says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("the instruction is empty; say what to change, e.g. \"Change the text 'A' to 'B'\"")
        return prompt


class Classification(Frozen):
    """The kind of edit, how sure the classifier is, and why."""

    edit_type: EditType
    confidence: float = Field(ge=0, le=1)
    reason: str


class CheckName(StrEnum):
    """The checks a candidate can be put through."""

    INTACT = "intact"
    FRAMING = "framing"
    CHANGED = "changed"
    PRESERVED = "preserved"
    TEXT = "text"
    LETTERING = "lettering"
    GROUND = "ground"
    COMPOSITION = "composition"
    SHARPNESS = "sharpness"
    JUDGED = "judged"
    POLICY = "policy"


OPINIONS = frozenset({CheckName.JUDGED, CheckName.POLICY})
"""Checks that can fail a candidate, and alone prove nothing about it."""


class FailureClass(StrEnum):
    """What is wrong with a candidate, in words a remedy can act on."""

    UNCHANGED = "unchanged"
    DAMAGED = "damaged"
    FRAMING_DRIFT = "framing drift"
    BLURRED = "blurred"
    WRONG_PLACE = "wrong place"
    WRONG_COLOUR = "wrong colour"
    STRUCTURE_LOST = "structure lost"
    COLOUR_CAST = "colour cast"
    CONTENT_REPLACED = "content replaced"
    TEXT_MISSING = "text missing"
    TEXT_WRONG = "text wrong"
    TEXT_UNREADABLE = "text unreadable"
    OLD_TEXT_LEFT = "old text left"
    OTHER_TEXT_LOST = "other text lost"
    STYLE_LOST = "lettering style lost"
    SMEARED = "smeared"
    NOT_FOLLOWED = "instruction not followed"
    DENIED = "denied by policy"


class Contract(Frozen):
    """What must hold of a result, whoever made it."""

    edit_type: EditType
    text_changes: tuple[TextChange, ...] = ()
    colours: tuple[str, ...] = Field(default=(), description="Keys of the colours that what changes is to take on.")
    single: bool = Field(default=False, description="One thing is meant, so the change should be in one place.")
    which: str | None = Field(
        default=None,
        description="Of several equal texts the one that lies furthest 'top', 'bottom', 'left' or 'right'.",
    )
    restyled: bool = Field(default=False, description="The words ask for another colour, size or face of lettering.")
    checks: tuple[CheckName, ...]


class EditPlan(Frozen):
    """One attempt, fully decided: what the engine is told and what must hold afterwards."""

    contract: Contract
    prompt: str
    negative_prompt: str
    cfg_scale: float
    steps: int
    adapter: str = Field(
        default="", description="Low-rank change of the weights it is sampled with, by the engine's name; empty: none."
    )
    seed: int
    region: Box | None = Field(
        default=None, description="Where the change belongs; empty: not known or the whole picture."
    )
    mask: ImageRef | None = None
    engine: str | None = Field(default=None, description="Engine of this attempt; empty: the one the job names.")
    context: float = Field(
        default=1.0, ge=1, description="How much is shown around the region, as a multiple of the usual."
    )
    strict: bool = Field(default=False, description="True when only the mask may change, whatever else looks changed.")
    priority: int = Field(default=1, description="Higher runs earlier where a queue decides.")
    remedies: tuple[str, ...] = Field(default=(), description="What made this plan of the one before.")
    remedy: str = Field(default="", description="Why this plan was made, for a person; empty for the first.")

    @property
    def passes(self) -> int:
        """How often the plan goes through a diffusion model: once a step, twice with guidance."""
        return self.steps * (2 if self.cfg_scale > 1 else 1)


class Check(Frozen):
    """One measurement of a candidate against one threshold."""

    name: CheckName
    score: float = Field(description="Higher is better; the unit and range are the check's own, see its docstring.")
    threshold: float = Field(description="The score at or above which the check passes.")
    passed: bool
    failure: FailureClass | None = Field(default=None, description="What is wrong; empty exactly when passed.")
    detail: str = Field(default="", description="What was seen, for a person.")
    region: Box | None = Field(default=None, description="Where it was seen.")
    measures: dict[str, float] = Field(default_factory=dict, description="What was measured, by name of the limit.")


class Verdict(Frozen):
    """All checks of one candidate. A verdict without a check is not passed: nothing proved the candidate right."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # a stored verdict also holds the computed fields below

    checks: tuple[Check, ...]

    @computed_field  # type: ignore[prop-decorator]  # mypy does not support decorators above @property
    @property
    def passed(self) -> bool:
        """True when at least one check applied that proves an edit right, and every one passed."""
        return any(check.name not in OPINIONS for check in self.checks) and all(c.passed for c in self.checks)

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def score(self) -> float:
        """Mean over the checks of min(score / threshold, 1), 0..1; 1.0 means all passed, 0.0 that none applied."""
        if not self.checks:
            return 0.0
        return sum(1.0 if c.passed else max(0.0, min(c.score / c.threshold, 0.99)) for c in self.checks) / len(
            self.checks
        )

    @property
    def failed(self) -> dict[int, Check]:
        """The checks that failed, in their order, numbered from 1 as on sheets and in the UI."""
        return dict(enumerate((check for check in self.checks if not check.passed), start=1))

    @property
    def failures(self) -> tuple[FailureClass, ...]:
        """The failure classes met, in the order of the checks, each once."""
        return tuple(dict.fromkeys(c.failure for c in self.checks if c.failure is not None))


class EngineIdentity(Frozen):
    """Which engine made a picture; everything that can change its pixels belongs in here."""

    name: str
    model: str = Field(description="Model or algorithm, e.g. Qwen/Qwen-Image-Edit-2511.")
    revision: str = Field(description="Revision of the model's weights or version of the algorithm.")
    stand_in: bool = Field(default=False, description="True when the engine only stands in for a generative model.")


class Marks(StrEnum):
    """Which results say, inside of their file, how they were made."""

    ALL = "all"
    GENERATIVE = "generative"
    """Those a trained model or a synthetic element went into; not those of standard editing: light, colour, size."""
    NONE = "none"


class Marking(Frozen):
    """How the result of a job is to be marked."""

    marks: Marks = Marks.ALL
    label: Label = Label.NONE
    watermark: bool = False
    exif: bool = Field(default=False, description="Whether the source's EXIF is kept.")


class Job(Frozen):
    """A request that has been let in: its pictures are decoded, its output is writable, its engine is known."""

    request: EditRequest
    identity: str = Field(description="SHA-256 over source pixels, mask, request and engine.")
    original: ImageRef = Field(description="The picture as it was given.")
    source: ImageRef = Field(description="The working copy: upright, sRGB, RGB or RGBA.")
    mask: ImageRef | None
    references: tuple[ImageRef, ...] = Field(default=(), description="Working copies, in the order of the request.")
    engine: EngineIdentity
    output: str = Field(description="Folder or bucket prefix the result goes to.")
    desk: str = Field(description="Scratch folder of this run.")
    marking: Marking = Marking()
    started: AwareDatetime


class Preservation(Frozen):
    """How much of the source was put back, bit for bit, around a local change - or why none of it was."""

    applied: bool
    reason: str = Field(description="Why it was applied or not, for a person.")
    shift_px: float = Field(default=0.0, description="How far the picture's centre had moved, in pixels of the source.")
    zoom: float = Field(default=1.0, description="How much larger the picture had become.")
    changed_fraction: float = Field(default=1.0, ge=0, le=1, description="Share of pixels left to the edit.")
    exact_fraction: float = Field(default=0.0, ge=0, le=1, description="Share of pixels equal to the source's.")


class View(Frozen):
    """What an engine is shown of a source: a window, scaled, then padded at the right and below."""

    window: Box = Field(description="The part of the source.")
    scaled: tuple[int, int] = Field(description="Width and height of that part as it is shown.")
    padded: tuple[int, int] = Field(description="The same with padding: the size of the picture that is shown.")

    @property
    def native(self) -> bool:
        """True when the part is shown pixel for pixel."""
        return self.scaled == (self.window.width, self.window.height)


class Candidate(Frozen):
    """A picture an engine made, not yet judged."""

    image: ImageRef
    engine: EngineIdentity | None = Field(default=None, description="Who made it.")
    view: View | None = Field(default=None, description="What the engine was shown; empty: not recorded.")
    engine_seconds: float = Field(ge=0)
    notes: dict[str, str] = Field(default_factory=dict, description="What the engine says about its own work.")
    preservation: Preservation | None = Field(default=None, description="Empty until the candidate passed that box.")
    mask: ImageRef | None = Field(default=None, description="White where pixels were left to the edit, if applied.")


class Attempt(Frozen):
    """One turn of the loop: the plan, the candidate it gave, and the verdict on it."""

    plan: EditPlan
    candidate: Candidate
    verdict: Verdict
