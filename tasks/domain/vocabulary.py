"""The words that tell kinds of edits apart, in English, Korean and Chinese. Data; the classifier is their one reader.

English entries are regular expressions matched at word borders, Korean and Chinese ones anywhere (they have endings
instead of borders). Sources: the editing examples of the Qwen-Image-Edit release notes and everyday studio requests.
"""

from __future__ import annotations

import re


def pattern(english: str, korean: str, chinese: str) -> re.Pattern[str]:
    """One expression for the alternatives of the three languages, each a |-separated list that may span lines."""
    parts = {
        language: "".join(words.split("\n")) for language, words in (("en", english), ("x", f"{korean}|{chinese}"))
    }
    return re.compile(rf"(?<![a-z])(?:{parts['en']})(?![a-z])|(?:{parts['x']})")


LETTERING = pattern(
    r"""text|texts|words?|wording|titles?|headlines?|headings?|captions?|subtitles?|letters?|lettering|typos?|spelling|misspell\w*|
misprint\w*|fonts?|typeface|slogans?|tag ?lines?|phrases?|sentence|paragraph|copyright line|ad copy|price(?: tag)?s?|phone number|
the date|(?:email|street|web|website) ?address|inscriptions?|fine print|quotations?|italici[sz]e|epitaph|verses?|poem|(?:author|brand|company|product|store|shop|model)(?:'s)? names?|\d+ ?(?:%|percent) off|lines? of (?:text|type|copy)|signatures?|monograms?|initials|numerals|byline|greeting|opening hours|typography|calligraph\w*|hanzi|hangul|chinese characters?|the character(?= ⟦⟧)|translate\w*|
\d[\d.,:%]* ?(?:to|에서|을|를) ?\W?\d|(?:reads?|reading|says?|saying|labell?ed)(?= :?⟦⟧)|written|writing|write|cta|hashtags?|url|in bold|bold(?:er)? (?:font|text|type)|italics?|
uppercase|lowercase|capital letters|speech bubble|credits?|(?:printed|stamped|written|overlaid) (?:on|along|at|in|across)|the line (?:that )?(?:reads|says)|(?:should|to) (?:now )?(?:read|say)|digits?|numbers?|subheading|name ?tag|punctuation|underline\w*|discount|
(?:sign|banner|label|signboard|menu|poster|signage|logo)(?= (?:to )?(?:read|say|text|in (?:english|korean|chinese)))""",
    "글자|글씨|문구|텍스트|제목|타이틀|자막|캡션|폰트|글꼴|서체|오타|오탈자|맞춤법|슬로건|카피|문장|단어|헤드라인|부제|서예|한자|써 ?줘|써 ?주|"
    "써 ?넣|적어|라고|번역|말풍선|가격|전화번호|날짜|굵게|표어|철자|띄어쓰기|해시태그|문자|글귀|멘트|숫자|획|메뉴판|한글|영어로|한국어로|중국어로|표기|생년월일|이름|써넣|\\d ?원|\\d+월 ?\\d+일|적힌|쓰여|쓰인|적혀|인쇄된|직함|주소|상호|연락처|이메일|인사말|서명|낙관|전번|홈페이지",
    "文字|文本|文案|标题|字体|字幕|标语|口号|副标题|字样|错别字|错字|书法|汉字|翻译|\\d改|\\d换|写(?!实|意|字楼)|单词|对话框|价格|电话号码|日期|加粗|广告语|"
    "诗句|诗词|横排|竖排|书名|菜名|名字|名称|作者|编号|题上|碑文|行书|楷书|草书|隶书|\\d+ ?(?:折|元)|(?<!工)笔画|字号|字的|的字|个字|这字|几个字|字改|字换|数字|题字|店名|落款|拼写|译成|英文|中文|词|小字|大字|行字|印的|印着|印有|地址|电话|邮箱|网址|(?:店|船|人|姓|公司|品牌|产品|商品)名|署名|签名|祝福语|大写|小写|繁体|简体",
)

STYLE_NOUN = r"(?:style|look|aesthetic|vibe|painting|illustration|drawing|sketch|render(?:ing)?|artwork|art|effect|filter|print|mosaic|portrait|film)"

