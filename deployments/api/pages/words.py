"""What pages say, in English, Korean and Chinese: one line per word, so that a missing one is seen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tasks.domain.models import CheckName, FailureClass
from tasks.domain.results import Decision, Outcome

LANGUAGES = ("en", "ko", "zh")

TABLE: Mapping[str, tuple[str, str, str]] = {
    "title": ("Review", "검토", "审核"),
    "waiting": ("{n} waiting", "대기 {n}건", "{n} 个待审核"),
    "nothing": ("Nothing waits for a decision.", "결정을 기다리는 결과가 없습니다.", "没有等待决定的结果。"),
    "all": ("All that wait", "전체 목록", "全部待审核"),
    "next": ("Next result", "다음 결과", "下一个结果"),
    "newer": ("Newer", "다음 쪽", "下一页"),
    "older": ("Older", "이전 쪽", "上一页"),
    "page": ("Page {n} of {of}", "{of}쪽 중 {n}쪽", "第 {n} 页，共 {of} 页"),
    "overdue": ("overdue", "기한 지남", "已逾期"),
    "days": ("{n} d", "{n}일", "{n} 天"),
    "hours": ("{n} h", "{n}시간", "{n} 小时"),
    "minutes": ("{n} min", "{n}분", "{n} 分钟"),
    "asked": ("Instruction", "요청한 내용", "编辑指令"),
    "before": ("Before", "편집 전", "编辑前"),
    "after": ("After", "편집 후", "编辑后"),
    "marks": ("Mark what failed", "실패한 곳 표시", "标出未通过之处"),
    "sheet": ("Evidence sheet", "검증 자료", "证据图"),
    "mask": ("Mask: white may differ", "마스크: 흰 부분은 달라질 수 있음", "蒙版：白色处可以不同"),
    "check": ("Check", "검사", "检查"),
    "result": ("Result", "결과", "结果"),
    "score": ("Score", "점수", "得分"),
    "needs": ("Needs", "기준", "要求"),
    "seen": ("Seen", "확인한 내용", "所见"),
    "passed": ("passed", "통과", "通过"),
    "engine": ("Engine", "엔진", "引擎"),
    "stand_in": ("a stand-in, not Qwen's quality", "대역 엔진이며 Qwen의 품질이 아님", "替代引擎，并非 Qwen 的质量"),
    "attempts": ("Attempts", "시도 횟수", "尝试次数"),
    "labels": ("Labels", "라벨", "标签"),
    "file": ("Metadata", "메타데이터", "元数据"),
    "decide": ("Decision", "결정", "决定"),
    "note": ("Note (kept with the result)", "메모 (결과와 함께 보관)", "备注（随结果保存）"),
    "other": ("Instruction for another try", "다시 시도할 지시문", "重试用的指令"),
    "approve": ("Approve", "승인", "批准"),
    "approve_anyway": ("Approve although checks failed", "검사 실패에도 승인", "虽未通过检查仍批准"),
    "reject": ("Reject", "거부", "拒绝"),
    "retry": ("Try again with this instruction", "이 지시문으로 다시 시도", "用此指令重试"),
    "decided": ("{what} by {by} on {at} UTC", "{by} 님이 {at} UTC에 {what}", "{by} 于 {at} UTC {what}"),
    "too_late": (
        "Somebody decided before you. What they decided stands.",
        "다른 사람이 먼저 결정했습니다. 그 결정이 유효합니다.",
        "已有人先做出决定，以该决定为准。",
    ),
    "retried": ("The other try: {what}", "다시 시도한 작업: {what}", "重试任务：{what}"),
    "not_retried": (
        "The other try has not begun yet; the daily round begins it.",
        "다시 시도가 아직 시작되지 않았습니다. 매일 도는 작업이 시작합니다.",
        "重试尚未开始；每日任务会启动它。",
    ),
    "by_checks": ("Accepted by its checks.", "검사를 통과해 승인되었습니다.", "已由检查通过。"),
    "gone": (
        "There is no such result here.",
        "그런 결과가 없습니다.",
        "这里没有该结果。",
    ),
    "you": ("Signed in as {who}", "사용자: {who}", "当前用户：{who}"),
}

_OUTCOMES: Mapping[str, tuple[str, str, str]] = {
    Outcome.ACCEPTED: ("accepted", "승인됨", "已通过"),
    Outcome.REJECTED: ("rejected", "거부됨", "未通过"),
    Outcome.PENDING: ("waits for approval", "승인 대기", "等待批准"),
}

_DECISIONS: Mapping[str, tuple[str, str, str]] = {
    Decision.APPROVE: ("Approved", "승인함", "批准"),
    Decision.REJECT: ("Rejected", "거부함", "拒绝"),
    Decision.RETRY: ("Sent back", "다시 시도하게 함", "要求重试"),
}

_CHECKS: Mapping[str, tuple[str, str, str]] = {
    CheckName.INTACT: ("intact", "손상 없음", "完好"),
    CheckName.FRAMING: ("framing", "구도", "取景"),
    CheckName.CHANGED: ("changed", "변경됨", "已改变"),
    CheckName.PRESERVED: ("preserved", "나머지 보존", "其余保留"),
    CheckName.TEXT: ("text", "글자", "文字"),
    CheckName.LETTERING: ("lettering", "글자체", "字形"),
    CheckName.GROUND: ("ground", "글자 배경", "文字底图"),
    CheckName.COMPOSITION: ("composition", "화면 구성", "构图"),
    CheckName.SHARPNESS: ("sharpness", "선명도", "清晰度"),
    CheckName.JUDGED: ("judged", "모델 평가", "模型评判"),
    CheckName.POLICY: ("policy", "콘텐츠 정책", "内容政策"),
}

_FAILURES: Mapping[str, tuple[str, str, str]] = {
    FailureClass.UNCHANGED: ("unchanged", "바뀌지 않음", "没有变化"),
    FailureClass.DAMAGED: ("damaged", "손상됨", "受损"),
    FailureClass.FRAMING_DRIFT: ("framing drift", "구도가 어긋남", "取景偏移"),
    FailureClass.BLURRED: ("blurred", "흐려짐", "变模糊"),
    FailureClass.WRONG_PLACE: ("wrong place", "엉뚱한 위치", "位置不对"),
    FailureClass.WRONG_COLOUR: ("wrong colour", "색이 다름", "颜色不对"),
    FailureClass.STRUCTURE_LOST: ("structure lost", "구조가 훼손됨", "结构丢失"),
    FailureClass.COLOUR_CAST: ("colour cast", "색조가 변함", "偏色"),
    FailureClass.CONTENT_REPLACED: ("content replaced", "내용이 바뀜", "内容被替换"),
    FailureClass.TEXT_MISSING: ("text missing", "글자 없음", "缺少文字"),
    FailureClass.TEXT_WRONG: ("text wrong", "글자가 틀림", "文字错误"),
    FailureClass.TEXT_UNREADABLE: ("text unreadable", "읽을 수 없는 글자", "文字无法辨认"),
    FailureClass.OLD_TEXT_LEFT: ("old text left", "이전 글자가 남음", "旧文字残留"),
    FailureClass.OTHER_TEXT_LOST: ("other text lost", "다른 글자가 사라짐", "其他文字丢失"),
    FailureClass.STYLE_LOST: ("lettering style lost", "글자체가 달라짐", "字体风格丢失"),
    FailureClass.SMEARED: ("smeared", "번짐", "涂抹痕迹"),
    FailureClass.NOT_FOLLOWED: ("instruction not followed", "지시를 따르지 않음", "未遵循指令"),
    FailureClass.DENIED: ("denied by policy", "정책상 거부됨", "被政策拒绝"),
}

GROUPS = {"outcome": _OUTCOMES, "decision": _DECISIONS, "checks": _CHECKS, "failure": _FAILURES}


def words(language: str) -> Mapping[str, object]:
    """The words of one of `LANGUAGES`: those of the table by name, and by group those of the values of a model."""
    place = LANGUAGES.index(language)
    plain: dict[str, object] = {name: told[place] for name, told in TABLE.items()}
    groups = {group: {value: told[place] for value, told in table.items()} for group, table in GROUPS.items()}
    return MappingProxyType(plain | groups)


def language_of(accepted: str) -> str:
    """The language of `LANGUAGES` that an Accept-Language header prefers; English when it names none of them."""
    wanted: list[tuple[float, str]] = []
    for part in accepted[:500].split(","):
        tag, _, rest = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = rest.strip().removeprefix("q=")
        if language in LANGUAGES:
            wanted.append((float(weight) if weight.replace(".", "", 1).isdecimal() else 1.0, language))
    return max(wanted, key=lambda one: one[0], default=(1.0, "en"))[1]
