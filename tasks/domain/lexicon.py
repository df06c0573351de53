"""Words with a meaning of their own: colours, places, things, styles, by key, in English, Korean and Chinese.

The parser turns instructions into these keys; engines and picture code know only the keys.
"""

from __future__ import annotations

import re

from tasks.domain.vocabulary import pattern

NEW_BEFORE_OLD = re.compile(r"⟦⟧ (?:instead of|in place of|rather than) ⟦⟧|⟦⟧ ?(?:대신에?) .*⟦⟧(?=\b$)")

DRAW = pattern("draw|paint|give|stick", "그려|그리|붙", "画")

WRITTEN_ON = re.compile(
    r"⟦⟧ ?(?:sticker|badge|seal|caption|speech|스티커|배지|뱃지|말풍선|캡션|自?贴纸|徽章|气泡|对话框|字幕框)"
    r"|(?:sticker|badge|seal|(?:caption|text|speech) (?:box|bubble|banner)|caption)s? "
    r"(?:that |which )?(?:says?|saying|reads?|reading|with(?: the (?:text|words?))?|of|:) ?⟦⟧"
    r"|⟦⟧ ?(?:이?라고|이라는|라는|가|이)? ?(?:적힌|쓰인|쓴|쓰여진|적은)? ?(?:캡션|자막|말풍선|글상자|스티커|배지|뱃지)"
    r"|(?:写着|写有|带有) ?⟦⟧ ?的?(?:贴纸|徽章|气泡|字幕框|文本框|对话框)"
)
"""Words on a thing that is added, rather than lettering by itself."""

PUT_IT = re.compile(
    r"^(?:please )?(?:put|place|position|move) (?:it|them|this|that)(?![a-z])|^(?!.*[을를] ).*(?:배치|놓아|놔|넣어|위치)|^(?:把它)?(?:放|摆|贴|置)(?:在|到|于)"
)
"""A clause that only says where the thing named before goes."""

MASKED = pattern("masked?|selected|highlighted", "마스크|선택", "蒙版|遮罩|选中|选区")

COLOURS: dict[str, re.Pattern[str]] = {
    "red": pattern("red", "빨간|빨강|빨갛|붉은|레드|적색", "红"),
    "orange": pattern("orange", "주황|오렌지색", "橙|橘色"),
    "yellow": pattern("yellow", "노란|노랑|노랗|옐로", "黄"),
    "green": pattern("green", "초록|녹색|그린", "绿"),
    "blue": pattern("blue", "파란|파랑|파랗|푸른|블루|청색", "蓝"),
    "purple": pattern("purple|violet", "보라|자주|퍼플", "紫"),
    "pink": pattern("pink", "분홍|핑크", "粉"),
    "brown": pattern("brown", "갈색|브라운", "棕|褐"),
    "black": pattern("black", "검은|검정|까만|까맣|블랙", "黑"),
    "white": pattern("white", "흰|하얀|하양|하얗|화이트|백색", "白色|白"),
    "grey": pattern("gr[ea]y", "회색|그레이", "灰"),
    "navy": pattern("navy(?: blue)?|dark blue", "남색|네이비|곤색", "藏青|深蓝|海军蓝"),
    "teal": pattern("teal|turquoise", "청록", "青绿|蓝绿"),
    "cyan": pattern("cyan|sky blue|light blue", "하늘색|시안|하늘빛", "青色|天蓝|浅蓝"),
    "gold": pattern("gold(?:en)?", "금색|골드|황금", "金色|金黄"),
    "silver": pattern("silver", "(?<!검)은색|실버", "银"),
    "beige": pattern("beige|cream|ivory", "베이지|아이보리|크림색", "米色|米白"),
    "maroon": pattern("maroon|burgundy|dark red", "버건디|와인색|암적색", "酒红|暗红"),
    "olive": pattern("olive", "올리브|카키", "橄榄|卡其"),
    "magenta": pattern("magenta|fuchsia", "마젠타|자홍", "品红|洋红"),
}
"""Colour keys and their names; a longer name (dark blue) wins over the shorter one inside it."""

HEX = re.compile(r"#[0-9a-f]{6}")

_MARKS = "red|blue|green|yellow|orange|purple|pink|black|white"
MARKED = re.compile(
    rf"(?:in(?:side)?|within|of|by|under|marked|with(?:in)?) (?:the |an? )?(?:{_MARKS})"
    r"[ -](?:box|frame|rectangle|square|circle|outline|border)\w*"
    rf"|(?:the |an? )?\b(?:{_MARKS})[ -](?:region|area|highlight|zone)\w*"
    rf"|(?:the |an? )?\b(?:{_MARKS})[ -](?:box|frame|rectangle|outline|border)(?= (?:region|area))"
    r"|(?:빨간|빨강|파란|파랑|초록|녹색|노란|노랑|주황|보라|분홍|검은|검정|흰)(?:색|색의)? ?"
    r"(?:(?:박스|상자|네모|사각형|동그라미|칸|틀|테두리) ?(?:안|속|내부|부분|영역|에 ?(?:있는|표시))|영역|테두리|구역"
    r"|형광펜|하이라이트|(?:으)?로 ?(?:표시|칠|강조)(?:된|한|해 ?둔)|(?:표시|칠) ?(?:된|한))"
    r"|(?:红|蓝|绿|黄|橙|紫|粉|黑|白)色?的?(?:(?:框|方框|方块|矩形|圈)(?:里|中|内|标)|区域|高亮|标记|标出|标注|荧光)"
)
"""A region marked by the colour of its box or highlight."""