STYLE = pattern(
    rf"""(?:in|into|to|as|with|like|it|image|photo|picture|scene) (?:an? |the )?(?:[\w'-]+ ){{0,4}}{STYLE_NOUN}|
styl(?:e|ize|ise|ized|ised|izing)|restyle|ghibli|miyazaki|anime|manga|cartoon\w*|watercolou?rs?|oil paint\w*|acrylic|
pencil|sketch\w*|pixel[- ]?art|8-bit|16-bit|voxel|lego|clay(?:mation)?|3d|pixar|disney|cyberpunk|steampunk|impressionis\w*|
van gogh|monet|picasso|ukiyo-?e|pop[- ]art|comic|line[- ]?art|low[- ]poly|vaporwave|synthwave|minecraft|paper[- ]?cut|origami|
embroidery|stained[- ]glass|mosaic|sepia|monochrome|gr[ea]yscale|b&w|vintage|retro|polaroid|noir|ink wash|charcoal|pastel|
crayons?|woodcut|linocut|graffiti|art deco|gothic|desaturat\w*|bleach[- ]bypass|daguerreotype|diorama|tapestry|etching|lithograph\w*|art nouveau|bauhaus|surreal\w*|minimalist|flat design|vector|isometric|chibi|caricature|
hdr|film (?:look|grain|stock)|cinematic|colou?r[- ]?grad\w*|renaissance|baroque|cubis\w*|pointillis\w*|gouache|fresco|
action figure|figurine|plush\w*|blueprint|hologra\w*|felt(?:ed)?|knitted|storybook|webtoon|simpsons|fantasy art|concept art|engraving""",
    "스타일|화풍|(?:벽|프레스코|동양|펜|산수|채색|풍속|탱|서양|세밀|담채|초상|정물)화|크레파스|색연필|털실|뜨개|병풍처럼|풍으로|풍의|풍 |수채화|유화|애니|만화|웹툰|지브리|픽사|디즈니|스케치|연필|소묘|수묵|민화|픽셀|레고|클레이|점토|흑백|"
    "세피아|빈티지|레트로|필름|사이버펑크|팝아트|3d|일러스트|캐리커처|고흐|모네|피카소|색감|색조|톤으로|톤의|톤을|느낌으로|느낌이|"
    "느낌 나|분위기|판화|모자이크|크레용|파스텔|동화책|동화 ?(?:삽화|풍|같은|속)|복고|시네마틱|카툰|종이접기|피규어|우키요에|도트|판타지|인상파|목탄|흑연|자수|"
    "스테인드글라스|필터",
    "风格|画风|水彩|油画|素描|卡通|动漫|漫画|动画|像素|乐高|黏土|粘土|水墨|国画|工笔|黑白|复古|怀旧|胶片|赛博朋克|波普|插画|版画|"
    "(?:成|为|作|走)[^,]{1,8}(?:风|画风|画|画?效果|美学|质感)$|浮世绘|梵高|莫奈|毕加索|色调|滤镜|暖色|冷色|吉卜力|宫崎骏|皮克斯|迪士尼|剪纸|马赛克|手绘|铅笔画|质感|氛围|电影感|调色|素描|"
    "印象派|低多边形|折纸|刺绣|手办|q版|绘本|3d|大片感|蜡笔|彩绘|年画|敦煌",
)

