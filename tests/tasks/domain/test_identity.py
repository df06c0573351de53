import pytest

from tasks.domain.identity import WHERE_NOT_WHAT, identify, identity_of
from tasks.domain.models import EditRequest, EngineIdentity, ImageRef, Quality

SOURCE = ImageRef(uri="a.png", sha256="1" * 64, file_sha256="2" * 64, width=4, height=4)
ENGINE = EngineIdentity(name="classical", model="m", revision="1")
REQUEST = EditRequest(image="a.png", prompt="make it warm")


def test_the_same_pixels_at_another_place_with_another_priority_are_the_same_work():
    moved = SOURCE.model_copy(update={"uri": "s3://b/a.png", "file_sha256": "3" * 64})
    request = REQUEST.model_copy(update={"image": "s3://b/a.png", "priority": 9})
    assert identify(request, moved, None, ENGINE) == identify(REQUEST, SOURCE, None, ENGINE)


def test_pixels_instruction_parameters_mask_and_engine_each_make_other_work():
    first = identify(REQUEST, SOURCE, None, ENGINE)
    others = [
        identify(REQUEST, SOURCE.model_copy(update={"sha256": "9" * 64}), None, ENGINE),
        identify(REQUEST.model_copy(update={"prompt": "make it cool"}), SOURCE, None, ENGINE),
        identify(REQUEST.model_copy(update={"steps": 8}), SOURCE, None, ENGINE),
        identify(REQUEST, SOURCE, SOURCE, ENGINE),
        identify(REQUEST, SOURCE, None, ENGINE.model_copy(update={"revision": "2"})),
    ]
    assert len({first, *others}) == len(others) + 1


@pytest.mark.parametrize("asked", [{"approval": True}, {"quality": Quality.FULL}])
def test_approval_and_quality_are_hashed_only_where_they_are_asked_for(asked):
    plain = REQUEST.model_dump(mode="json", exclude={*WHERE_NOT_WHAT, "approval", "quality"})  # before there were any
    assert identify(REQUEST, SOURCE, None, ENGINE) == identity_of(
        source=SOURCE.sha256, mask=None, request=plain, engine=ENGINE.model_dump(mode="json")
    )
    assert identify(REQUEST.model_copy(update=asked), SOURCE, None, ENGINE) != identify(REQUEST, SOURCE, None, ENGINE)