PLACES: dict[str, re.Pattern[str]] = {
    "top-left": pattern("(?:top|upper)[ -]left", "왼쪽 ?(?:위|상단)|좌측 ?(?:위|상단)|좌상단|상단 왼쪽", "左上"),
    "top-right": pattern("(?:top|upper)[ -]right", "오른쪽 ?(?:위|상단)|우측 ?(?:위|상단)|우상단|상단 오른쪽", "右上"),
    "bottom-left": pattern(
        "(?:bottom|lower)[ -]left", "왼쪽 ?(?:아래|하단)|좌측 ?(?:아래|하단)|좌하단|하단 왼쪽", "左下"
    ),
    "bottom-right": pattern(
        "(?:bottom|lower)[ -]right", "오른쪽 ?(?:아래|하단)|우측 ?(?:아래|하단)|우하단|하단 오른쪽", "右下"
    ),
    "top": pattern("top|upper (?:part|half|third|area)", "위쪽|상단|맨 ?위|윗부분", "顶部|上方|上部|最上|上边"),
    "bottom": pattern(
        "bottom|lower (?:part|half|third|area)", "아래쪽|하단|맨 ?아래|아랫부분|밑", "底部|下方|下部|最下|下边"
    ),
    "left": pattern("left", "왼쪽|왼편|좌측", "左"),
    "right": pattern("right", "오른쪽|오른편|우측", "右"),
    "center": pattern("cent(?:er|re)|middle", "가운데|중앙|중간", "中间|中央|中心|正中"),
}
"""Cells of a 3 x 3 grid over the picture."""

THINGS: dict[str, re.Pattern[str]] = {
    "caption box": pattern(
        "(?:caption|text|speech) (?:box|bubble|banner)|caption",
        "캡션 ?(?:박스|상자)?|자막 ?(?:박스|상자)|말풍선|글상자",
        "字幕框|文本框|对话框|气泡",
    ),
    "painting": pattern(
        "paintings?|picture frame|framed (?:picture|photo|art|print)|wall art|artwork",
        "그림|액자",
        "画框|挂画|装饰画|画(?!面|风|成|一|个|上)",
    ),
    "badge": pattern("stickers?|badges?|label|seal", "스티커|배지|뱃지|딱지", "贴纸|徽章|贴标"),
    "star": pattern("stars?", "별", "星"),
    "heart": pattern("hearts?", "하트", "爱心|心形|红心"),
    "circle": pattern("circles?|dot|disc", "동그라미|원을|원형|원 ", "圆圈|圆形|圆点|圆"),
    "square": pattern("squares?|rectangles?", "사각형|네모|정사각형|직사각형", "方形|正方形|矩形|方块|长方形"),
    "triangle": pattern("triangles?", "삼각형|세모", "三角"),
    "arrow": pattern("arrows?", "화살표", "箭头"),
}
"""Simple objects that can be added."""

STYLES: dict[str, re.Pattern[str]] = {
    "watercolour": pattern("watercolou?rs?|gouache|aquarelle", "수채화|물감", "水彩"),
    "pencil": pattern(
        "pencil|sketch\\w*|charcoal|line[- ]?(?:art|drawing)", "연필|스케치|소묘|목탄|흑연", "素描|铅笔|线稿|速写"
    ),
    # nearest look to the flat colours and outlines of drawn animation
    "cartoon": pattern(
        "cartoon\\w*|comic|anime|manga|ghibli|miyazaki|animation|animated|webtoon|pixar|disney|pop art",
        "카툰|만화|애니|지브리|웹툰|픽사|디즈니|팝아트",
        "卡通|动漫|漫画|动画|吉卜力|宫崎骏|皮克斯|迪士尼|波普",
    ),
    "sepia": pattern("sepia", "세피아", "棕褐|深褐色|褐色调"),
    "black-and-white": pattern("monochrome|gr[ea]yscale|b&w|noir", "흑백|모노크롬", "黑白|单色"),
    "night": pattern("night\\w*|midnight|moonlit|moonlight", "밤|야경|야간", "夜"),
    "warm": pattern("warm\\w*|golden hour|sunsets?|cozy", "따뜻|웜톤|노을|석양|포근", "暖|黄昏|日落|夕阳|温暖"),
    "cool": pattern("cool(?:er)?|cold(?:er)?|icy|wintry|bluish", "차가운|차갑|쿨톤|시원", "冷色|冷调|冷一点|清冷|冷"),
    "vintage": pattern(
        "vintage|retro|old (?:photo|film)|film look|faded|polaroid|nostalgic",
        "빈티지|레트로|복고|옛날|필름",
        "复古|怀旧|老照片|胶片",
    ),
}
"""Looks of the whole picture."""

ADJUSTMENTS: dict[str, re.Pattern[str]] = {
    "brighten": pattern(
        "bright\\w*|lighten|lighter", "밝게|환하게|밝혀|밝기를? ?(?:높|올)", "变亮|调亮|提亮|亮一点|更亮|明亮"
    ),
    "darken": pattern("darken\\w*|darker|dim", "어둡게|어둡|밝기를? ?(?:낮|내)", "变暗|调暗|暗一点|更暗|压暗"),
    "blur": pattern("blur\\w*|out of focus|defocus\\w*|bokeh", "흐리게|흐릿|블러|아웃포커스|아웃포커싱", "模糊|虚化"),
}
"""Keys are the action's own words."""