VIEW = pattern(
    r"""rotat\w+|swivel\w*|rear view|the rear|viewpoint|view|views|viewed|angles?|perspective|from (?:behind|above|below|the (?:side|back|front|left|right|top))|
bird'?s[- ]eye|worm'?s[- ]eye|top[- ]down|turn(?:ed)? (?:\w+ ){0,3}(?:around|to face|to the (?:left|right|side)|sideways)|
facing|faces? (?:the )?(?:left|right|camera|front|away)|in profile|mirror(?:ed)?|flip\w*|\d+ ?(?:degrees?|°)|orbit|spin|
camera (?:angle|position|height|moves?)|(?:at|to|towards?) the camera|close-?up|wide shot|three[- ]quarter|zoom(?:ed)? (?:in|out)|orthographic|over[- ]the[- ]shoulder|pan|fisheye|first-person""",
    "회전|로우 ?앵글|하이 ?앵글|올려다|내려다|돌려|돌리|돌아|시점|각도|앵글|뒷모습|옆모습|앞모습|정면|측면|후면|위에서 (?:본|내려|보)|아래에서 (?:본|올려)|조감도|탑뷰|"
    "탑 뷰|뒤에서 (?:본|보)|옆에서 (?:본|보)|반전|뒤집|바라보|카메라|구도|클로즈업|줌|향하|도로? 돌|원근",
    "旋转|视角|角度|侧面|背面|正面|俯视|仰视|俯瞰|鸟瞰|镜像|翻转|转身|转过|朝向|面向|侧脸|背影|转\\d+|镜头|远景|近景|特写|广角|转动|转到|掉转|转向|机位|视图|仰拍|俯拍|航拍",
)

SCENE = pattern(
    r"""night(?:time)?|midnight|daytime|daylight|dusk|dawn|sunsets?|sunrise|golden hour|blue hour|twilight|winter\w*|spring(?:time)?|
summer\w*|autumn\w*|fall season|the fall|snow(?:y|ing|fall|storm)?|rain(?:y|ing|storm)?|fog(?:gy)?|mist(?:y)?|storm(?:y)?|seasons?|
weather|time of day|lighting|sunny|sunlit|cloudy|overcast|moonlit|moonlight|mood\w*|atmospher\w+|morning|evening|christmas|
noon|sunlight|blizzard|hail\w*|frost\w*|midsummer|thaw|dusty|hurricane|thunder\w*|monsoon|warm(?:er)?(?: tones?)?|cool(?:er)? tones?|cooler|apocalyp\w+|underwater|era""",
    "눈보라|땅거미|우박|해 ?질 ?녘|한밤|태풍|천둥|번개|소나기|장마|무지개 뜬|밤|야경|한낮|낮으로|대낮|저녁|노을|석양|해질|일몰|새벽|아침|일출|겨울|여름|가을|봄|눈 ?(?:오|내리|덮|쌓)|설경|비 ?(?:오|내리)|"
    "안개|계절|날씨|시간대|조명|햇살|폭풍|흐린|맑은|달빛|황금빛|골든아워|크리스마스|따뜻한 톤|차가운 톤|따뜻하게|차갑게|시원한 톤|화사하게|우중충",
    "台风|冰雹|午夜|暮色|早春|深秋|严冬|星空|繁星|冰雪|狂风|暴雨|暴雪|沙尘|雷|风雪|夜晚|夜景|晚上|深夜|夜间|白天|黄昏|傍晚|日落|夕阳|清晨|早晨|日出|冬天|冬季|冬日|春天|春季|夏天|夏季|秋天|秋季|秋日|下雪|雪景|大雪|"
    "下雨|雨天|雨夜|雾|季节|天气|光线|光照|灯光|晴天|阴天|暴风|月光|意境|圣诞|氛围|暖一点|冷一点|暖色|冷色|金秋|春日|夏日",
)

SAME = pattern(
    r"""same (?:[\w-]+ ){0,2}(?:character|person|girl|boy|man|woman|cat|dog|mascot|figure|face|bear|robot|hero\w*|panda|fox|rabbit|product|guy|lady)|
(?:this|the|our|that) (?:[\w-]+ )?(?:character|mascot) (?:in|on|at|as|into|with|riding|wearing|doing)|ip character|emojis?|emoticons?|
(?:set|series) of (?:[\w-]+ )*(?:stickers|emojis|avatars)|(?:expression|character|sticker) sheet|turnaround|sticker (?:set|pack)|into an? (?:mascot|character|figurine|plush\w*|avatar)""",
    "새로운 장면|새 장면|같은 (?:캐릭터|인물|사람|여자|남자|고양이|강아지|얼굴|마스코트|곰|로봇|제품)|이모티콘|이모지|표정 시트|동일 ?(?:인물|캐릭터)|캐릭터로|캐릭터화|"
    "(?:캐릭터|마스코트)(?:가|를|이|을) .*(?:모습|장면|버전|포즈)",
    "新场景|同一个?(?:角色|人物|人|女孩|男孩|形象|只猫|只)|表情包|ip形象|(?:角色|吉祥物|形象).*(?:姿势|场景|动作|在|骑|扮|坐)|(?:设计|做|变)成.*(?:角色|形象|吉祥物|手办|公仔)",
)

