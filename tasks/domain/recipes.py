"""How each kind of edit is run: guidance, steps, negative prompt.

The numbers are the defaults of Qwen/Qwen-Image-Edit by edit type; other models refine them in their own tables.
"""

from tasks.domain.models import EditType, Frozen


class Recipe(Frozen):
    """Sampling parameters of one kind of edit."""

    cfg_scale: float = 4.0
    steps: int = 50
    negative_prompt: str = " "  # diffusers guides only when a negative prompt is given; a blank is the neutral one
    adapter: str = ""  # low-rank change of the weights it is sampled with, by the engine's name for it; empty: none


RECIPES: dict[EditType, Recipe] = {
    EditType.SEMANTIC: Recipe(cfg_scale=3.5),  # looser: every pixel may move
    EditType.APPEARANCE: Recipe(cfg_scale=4.5),  # tighter: one thing changes, exactly as asked
    EditType.TEXT: Recipe(steps=75),  # letters need the extra steps to come out crisp
    EditType.HYBRID: Recipe(cfg_scale=4.0),
}