POSE = pattern(
    r"""pos(?:e|es|ed|ing)|sit(?:s|ting)?|stand(?:s|ing)?|runn?ing|runs?|jump\w*|riding|ride|danc\w+|lying|lie down|walk\w*|sleeping|wav(?:e|ing)|
cooking|reading a|juggling|climbing|holding|playing|surfing|skateboarding|swimming|flying|baking|celebrating|arms (?:crossed|raised|up)|raise\w*|kneel\w*|
as an? (?:astronaut|knight|chef|doctor|wizard|superhero|pirate|samurai|\w+er)""",
    "포즈|자세|앉아|앉은|앉히|서 ?있는|달리는|뛰는|뛰어|춤추|누워|타는 모습|타고 있는|요리하는|손을 흔드|모습으로|장면으로|걷는|자는 모습|버전으로",
    "姿势|姿态|动作|坐着|坐在|站着|站在|奔跑|跑步|跳跃|跳舞|骑着|骑在|骑(?=摩托|车|马|单车|自行车)|的样子|的模样|躺|扮成|(?<!虚)化身|漂浮|做饭|游泳|挥手|打招呼|滑板|滑雪|弹吉他|看书",
)

ADD = pattern(
    r"add|adding|put|place|insert|hang|attach|append|drape|scatter|sprinkle|perch|tie an?|stand an?|seat an?|plant an?|overlay|superimpose|stamp",
    "추가|넣어|넣고|넣기|넣|걸어|걸고|걸려|쥐여|들려|붙여|붙이|올려(?!다)|올리|더해|더하|흩뿌려|앉혀|놓아|놔줘|놓|씌워|씌우|달아|얹어|배치|삽입|세워|심어|띄워",
    "添加|增加|加上|加入|加个|加一|加几|加点|加些|加|放|摆|挂|贴(?!近|合|图)|插入|画上|画一(?!张|幅)|画个|添(?!加)|系(?:一|上)|撒(?:一|上|些)|铺(?:一|上)|戴上|配上|印上|种(?=上|下|植|一|棵|几|些|满)|补上|来一个",
)

WRITE = pattern("write|type|print|say(?:s|ing)?|read(?:s|ing)?", "써|적어|쓰|새겨|라고|새기", "写(?!实|意)|印")

REMOVE = pattern(
    r"remove|removing|delete|erase|eras\w+|get rid of|take (?:out|away|off)|clear|clean(?: up)?|wipe|cut out|eliminate|strip|drop the|hide|crop out|lose the",
    "제거|지워|지우|치우|삭제|없애|빼줘|빼고|빼 ?주|빼서|걷어|치워|지움",
    "去掉|去除|删除|删掉|删|移除|擦掉|擦除|抹掉|抹去|消除|清除|拿掉|拿走|移走|消失|p掉|除去|去水印",
)

SWAP = pattern(r"replace|replacing|swap|substitute|exchange", "교체|대체|갈아", "替换|换成|换掉|换上|更换|代替|换")

LOCAL = pattern(
    r"""backgrounds?|backdrop|shirt|t-shirt|tee|dress|skirt|jacket|coat|suit|tie|hat|cap|scarf|shoes?|sneakers?|boots|pants|jeans|
trousers|sweater|hoodie|uniform|clothes|clothing|outfit|glasses|sunglasses|necklace|earrings?|watch|bag|handbag|backpack|hair|hairstyle|
beard|moustache|mustache|makeup|lipstick|lips?|eyes?|eyebrows?|teeth|skin|face|nose|freckles|acne|pimples?|blemish\w*|wrinkles?|scars?|
tattoos?|nails?|hands?|arms?|legs?|cars?|bus|truck|bikes?|bicycles?|motorcycles?|boats?|trains?|planes?|wheels?|walls?|floors?|ceiling|
doors?|windows?|roofs?|curtains?|sofa|couch|chairs?|tables?|desk|lamps?|beds?|pillows?|cushions?|rugs?|carpet|vases?|mugs?|cups?|plates?|
bottles?|bowls?|books?|laptop|phones?|screens?|keyboard|signs?|poles?|wires?|power lines?|trash|bins?|fences?|benches|bench|trees?|bush\w*|
flowers?|plants?|grass|lawn|leaves|sky|clouds?|moon|sun|stars?|mountains?|river|lake|ocean|sea|beach|road|street|sidewalk|bridge|
buildings?|houses?|towers?|cats?|dogs?|birds?|horses?|bears?|people|person|man|woman|boy|girl|child\w*|baby|tourists?|crowd|pedestrians?|bystanders?|
photobombers?|shadows?|reflections?|glare|scratch\w*|stains?|dust|spots?|watermarks?|logos?|stickers?|badges?|icons?|frames?|borders?|
balloons?|candles?|cakes?|fruits?|apples?|oranges?|lemons?|bananas?|burgers?|pizza|coffee|umbrellas?|ball|toys?|packag\w+|box\w*|labels?|buttons?|
fireplace|painting|posters?|mirror|clock|objects?|items?|elements?|area|region|corner|subject|foreground|object|product|outline|
left|right|top|bottom|cable|sleeves?|collar|ribbon|crown|wings?|tail|fur""",
    "배경|셔츠|티셔츠|원피스|드레스|치마|재킷|자켓|코트|정장|양복|넥타이|모자|스카프|목도리|신발|운동화|구두|부츠|바지|청바지|스웨터|니트|"
    "후드|유니폼|옷|의상|안경|선글라스|목걸이|귀걸이|시계|가방|배낭|머리|헤어|수염|화장|립스틱|입술|눈동자|눈썹|치아|피부|얼굴|잡티|"
    "여드름|주름|흉터|문신|손톱|손|팔|다리|자동차|차를|차의|차 |버스|트럭|자전거|오토바이|배를|기차|비행기|바퀴|벽|바닥|천장|문을|문 |창문|창가|"
    "지붕|커튼|소파|의자|테이블|탁자|책상|램프|조명등|스탠드|침대|베개|쿠션|러그|카펫|꽃병|화분|머그|컵|접시|병을|병의|그릇|책을|노트북|"
    "휴대폰|핸드폰|화면|키보드|표지판|전봇대|전선|쓰레기|울타리|벤치|나무|꽃|식물|잔디|잎|하늘|구름|달을|태양|별|산을|강을|호수|바다|해변|"
    "도로|길|다리|건물|집|탑|고양이|강아지|개를|새를|말을|사람|남자|여자|소년|소녀|아이|아기|관광객|행인|군중|그림자|반사|긁힘|스크래치|"
    "얼룩|먼지|점을|워터마크|로고|스티커|배지|아이콘|프레임|테두리|풍선|촛불|케이크|과일|사과|오렌지|버거|피자|커피|우산|공을|장난감|"
    "포장|상자|박스|라벨|버튼|액자|그림을|거울|물체|물건|요소|영역|부분|피사체|왼쪽|오른쪽|위쪽|아래쪽|제품|리본|왕관|날개|소매|인물",
    "背景|衬衫|t恤|裙子|连衣裙|夹克|外套|大衣|西装|领带|帽子|围巾|鞋|靴|裤|毛衣|卫衣|制服|衣服|服装|眼镜|墨镜|项链|耳环|手表|包|书包|"
    "头发|发型|发色|胡子|妆|口红|嘴唇|眼睛|眉毛|牙齿|皮肤|脸|痘|皱纹|疤|纹身|指甲|手|车|公交|卡车|自行车|摩托|船|火车|飞机|轮|墙|地板|"
    "天花板|门|窗|屋顶|窗帘|沙发|椅|桌|灯|床|枕头|抱枕|地毯|花瓶|杯|盘|瓶|碗|书|电脑|手机|屏幕|键盘|路牌|电线|垃圾|围栏|长椅|树|花|"
    "植物|草|叶|天空|云|月亮|太阳|星星|山|河|湖|海|路|街|桥|楼|建筑|房子|塔|猫|狗|鸟|马|人物|人|男|女|孩|游客|路人|人群|影子|阴影|反光|"
    "划痕|污渍|灰尘|斑|水印|logo|贴纸|徽章|图标|边框|相框|气球|蜡烛|蛋糕|水果|苹果|橙|汉堡|披萨|咖啡|雨伞|球|玩具|包装|盒|标签|按钮|"
    "画框|镜子|物体|东西|元素|区域|部分|主体|左|右|角落|产品|商品|蝴蝶结|皇冠|翅膀",
)

BACKDROP = pattern("backgrounds?|backdrop|sky|skies", "배경|하늘(?!색)", "背景|天空")

EFFECT = pattern(
    r"""(?:add|put|apply|overlay) (?:an? |some |the |more )?(?:[\w-]+ ){0,2}(?:filter|effects?|grain|snow(?:fall)?|rain(?:drops)?|fog|mist|tones?|
moods?|atmosphere|vibe|lighting|sunlight|contrast|vignette|haze|look|feel)""",
    "(?:눈|비|안개|필터|효과|분위기|느낌|조명|색감|비네팅)(?:이|를|을|도)? ?(?:내리|추가|넣|입|오)",
    "(?:加|添加|加上|加点|加入|增加)[^,]{0,6}(?:滤镜|氛围|光线|雪(?!人|山|橇|糕)|雨(?!伞|衣)|雾|色调|效果|颗粒|光晕|质感|感)",
)

ENTIRE = pattern(
    r"(?:whole|entire|complete|full|overall) (?:[\w-]+ )?(?:image|photo|picture|scene|photograph|frame|shot|illustration|valley|landscape)",
    "(?:전체|전부|통째로|온통)",
    "整(?:个|张|幅|座|片)?[^,]{0,4}(?:图|照|画面|场景|景色|景)|全图|全画面",
)

WHOLE = pattern(
    r"""(?:the |this |my |whole |entire |that )+(?:image|photo|picture|scene|photograph|portrait|shot|painting|artwork|frame|selfie|landscape|illustration)|
it|this|everything|whole|entire|overall""",
    "전체|사진|이미지|그림으로|(?<!짜)장면|화면 전체|이걸|이거|이것|풍경|전반",
    "整张|整个|整体|图片|照片|图像|画面|这张|这幅|全图|全部|这图",
)

RECOLOUR = pattern(
    r"""red|orange|yellow|green|blue|purple|violet|pink|brown|black|white|gr[ea]y|navy|teal|cyan|gold(?:en)?|silver|beige|maroon|olive|
magenta|turquoise|ivory|crimson|scarlet|lavender|mint|burgundy|khaki|coral|colou?rs?|recolou?r|#[0-9a-f]{6}|hue|dye|blond\w*""",
    "빨간|빨강|붉은|주황|노란|노랑|초록|녹색|파란|파랑|푸른|보라|분홍|핑크|갈색|검은|검정|까만|흰|하얀|하양|회색|남색|청록|금색|은색|베이지|"
    "자주|올리브|민트|하늘색|색으로|색깔|색상|염색|칠해|금발|블랙|화이트|레드|블루|그린(?=색|톤|으로|\\b)|골드|네이비",
    "红|橙|黄|绿|蓝|紫|粉|棕|褐|黑色|白色|灰|青|金色|银|米色|颜色|变色|染|涂成|刷成|漆成|上色",
)

RETOUCH = pattern(
    r"""blur\w*|brighten\w*|darken\w*|bright(?:er)?|darker|lighten|sharpen\w*|smooth\w*|retouch\w*|fix|repair|restore|whiten\w*|enlarge|shrink|
bigger|smaller|larger|thinner|slim\w*|open|close|move|shift|swap out|smil\w+|dye|wear\w*|dressed|crop|resize|lengthen|shorten|fill|extend|expose|unblur|polish""",
    "흐리게|블러|밝게|어둡게|밝혀|환하게|선명하게|매끄럽게|보정해|복원|수리|고쳐|크게|작게|늘려|줄여|옮겨|이동|미소|웃|벗겨|입혀|하얗게|채워|"
    "뽀샤시|날씬|비워|정리|다듬",
    "模糊|虚化|变亮|变暗|调亮|调暗|提亮|亮一点|暗一点|锐化|磨皮|美白|修复|修补|放大|缩小|变大|变小|移动|移到|微笑|笑|戴|穿|瘦|修图|打开|关上|填充|擦亮|清理",
)

CHANGE = pattern(
    r"""change|make|turn|convert|transform|alter|modify|switch|set|render|redraw|repaint|reimagine|recreate|restyle|give|apply|update|correct|edit|
show|generate|create|design|translate|rotate|flip|mirror|spin|swap|take|dress|repaint|view|bring|cover|wrap|imagine|picture it|adjust|use|let|have|(?:re)?colou?r|paint|tint|revise|rewrite|rename|fine-?tune|accurately|want|need""",
    "(?:스타일|풍|톤|느낌|버전|분위기)로|바꿔|바꾸|바꿀|변경|수정|변환|전환|만들|그려|해줘|해 ?주|하게|으로|표현|적용|연출|교정|정정|고치|처리|보여|부탁|돌려|번역|둘러|신겨|꾸며|칠해",
    "改|变|换|转|做成|调|更新|画成|生成|制作|让|使|把|将|给|呈现|渲染|设置|修正|更正|纠正|显示|翻译|译|旋转|设计|生成|画",
)

BARE_VERB = re.compile(
    r"^(?:(?:please|pls|kindly|can you|could you|just|you should|should be ⟦⟧) )*(?:fix|correct|change|edit|update|adjust)(?: (?:it|this|that))?(?: please| for me| up)?$"
    r"|^(?:좀 |조금 |더 )*(?:수정|고쳐|바꿔|변경|교정|정정|부탁|크게|작게|키워|줄여)(?:해|드려요)? ?(?:줘|주세요|주실래요|드려요|요)?$"
    r"|^(?:请|麻烦|帮我|帮忙)*(?:改|修|换|调|缩|放|变|加)(?:一下|掉|好|正|过来|粗|大|小|长|短)?(?:一点|一些|点儿?|些)?$"
)
"""A request that names nothing: what it is about was said in the clause before."""

REFERS_BACK = re.compile(
    r"(?<![a-z])(?:it|its|them|those)(?![a-z])"
    r"|^(?:[가-힣]{1,6}색? ?)(?:으로|로) ?(?:바꿔|바꾸|변경|해)"
    r"|^(?:请|麻烦|帮我|再)*(?:由[^,]{1,6})?(?:换|改|变)(?:成|为)"
)
"""A clause that names no object of its own: English says 'it', Korean and Chinese say nothing."""

TURNED_INTO = re.compile(
    r"(?:change|turn|make|swap) .+ (?:to|into|for) |[을를] .+로 (?:바꾸|바꿔|변경|교체)|[把将].+[换改变]成"
)

NAMED = re.compile(
    r"(?:(?:brand|our|ip|cartoon|main|this) character|mascots?|named|called|nicknamed|캐릭터|마스코트|주인공|인형|角色|吉祥物|形象|主角|名叫|叫做?)[인은는]? ?⟦⟧|⟦⟧ ?(?:이?라는|란) (?:캐릭터|마스코트)"
)
"""A quotation that is somebody's name, not lettering."""

QUOTED_STYLE = re.compile(r"⟦⟧ ?(?:-?style|look|aesthetic|painting|filter|스타일|풍|화풍|느낌|风格|风|画风|滤镜)")

DESCRIBED_THING = re.compile(
    r"(?:vintage|retro|cartoon|minimalist|3d|felt|knitted|pastel|watercolou?r|origami|plush|embroidered|cyberpunk|anime|lego|"
    r"winter|summer|spring|autumn|christmas|rain|snow|night|evening|morning)[ -](?:\w+ )?"
    rf"(?!painting|frame|poster|illustration)(?:{LOCAL.pattern.split('|(?:')[0].removeprefix('(?<![a-z])(?:').removesuffix(')(?![a-z])')})(?![a-z])"
)
"""A style or season that only describes a thing."""
